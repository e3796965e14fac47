"""Text to values, and values that must fit a declared length."""

from local.redshift_data.dialect.macros.raising import invalid, raising

NUMBER = r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*"
_DAY = r"\d{4}-\d{2}-\d{2}"
_TIME = r"[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
_ZONE = r"\s?(Z|UTC|[-+]\d{2}(:?\d{2})?)"


def _checked(name: str, pattern: str, type_: str, kind: str) -> str:
    return (
        f"CREATE OR REPLACE MACRO {name}(t) AS CASE WHEN t IS NULL "
        f"OR regexp_full_match(t, '{pattern}') THEN CAST(trim(t) AS {type_}) "
        f"ELSE {invalid(kind)} END"
    )


_TEXT_TO = (
    _checked("rs_integer", r"\s*[-+]?\d+\s*", "BIGINT", "integer"),
    _checked("rs_float", NUMBER, "DOUBLE", "type double precision"),
    _checked("rs_number", NUMBER, "VARCHAR", "type numeric"),
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
        ELSE {invalid("type boolean")} END""",
)

_LENGTHS = (
    f"""CREATE OR REPLACE MACRO rs_truncate(t, scale) AS CASE
        WHEN contains(lower(t), 'e')
        THEN {raising("'not emulated locally: COPY of an exponent into NUMERIC'")}
        ELSE regexp_replace(t, '(\\.\\d{{' || scale || '}})\\d+', '\\1') END""",
    # Blanks beyond the declared length are cut silently; anything else is an error.
    f"""CREATE OR REPLACE MACRO rs_fit(t, n, spelled) AS CASE
        WHEN t IS NULL OR strlen(t) <= n THEN t
        WHEN strlen(rtrim(t, ' ')) <= n THEN left(t, length(t) - (strlen(t) - n))
        ELSE {raising("'value too long for type ' || spelled")} END""",
    # CHAR is kept without its padding, which is put back where it is shown.
    f"""CREATE OR REPLACE MACRO rs_fit_char(t, n, spelled) AS CASE
        WHEN strlen(t) <> length(t)
        THEN {raising("'CHAR value contains multibyte characters'")}
        ELSE rtrim(rs_fit(t, n, spelled), ' ') END""",
    f"""CREATE OR REPLACE MACRO rs_cut(t, n) AS CASE
        WHEN t IS NULL OR strlen(t) <= n THEN t
        WHEN strlen(t) = length(t) THEN left(t, n)
        ELSE {raising("'not emulated locally: cutting multibyte text to a length'")} END""",
)

MACROS = (*_TEXT_TO, *_LENGTHS)
