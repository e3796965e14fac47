"""Flow 1: the steps of the state machine that compute facts from a batch."""
