"""What COPY does with text, and with what only DuckDB's reader takes for a number."""

from local.redshift_data.dialect.macros.raising import raising

# RE2: a JSON string.
_STRING = r'"(?:[^"\\]|\\.)*"'

MACROS = (
    # As many whole characters as fit into so many bytes.
    """CREATE OR REPLACE MACRO rs_load_cut(t, n) AS CASE
        WHEN t IS NULL OR strlen(t) <= n THEN t
        WHEN strlen(t) = length(t) THEN left(t, n)
        ELSE left(t, list_max(list_filter(range(n // 4, n + 1),
                                          lambda k: strlen(left(t, k)) <= n))) END""",
    f"""CREATE OR REPLACE MACRO rs_load_finite(j) AS CASE
        WHEN regexp_matches(CAST(j AS VARCHAR), '(?i)nan|inf') AND regexp_matches(
            regexp_replace(CAST(j AS VARCHAR), '{_STRING}', '', 'g'), '(?i)nan|inf')
        THEN CAST({raising("'the input is no valid JSON object'")} AS JSON)
        ELSE j END""",
)
