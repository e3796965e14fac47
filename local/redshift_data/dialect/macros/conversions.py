"""Text to values, and values that must fit a declared length."""

from local.redshift_data.dialect.macros.raising import invalid, raising

NUMBER = r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*"


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
    f"""CREATE OR REPLACE MACRO rs_boolean(t) AS CASE
        WHEN t IS NULL THEN NULL
        WHEN lower(trim(t)) IN ('true', 't', 'yes', 'y', '1') THEN true
        WHEN lower(trim(t)) IN ('false', 'f', 'no', 'n', '0') THEN false
        ELSE {invalid("type boolean")} END""",
)

_NUMBERS = (
    f"""CREATE OR REPLACE MACRO rs_between(x, least, greatest) AS CASE
        WHEN x < least OR x > greatest
        THEN {raising("'Numeric data overflow (result precision)'")} ELSE x END""",
    f"""CREATE OR REPLACE MACRO rs_exact_number(t, scale) AS CASE
        WHEN contains(lower(t), 'e')
        THEN {raising("'not emulated locally: text with an exponent beside a NUMERIC'")}
        WHEN regexp_matches(t, '\\.\\d{{' || scale || '}}\\d*[1-9]')
        THEN {raising("'not emulated locally: text with more decimal places than the NUMERIC'")}
        ELSE rs_number(t) END""",
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
    # The longest start of a text that has at most n bytes.
    """CREATE OR REPLACE MACRO rs_whole_characters(t, n) AS left(t, list_max(list_filter(
        range(n + 1), lambda i: strlen(left(t, i)) <= n)))""",
    f"""CREATE OR REPLACE MACRO rs_cut(t, n) AS CASE
        WHEN t IS NULL OR strlen(t) <= n THEN t
        WHEN strlen(t) = length(t) THEN left(t, n)
        WHEN strlen(rs_whole_characters(t, n)) = n THEN rs_whole_characters(t, n)
        ELSE {raising("'not emulated locally: cutting a text within a multibyte character'")} END""",
    f"""CREATE OR REPLACE MACRO rs_cut_char(t, n) AS CASE
        WHEN strlen(t) <> length(t)
        THEN {raising("'not emulated locally: multibyte text as CHAR'")}
        ELSE rtrim(rs_cut(t, n), ' ') END""",
)

MACROS = (*_TEXT_TO, *_NUMBERS, *_LENGTHS)
