"""DuckDB macros for what Redshift does with a value and DuckDB has no function for."""

from local.redshift_data.errors import RAISED_BY_US

_NUMBER = r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*"
_DAY = r"\d{4}-\d{2}-\d{2}"
_TIME = r"[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
_ZONE = r"\s?(Z|UTC|[-+]\d{2}(:?\d{2})?)"
# RE2: a JSON string kept whole, or white space between tokens.
_STRING = r'"(?:[^"\\]|\\.)*"'
# DuckDB's reader lets NaN, Infinity and trailing commas pass; JSON does not.
_LENIENT = r",[\]}]|N|[iI]nf|nan"


def _raise(text: str) -> str:
    return f"error('{RAISED_BY_US}' || {text})"


def _invalid(kind: str) -> str:
    return _raise(f"""'invalid input syntax for {kind}: "' || t || '"'""")


def _checked(name: str, pattern: str, type_: str, kind: str) -> str:
    return (
        f"CREATE OR REPLACE MACRO {name}(t) AS CASE WHEN t IS NULL "
        f"OR regexp_full_match(t, '{pattern}') THEN CAST(trim(t) AS {type_}) "
        f"ELSE {_invalid(kind)} END"
    )


_TEXT_TO = (
    _checked("rs_integer", r"\s*[-+]?\d+\s*", "BIGINT", "integer"),
    _checked("rs_float", _NUMBER, "DOUBLE", "type double precision"),
    _checked("rs_number", _NUMBER, "VARCHAR", "type numeric"),
    _checked("rs_date", rf"\s*{_DAY}\s*", "DATE", "type date"),
    _checked("rs_timestamp", rf"\s*{_DAY}({_TIME}Z?)?\s*", "TIMESTAMP", "type timestamp"),
    _checked(
        "rs_timestamptz",
        rf"\s*{_DAY}({_TIME}({_ZONE})?)?\s*",
        "TIMESTAMPTZ",
        "type timestamp with time zone",
    ),
    f"""CREATE OR REPLACE MACRO rs_boolean(t) AS CASE
        WHEN t IS NULL THEN NULL
        WHEN lower(trim(t)) IN ('true', 't', 'yes', 'y', '1') THEN true
        WHEN lower(trim(t)) IN ('false', 'f', 'no', 'n', '0') THEN false
        ELSE {_invalid("type boolean")} END""",
)

_LENGTHS = (
    f"""CREATE OR REPLACE MACRO rs_truncate(t, scale) AS CASE
        WHEN contains(lower(t), 'e')
        THEN {_raise("'not emulated locally: COPY of an exponent into NUMERIC'")}
        ELSE regexp_replace(t, '(\\.\\d{{' || scale || '}})\\d+', '\\1') END""",
    # Blanks beyond the declared length are cut silently; anything else is an error.
    f"""CREATE OR REPLACE MACRO rs_fit(t, n, spelled) AS CASE
        WHEN t IS NULL OR strlen(t) <= n THEN t
        WHEN strlen(rtrim(t, ' ')) <= n THEN left(t, length(t) - (strlen(t) - n))
        ELSE {_raise("'value too long for type ' || spelled")} END""",
    # CHAR is kept without its padding, which is put back where it is shown.
    f"""CREATE OR REPLACE MACRO rs_fit_char(t, n, spelled) AS CASE
        WHEN strlen(t) <> length(t)
        THEN {_raise("'CHAR value contains multibyte characters'")}
        ELSE rtrim(rs_fit(t, n, spelled), ' ') END""",
    f"""CREATE OR REPLACE MACRO rs_cut(t, n) AS CASE
        WHEN t IS NULL OR strlen(t) <= n THEN t
        WHEN strlen(t) = length(t) THEN left(t, n)
        ELSE {_raise("'not emulated locally: cutting multibyte text to a length'")} END""",
)

_SUPER = (
    f"""CREATE OR REPLACE MACRO rs_compact(t) AS
        regexp_replace(t, '({_STRING})|\\s+', '\\1', 'g')""",
    f"""CREATE OR REPLACE MACRO rs_is_json(t) AS coalesce(json_valid(t), false)
        AND NOT regexp_matches(regexp_replace(rs_compact(t), '{_STRING}', '""', 'g'),
                               '{_LENIENT}')""",
    f"""CREATE OR REPLACE MACRO rs_json_parse(t) AS CAST(CASE
        WHEN t IS NULL THEN NULL
        WHEN strlen(t) > 65535
        THEN {_raise("'JSON_PARSE: input is longer than 65535 bytes'")}
        WHEN rs_is_json(t) THEN rs_compact(t)
        ELSE {_raise("'JSON parsing error'")} END AS JSON)""",
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
        THEN {_raise("'not emulated locally: cast of a SUPER object or array to text'")}
        ELSE json_extract_string(j, '$') END""",
    # Casts are lax (cast_super_null_on_error is on by default): what does not fit is NULL.
    f"""CREATE OR REPLACE MACRO rs_super_integer(j) AS CASE
        WHEN json_type(j) IN ('OBJECT', 'ARRAY', 'BOOLEAN', 'NULL') THEN NULL
        WHEN regexp_full_match(json_extract_string(j, '$'), '-?\\d+')
        THEN TRY_CAST(json_extract_string(j, '$') AS BIGINT)
        WHEN json_type(j) = 'VARCHAR' THEN NULL
        WHEN j IS NOT NULL
        THEN {_raise("'not emulated locally: cast of a fractional SUPER number to an integer'")}
        END""",
    f"""CREATE OR REPLACE MACRO rs_super_number(j) AS CASE
        WHEN json_type(j) IN ('OBJECT', 'ARRAY', 'BOOLEAN', 'NULL') THEN NULL
        WHEN regexp_full_match(json_extract_string(j, '$'), '{_NUMBER}')
        THEN json_extract_string(j, '$') END""",
    """CREATE OR REPLACE MACRO rs_super_boolean(j) AS
        CASE WHEN json_type(j) = 'BOOLEAN' THEN json_extract_string(j, '$') = 'true' END""",
    """CREATE OR REPLACE MACRO rs_super_typeof(j) AS CASE
        WHEN j IS NULL THEN NULL
        WHEN json_type(j) = 'VARCHAR' THEN 'string'
        WHEN json_type(j) IN ('OBJECT', 'ARRAY', 'BOOLEAN', 'NULL') THEN lower(json_type(j))
        ELSE 'number' END""",
)

_BOUNDS = (
    f"""CREATE OR REPLACE MACRO rs_at_least(n, least) AS CASE
        WHEN n < least
        THEN {_raise("'not emulated locally: SUBSTRING with bound ' || n")}
        ELSE CAST(n AS BIGINT) END""",
)

MACROS = (*_BOUNDS, *_TEXT_TO, *_LENGTHS, *_SUPER)
