"""The local cloud: everything that runs on one machine without an account."""
