"""The endpoint's own description: its OpenAPI document and its page."""
