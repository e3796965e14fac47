"""What brings back what failed or was lost: `make redrive` and `make replay`."""
