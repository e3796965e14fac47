"""Answers too large for a response: unloaded to files, followed, and fetched."""
