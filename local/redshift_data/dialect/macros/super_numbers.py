"""Keeps a SUPER number's digits where DuckDB would write it anew as a double.

DuckDB renders what it takes out of a document: 2.50 becomes 2.5, and a long fraction loses its
end. Where a document has such a number, its numbers travel as strings with a mark of their own.
"""

from local.redshift_data.dialect.macros.raising import raising

STRING = r'"(?:[^"\\]|\\.)*"'
"""RE2: one JSON string."""
_NOT_WHOLE = r"-?\d+(?:\.\d+(?:[eE][-+]?\d+)?|[eE][-+]?\d+)"
# Looked for anywhere: in a string it costs time only.
_FRAGILE = r"\d[eE]|\.\d*0(?:[^0-9]|$)|\.0000|\d{8,}\.\d|\.\d{8,}"
MARK = r"\u0002"

MACROS = (
    f"""CREATE OR REPLACE MACRO rs_fragile(t) AS regexp_matches(t, '{_FRAGILE}')""",
    f"""CREATE OR REPLACE MACRO rs_marked(t) AS replace(replace(replace(
        regexp_replace(t, '({STRING})|({_NOT_WHOLE})', '\\1' || chr(2) || '\\2' || chr(3), 'g'),
        chr(2) || chr(3), ''), chr(2), '"{MARK}'), chr(3), '"')""",
    rf"""CREATE OR REPLACE MACRO rs_unmarked(t) AS
        regexp_replace(t, '"\{MARK}([^"]*)"', '\1', 'g')""",
    # Lambdas bind an argument once; a macro's parameter is copied to each place it stands at.
    """CREATE OR REPLACE MACRO rs_extract(j, path) AS list_transform([CAST(j AS VARCHAR)],
        lambda t: CASE WHEN rs_fragile(t)
        THEN rs_unmarked(CAST(json_extract(CAST(rs_marked(t) AS JSON), path) AS VARCHAR))
        ELSE CAST(json_extract(CAST(t AS JSON), path) AS VARCHAR) END)[1]""",
    # Each element as JSON text; NULL of what is no array.
    """CREATE OR REPLACE MACRO rs_elements(j) AS list_transform([CAST(j AS VARCHAR)],
        lambda t: CASE WHEN json_type(CAST(t AS JSON)) <> 'ARRAY' THEN NULL
        WHEN rs_fragile(t)
        THEN list_transform(CAST(CAST(rs_marked(t) AS JSON) AS JSON[]),
            lambda e: rs_unmarked(coalesce(CAST(e AS VARCHAR), 'null')))
        ELSE list_transform(CAST(CAST(t AS JSON) AS JSON[]),
            lambda e: coalesce(CAST(e AS VARCHAR), 'null')) END)[1]""",
    # The power of ten that the number is below of.
    r"""CREATE OR REPLACE MACRO rs_power(n) AS CASE WHEN n.whole <> '' THEN length(n.whole)
        ELSE length(ltrim(n.part, '0')) - length(n.part) END
        + CAST(coalesce(nullif(n.power, ''), '0') AS INTEGER)""",
    # Sorts as numbers sort, whatever their length, scale or exponent; equal where they are.
    r"""CREATE OR REPLACE MACRO rs_number_key(t) AS list_transform([regexp_extract(t,
            '^\s*[+-]?0*(\d*)(?:\.(\d*))?(?:[eE]\+?(-?\d+))?\s*$', ['whole', 'part', 'power'])],
        lambda n: CASE WHEN t IS NULL THEN NULL
        WHEN ltrim(n.whole || n.part, '0') = '' THEN '1'
        WHEN starts_with(ltrim(t), '-')
        THEN '0' || lpad(CAST(50000 - rs_power(n) AS VARCHAR), 5, '0')
            || translate(trim(n.whole || n.part, '0'), '0123456789', '9876543210') || '~'
        ELSE '2' || lpad(CAST(50000 + rs_power(n) AS VARCHAR), 5, '0')
            || trim(n.whole || n.part, '0') END)[1]""",
    # As the guide prints a FLOAT in SUPER: 2.22e+0.
    r"""CREATE OR REPLACE MACRO rs_float_text(d) AS list_transform([CAST(d AS VARCHAR)],
        lambda t: list_transform([regexp_extract(t,
            '^-?0*(\d*)(?:\.(\d*))?(?:[eE]\+?(-?\d+))?$', ['whole', 'part', 'power'])],
        lambda n: CASE WHEN t IS NULL THEN NULL
        WHEN ltrim(n.whole || n.part, '0') = '' THEN '0e+0'
        ELSE CASE WHEN starts_with(t, '-') THEN '-' ELSE '' END
            || regexp_replace(trim(n.whole || n.part, '0'), '^(\d)(\d+)$', '\1.\2')
            || 'e' || CASE WHEN rs_power(n) > 0 THEN '+' ELSE '' END
            || CAST(rs_power(n) - 1 AS VARCHAR) END)[1])[1]""",
    # DuckDB writes a DECIMAL without a digit before the point; JSON has one.
    r"""CREATE OR REPLACE MACRO rs_scalar_super(t) AS
        regexp_replace(t, '^(-?)\.', '\10.')""",
    f"""CREATE OR REPLACE MACRO rs_float_super(d) AS CASE WHEN NOT isfinite(d)
        THEN {raising("'not emulated locally: an infinite float or NaN as SUPER'")}
        ELSE rs_float_text(d) END""",
    f"""CREATE OR REPLACE MACRO rs_text_super(t) AS CASE WHEN contains(t, chr(2))
        THEN {raising("'not emulated locally: the character U+0002 as SUPER'")}
        ELSE to_json(t) END""",
)
