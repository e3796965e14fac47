"""The endpoint: reads the subset that was asked for and nothing else."""
