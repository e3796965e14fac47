"""Answers: rows of the warehouse as JSON, CSV or NDJSON, and what went wrong as a problem."""
