"""Looks whether all that was received is where it belongs, on a schedule."""
