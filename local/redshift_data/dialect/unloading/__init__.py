"""UNLOAD's parts: options, how values are written, and files with their manifest."""
