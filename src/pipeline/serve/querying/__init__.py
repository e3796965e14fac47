"""Questions as SQL: names from the catalogue, every value a parameter."""
