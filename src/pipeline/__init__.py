"""Events in, computed, kept in a warehouse, published as an endpoint: one folder per stage."""

__version__ = "0.1.0"
