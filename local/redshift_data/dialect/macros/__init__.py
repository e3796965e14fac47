"""DuckDB macros for what Redshift does with a value and DuckDB has no function for."""

from local.redshift_data.dialect.macros import conversions, super_values, texts

MACROS = (*conversions.MACROS, *super_values.MACROS, *texts.MACROS)
