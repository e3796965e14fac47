"""Events in, computed, kept in a warehouse, published as an endpoint: one folder per stage."""
