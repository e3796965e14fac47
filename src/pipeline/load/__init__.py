"""Flow 2: the one writer of the warehouse, and its schema."""
