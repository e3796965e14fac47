"""Casts that give NULL where the text is no such value."""

from local.redshift_data.dialect.macros.conversions import NUMBER

MACROS = (
    r"""CREATE OR REPLACE MACRO rs_try_integer(t) AS
        CASE WHEN regexp_full_match(t, '\s*[-+]?\d+\s*') THEN trim(t) END""",
    f"""CREATE OR REPLACE MACRO rs_try_number(t) AS
        CASE WHEN regexp_full_match(t, '{NUMBER}') THEN trim(t) END""",
)
