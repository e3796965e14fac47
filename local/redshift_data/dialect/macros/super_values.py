"""Reading and making SUPER values, which are kept as JSON text."""

from local.redshift_data.dialect.macros.conversions import NUMBER
from local.redshift_data.dialect.macros.raising import raising
from local.redshift_data.dialect.macros.super_numbers import MARK, STRING

# DuckDB's reader lets NaN, Infinity and trailing commas pass; JSON does not.
_LENIENT = r",[\]}]|(?:^|[:,\[-])(?i:nan|inf)"
_LONGEST_TEXT = 65_535
_DEEPEST = 1_000
_LEVELS_A_STEP = 100
_DAY = r"\d{4}-\d{2}-\d{2}"
_MOMENT = rf"{_DAY}([ T]\d{{2}}:\d{{2}}(:\d{{2}}(\.\d{{1,6}})?)?"
_BRACKETS = r"regexp_replace(translate(rs_skeleton(t), '{}', '[]'), '[^\[\]]', '', 'g')"
_ZONE = r"\s?(Z|UTC|[-+]\d{2}(:?\d{2})?)?"


def _leaves_removed(brackets: str) -> str:
    """Return SQL that takes as many levels of brackets off as SUPER can nest."""
    levels = r"\[\]"
    for _ in range(_LEVELS_A_STEP - 1):
        levels = rf"\[(?:{levels})*\]"
    for _ in range(_DEEPEST // _LEVELS_A_STEP):
        brackets = f"regexp_replace({brackets}, '{levels}', '', 'g')"
    return brackets


def _moment(name: str, pattern: str, type_: str) -> str:
    return rf"""CREATE OR REPLACE MACRO {name}(j) AS CASE
        WHEN json_type(j) <> 'VARCHAR' OR j IS NULL THEN NULL
        WHEN regexp_full_match(json_extract_string(j, '$'), '\s*{pattern}\s*')
        THEN TRY_CAST(trim(json_extract_string(j, '$')) AS {type_})
        WHEN regexp_matches(json_extract_string(j, '$'), '\d')
        THEN {raising("'not emulated locally: this text of a SUPER value as a date or time'")}
        END"""


_PARSING = (
    f"""CREATE OR REPLACE MACRO rs_compact(t) AS
        regexp_replace(t, '({STRING})|\\s+', '\\1', 'g')""",
    f"""CREATE OR REPLACE MACRO rs_skeleton(t) AS regexp_replace(t, '{STRING}', '""', 'g')""",
    f"""CREATE OR REPLACE MACRO rs_is_lenient(c) AS regexp_matches(c, '{_LENIENT}')
        AND regexp_matches(rs_skeleton(c), '{_LENIENT}')""",
    """CREATE OR REPLACE MACRO rs_is_json(t) AS
        coalesce(json_valid(t), false) AND NOT rs_is_lenient(rs_compact(t))""",
    f"""CREATE OR REPLACE MACRO rs_keys(c) AS
        list_filter(regexp_extract_all(c, '{STRING}:?'), lambda k: ends_with(k, ':'))""",
    # DuckDB's VARIANT keeps one attribute of a name.
    """CREATE OR REPLACE MACRO rs_repeats(c) AS list_transform([rs_keys(c)], lambda k:
        CASE WHEN len(list_distinct(k)) = len(k) AND NOT contains(c, '\\') THEN false
        ELSE len(k) <> len(rs_keys(CAST(CAST(CAST(c AS JSON) AS VARIANT) AS JSON)::VARCHAR)) END
        )[1]""",
    rf"""CREATE OR REPLACE MACRO rs_too_deep(t) AS CASE
        WHEN length(t) - length(replace(replace(t, '[', ''), '{{', '')) <= {_DEEPEST} THEN false
        ELSE {_leaves_removed(_BRACKETS)} <> '' END""",
    # Escapes are undone, so that a text is written one way.
    f"""CREATE OR REPLACE MACRO rs_unescaped(t) AS CASE
        WHEN contains(t, '{MARK}')
        THEN {raising("'not emulated locally: the character U+0002 in JSON'")}
        WHEN contains(t, '\\')
        THEN rs_unmarked(CAST(json_extract(CAST(rs_marked(t) AS JSON), '$') AS VARCHAR))
        ELSE t END""",
    f"""CREATE OR REPLACE MACRO rs_checked_json(compact) AS list_transform([compact], lambda c:
        CASE WHEN rs_is_lenient(c) THEN {raising("'JSON parsing error'")}
        WHEN rs_too_deep(c) THEN {raising(f"'JSON parsing error: more than {_DEEPEST} levels'")}
        WHEN rs_repeats(c) THEN {raising("'JSON parsing error: an attribute appears twice'")}
        ELSE rs_unescaped(c) END)[1]""",
    f"""CREATE OR REPLACE MACRO rs_json_parse(t) AS CAST(CASE
        WHEN t IS NULL THEN NULL
        WHEN strlen(t) > {_LONGEST_TEXT}
        THEN {raising(f"'JSON_PARSE: input is longer than {_LONGEST_TEXT} bytes'")}
        WHEN NOT coalesce(json_valid(t), false) THEN {raising("'JSON parsing error'")}
        ELSE rs_checked_json(rs_compact(t)) END AS JSON)""",
    f"""CREATE OR REPLACE MACRO rs_can_json_parse(t) AS CASE
        WHEN t IS NULL THEN NULL
        WHEN strlen(t) > {_LONGEST_TEXT} OR NOT coalesce(json_valid(t), false) THEN false
        ELSE list_transform([rs_compact(t)],
            lambda c: NOT rs_is_lenient(c) AND NOT rs_too_deep(c) AND NOT rs_repeats(c))[1] END""",
    f"""CREATE OR REPLACE MACRO rs_json_serialize(j) AS CASE
        WHEN j IS NULL THEN 'null'
        WHEN strlen(CAST(j AS VARCHAR)) > {_LONGEST_TEXT}
        THEN {raising("'JSON_SERIALIZE: the value is longer than a VARCHAR can be'")}
        ELSE CAST(j AS VARCHAR) END""",
)

_READING = (
    # A path that leads nowhere and one that leads to null are both NULL.
    """CREATE OR REPLACE MACRO rs_get(j, path) AS
        CAST(nullif(rs_extract(j, path), 'null') AS JSON)""",
    f"""CREATE OR REPLACE MACRO rs_super_text(j) AS CASE
        WHEN json_type(j) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL
        WHEN json_type(j) = 'VARCHAR' THEN json_extract_string(j, '$')
        WHEN contains(lower(CAST(j AS VARCHAR)), 'e') AND json_type(j) <> 'BOOLEAN'
        THEN {raising("'not emulated locally: cast of a SUPER float to text'")}
        ELSE CAST(j AS VARCHAR) END""",
    # Casts are lax (cast_super_null_on_error is on by default): what does not fit is NULL.
    f"""CREATE OR REPLACE MACRO rs_super_integer(j) AS CASE
        WHEN json_type(j) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL
        WHEN json_type(j) = 'BOOLEAN' THEN CAST(CAST(j AS VARCHAR) = 'true' AS BIGINT)
        WHEN json_type(j) = 'VARCHAR' THEN CASE
            WHEN regexp_full_match(json_extract_string(j, '$'), '\\s*[-+]?\\d+\\s*')
            THEN TRY_CAST(trim(json_extract_string(j, '$')) AS BIGINT) END
        WHEN regexp_full_match(CAST(j AS VARCHAR), '-?\\d+(\\.0+)?')
        THEN TRY_CAST(split_part(CAST(j AS VARCHAR), '.', 1) AS BIGINT)
        WHEN j IS NOT NULL
        THEN {raising("'not emulated locally: cast of a fractional SUPER number to an integer'")}
        END""",
    f"""CREATE OR REPLACE MACRO rs_super_number(j) AS CASE
        WHEN json_type(j) IN ('OBJECT', 'ARRAY', 'BOOLEAN', 'NULL') THEN NULL
        WHEN json_type(j) <> 'VARCHAR' THEN CAST(j AS VARCHAR)
        WHEN regexp_full_match(json_extract_string(j, '$'), '{NUMBER}')
        THEN trim(json_extract_string(j, '$')) END""",
    # The guide has explicit casts of values from tables not rounded, and others rounded.
    f"""CREATE OR REPLACE MACRO rs_super_places(t, scale) AS CASE
        WHEN regexp_matches(t, '\\.\\d{{' || scale || '}}\\d*[1-9]')
        THEN {raising("'not emulated locally: cast of SUPER to fewer decimal places'")}
        ELSE t END""",
    # A number with a scale is none, as the guide has it of 5.0.
    """CREATE OR REPLACE MACRO rs_super_boolean(j) AS CASE
        WHEN json_type(j) = 'BOOLEAN' THEN CAST(j AS VARCHAR) = 'true'
        WHEN json_type(j) = 'VARCHAR' THEN CASE
            WHEN lower(trim(json_extract_string(j, '$'))) IN ('true', 't', 'yes', 'y', '1')
            THEN true
            WHEN lower(trim(json_extract_string(j, '$'))) IN ('false', 'f', 'no', 'n', '0')
            THEN false END
        WHEN regexp_full_match(CAST(j AS VARCHAR), '-?\\d+')
        THEN regexp_matches(CAST(j AS VARCHAR), '[1-9]') END""",
    _moment("rs_super_date", _DAY, "DATE"),
    _moment("rs_super_timestamp", rf"{_MOMENT}Z?)?", "TIMESTAMP"),
    _moment("rs_super_timestamptz", rf"{_MOMENT}{_ZONE})?", "TIMESTAMPTZ"),
    """CREATE OR REPLACE MACRO rs_super_typeof(j) AS CASE
        WHEN j IS NULL THEN NULL
        WHEN json_type(j) = 'VARCHAR' THEN 'string'
        WHEN json_type(j) IN ('OBJECT', 'ARRAY', 'BOOLEAN', 'NULL') THEN lower(json_type(j))
        ELSE 'number' END""",
    # Whether it is a number of scale 0 within so many bits: 16, 32 or 64.
    """CREATE OR REPLACE MACRO rs_is_whole(j, bits) AS CASE
        WHEN coalesce(json_type(j), 'NULL') IN ('OBJECT', 'ARRAY', 'BOOLEAN', 'NULL', 'VARCHAR')
            OR NOT regexp_full_match(CAST(j AS VARCHAR), '-?\\d+') THEN false
        ELSE coalesce(TRY_CAST(CAST(j AS VARCHAR) AS HUGEINT)
            BETWEEN -pow(2::HUGEINT, bits - 1)::HUGEINT
            AND pow(2::HUGEINT, bits - 1)::HUGEINT - 1, false) END""",
    """CREATE OR REPLACE MACRO rs_decimal_text(j) AS CASE
        WHEN json_type(j) NOT IN ('OBJECT', 'ARRAY', 'BOOLEAN', 'NULL', 'VARCHAR')
            AND NOT regexp_matches(CAST(j AS VARCHAR), '[eE]') THEN CAST(j AS VARCHAR) END""",
    """CREATE OR REPLACE MACRO rs_is_float(j) AS
        coalesce(rs_super_typeof(j) = 'number' AND rs_decimal_text(j) IS NULL, false)""",
    """CREATE OR REPLACE MACRO rs_is_char(j) AS coalesce(json_type(j) = 'VARCHAR'
        AND strlen(json_extract_string(j, '$')) = length(json_extract_string(j, '$')), false)""",
    """CREATE OR REPLACE MACRO rs_decimal_scale(j) AS
        length(split_part(rs_decimal_text(j), '.', 2))""",
    """CREATE OR REPLACE MACRO rs_decimal_precision(j) AS
        CASE WHEN rs_decimal_text(j) IS NOT NULL THEN greatest(rs_decimal_scale(j), 1, length(
        ltrim(replace(replace(rs_decimal_text(j), '.', ''), '-', ''), '0'))) END""",
)

_COMPARING = (
    # Trailing zeros do not count; a key in JSON's normal form has its attributes in order.
    rf"""CREATE OR REPLACE MACRO rs_deep_key(t) AS CASE
        WHEN regexp_matches(rs_skeleton(t), '\d[eE]')
        THEN {raising("'not emulated locally: comparison of SUPER arrays or objects with floats'")}
        ELSE 'x' || CAST(json_normalize(CAST(rs_marked(regexp_replace(t,
            '({STRING})|(\.\d*[1-9])0+\b|\.0+\b', '\1\2', 'g')) AS JSON)) AS VARCHAR) END""",
    # Equal where the values are, sorted as they are, and of one first letter where they compare.
    """CREATE OR REPLACE MACRO rs_super_key(j) AS list_transform([CAST(j AS JSON)], lambda v:
        CASE WHEN v IS NULL OR json_type(v) = 'NULL' THEN NULL
        WHEN json_type(v) = 'BOOLEAN' THEN 'b' || CAST(v AS VARCHAR)
        WHEN json_type(v) = 'VARCHAR' THEN 's' || rtrim(json_extract_string(v, '$'), ' ')
        WHEN json_type(v) IN ('ARRAY', 'OBJECT') THEN rs_deep_key(CAST(v AS VARCHAR))
        ELSE 'n' || rs_number_key(CAST(v AS VARCHAR)) END)[1]""",
    f"""CREATE OR REPLACE MACRO rs_ordered(k) AS CASE WHEN starts_with(k, 'x')
        THEN {raising("'not emulated locally: an order of SUPER arrays or objects'")}
        ELSE k END""",
    # Values of different kinds have no order among them: NULL.
    """CREATE OR REPLACE MACRO rs_super_order(a, b) AS list_transform([{'a': a, 'b': b}],
        lambda p: CASE WHEN left(p.a, 1) <> left(p.b, 1) THEN NULL
        WHEN rs_ordered(p.a) < p.b THEN -1 WHEN p.a > p.b THEN 1
        WHEN p.a = p.b THEN 0 END)[1]""",
    # ORDER BY alone ranks kinds: boolean, number, string; 'b', 'n' and 's' sort so.
    """CREATE OR REPLACE MACRO rs_rank(j) AS rs_ordered(rs_super_key(j))""",
)

MACROS = (*_PARSING, *_READING, *_COMPARING)
"""`rs_super_key` compares, `rs_rank` sorts, `rs_get` navigates."""
