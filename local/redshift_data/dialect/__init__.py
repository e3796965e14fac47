"""Redshift's SQL: parsed by sqlglot, typed and written anew for DuckDB by an allow-list."""
