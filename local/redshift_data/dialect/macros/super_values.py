"""Reading and making SUPER values, which are kept as JSON text."""

from local.redshift_data.dialect.macros.conversions import NUMBER
from local.redshift_data.dialect.macros.raising import raising

# RE2: a JSON string kept whole, or white space between tokens.
_STRING = r'"(?:[^"\\]|\\.)*"'
# DuckDB's reader lets NaN, Infinity and trailing commas pass; JSON does not.
_LENIENT = r",[\]}]|N|[iI]nf|nan"

MACROS = (
    f"""CREATE OR REPLACE MACRO rs_compact(t) AS
        regexp_replace(t, '({_STRING})|\\s+', '\\1', 'g')""",
    f"""CREATE OR REPLACE MACRO rs_is_json(t) AS coalesce(json_valid(t), false)
        AND NOT regexp_matches(regexp_replace(rs_compact(t), '{_STRING}', '""', 'g'),
                               '{_LENIENT}')""",
    f"""CREATE OR REPLACE MACRO rs_json_parse(t) AS CAST(CASE
        WHEN t IS NULL THEN NULL
        WHEN strlen(t) > 65535
        THEN {raising("'JSON_PARSE: input is longer than 65535 bytes'")}
        WHEN rs_is_json(t) THEN rs_compact(t)
        ELSE {raising("'JSON parsing error'")} END AS JSON)""",
    # A path that leads nowhere and one that leads to null are both NULL.
    """CREATE OR REPLACE MACRO rs_get(j, path) AS
        nullif(CAST(json_extract(j, path) AS VARCHAR), 'null')::JSON""",
    """CREATE OR REPLACE MACRO rs_super_string(j) AS
        CASE WHEN json_type(j) = 'VARCHAR' THEN json_extract_string(j, '$') END""",
    """CREATE OR REPLACE MACRO rs_super_equals(j, t) AS CASE
        WHEN j IS NULL OR t IS NULL OR json_type(j) = 'NULL' THEN NULL
        WHEN json_type(j) <> 'VARCHAR' THEN false
        ELSE json_extract_string(j, '$') = t END""",
    f"""CREATE OR REPLACE MACRO rs_super_text(j) AS CASE
        WHEN json_type(j) IN ('OBJECT', 'ARRAY')
        THEN {raising("'not emulated locally: cast of a SUPER object or array to text'")}
        ELSE json_extract_string(j, '$') END""",
    # Casts are lax (cast_super_null_on_error is on by default): what does not fit is NULL.
    f"""CREATE OR REPLACE MACRO rs_super_integer(j) AS CASE
        WHEN json_type(j) IN ('OBJECT', 'ARRAY', 'BOOLEAN', 'NULL') THEN NULL
        WHEN regexp_full_match(json_extract_string(j, '$'), '-?\\d+')
        THEN TRY_CAST(json_extract_string(j, '$') AS BIGINT)
        WHEN json_type(j) = 'VARCHAR' THEN NULL
        WHEN j IS NOT NULL
        THEN {raising("'not emulated locally: cast of a fractional SUPER number to an integer'")}
        END""",
    f"""CREATE OR REPLACE MACRO rs_super_number(j) AS CASE
        WHEN json_type(j) IN ('OBJECT', 'ARRAY', 'BOOLEAN', 'NULL') THEN NULL
        WHEN regexp_full_match(json_extract_string(j, '$'), '{NUMBER}')
        THEN json_extract_string(j, '$') END""",
    """CREATE OR REPLACE MACRO rs_super_boolean(j) AS
        CASE WHEN json_type(j) = 'BOOLEAN' THEN json_extract_string(j, '$') = 'true' END""",
    """CREATE OR REPLACE MACRO rs_super_typeof(j) AS CASE
        WHEN j IS NULL THEN NULL
        WHEN json_type(j) = 'VARCHAR' THEN 'string'
        WHEN json_type(j) IN ('OBJECT', 'ARRAY', 'BOOLEAN', 'NULL') THEN lower(json_type(j))
        ELSE 'number' END""",
)
