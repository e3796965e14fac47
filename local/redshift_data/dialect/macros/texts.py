"""What text functions do that DuckDB's do not."""

from local.redshift_data.dialect.macros.raising import raising

MACROS = (
    f"""CREATE OR REPLACE MACRO rs_at_least(n, least) AS CASE
        WHEN n < least
        THEN {raising("'not emulated locally: SUBSTRING with bound ' || n")}
        ELSE CAST(n AS BIGINT) END""",
)
