"""Looks whether all that was staged is where it belongs, on a schedule."""
