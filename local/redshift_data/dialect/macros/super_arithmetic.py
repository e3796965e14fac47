"""Arithmetic on SUPER values: exact decimals of whatever scale, and floats."""

from local.redshift_data.dialect.macros.raising import raising

_SUMMED_SCALE = 15


def _operation(name: str, on_units: str, scale: str, on_floats: str, texts: str = "NULL") -> str:
    """Return a macro that is NULL unless both values are numbers, or texts for `+`."""
    return f"""CREATE OR REPLACE MACRO rs_super_{name}(a, b) AS CAST(list_transform(
        [{{'a': rs_operand(a), 'b': rs_operand(b), 'j': a, 'k': b}}], lambda p: CASE
        WHEN json_type(p.j) = 'VARCHAR' AND json_type(p.k) = 'VARCHAR' THEN {texts}
        WHEN p.a IS NULL OR p.b IS NULL THEN NULL
        WHEN contains(lower(p.a), 'e') OR contains(lower(p.b), 'e') THEN {on_floats}
        ELSE rs_decimal_of({on_units}, {scale}) END)[1] AS JSON)"""


def _on_floats(operator: str) -> str:
    return f"rs_float_super(CAST(p.a AS DOUBLE) {operator} CAST(p.b AS DOUBLE))"


_LARGER = "greatest(rs_scale(p.a), rs_scale(p.b))"
_BOTH = ("rs_units(p.a, {0})", "rs_units(p.b, {0})")
_LEFT, _RIGHT = (each.format(_LARGER) for each in _BOTH)
_JOINED = "to_json(json_extract_string(p.j, '$') || json_extract_string(p.k, '$'))"
_NO_DIVISION = raising("'not emulated locally: division of SUPER decimals: cast them first'")
_BY_ZERO = raising("'division by zero'")


def _rounding(name: str, change: str) -> str:
    return f"""CREATE OR REPLACE MACRO rs_super_{name}(j) AS CAST(list_transform([rs_operand(j)],
        lambda t: CASE WHEN t IS NULL THEN NULL
        WHEN contains(lower(t), 'e')
        THEN {raising(f"'not emulated locally: {name} of a SUPER float: cast it first'")}
        ELSE CAST(CAST(split_part(t, '.', 1) AS HUGEINT) + {change} AS VARCHAR) END)[1] AS JSON)"""


_FRACTION = "rtrim(split_part(t, '.', 2), '0')"

MACROS = (
    """CREATE OR REPLACE MACRO rs_operand(j) AS
        CASE WHEN rs_super_typeof(j) = 'number' THEN CAST(j AS VARCHAR) END""",
    "CREATE OR REPLACE MACRO rs_scale(t) AS length(split_part(t, '.', 2))",
    """CREATE OR REPLACE MACRO rs_units(t, scale) AS
        CAST(replace(t, '.', '') || repeat('0', scale - rs_scale(t)) AS HUGEINT)""",
    f"""CREATE OR REPLACE MACRO rs_decimal_of(n, scale) AS list_transform(
        [{{'d': ltrim(CAST(n AS VARCHAR), '-'), 's': CAST(scale AS INTEGER), 'n': n}}], lambda p: CASE
        WHEN p.n IS NULL THEN NULL
        WHEN length(p.d) > 38 THEN {raising("'Numeric data overflow (result precision)'")}
        WHEN p.s = 0 THEN CAST(p.n AS VARCHAR)
        ELSE CASE WHEN p.n < 0 THEN '-' ELSE '' END
            || left(lpad(p.d, CAST(greatest(length(p.d), p.s + 1) AS INTEGER), '0'), -p.s) || '.'
            || right(lpad(p.d, CAST(greatest(length(p.d), p.s + 1) AS INTEGER), '0'), p.s) END)[1]""",
    _operation("sum", f"{_LEFT} + {_RIGHT}", _LARGER, _on_floats("+"), _JOINED),
    _operation("difference", f"{_LEFT} - {_RIGHT}", _LARGER, _on_floats("-")),
    _operation(
        "product",
        "rs_units(p.a, rs_scale(p.a)) * rs_units(p.b, rs_scale(p.b))",
        "rs_scale(p.a) + rs_scale(p.b)",
        _on_floats("*"),
    ),
    _operation("quotient", _NO_DIVISION, "0", _on_floats("/")),
    _operation(
        "remainder",
        f"CASE WHEN {_RIGHT} = 0 THEN {_BY_ZERO} ELSE {_LEFT} % {_RIGHT} END",
        _LARGER,
        raising("'not emulated locally: % of SUPER floats'"),
    ),
    """CREATE OR REPLACE MACRO rs_super_abs(j) AS
        CAST(ltrim(rs_operand(j), '-') AS JSON)""",
    _rounding("floor", f"CASE WHEN starts_with(t, '-') AND {_FRACTION} <> '' THEN -1 ELSE 0 END"),
    _rounding("ceil", f"CASE WHEN NOT starts_with(t, '-') AND {_FRACTION} <> '' THEN 1 ELSE 0 END"),
    _rounding(
        "round",
        "CASE WHEN split_part(t, '.', 2) < '5' THEN 0 WHEN starts_with(t, '-') THEN -1 ELSE 1 END",
    ),
    # Aggregates: what is no number does not count, as if it were NULL.
    f"""CREATE OR REPLACE MACRO rs_summand(j) AS CASE WHEN rs_is_float(j)
            OR rs_decimal_scale(j) > {_SUMMED_SCALE}
        THEN {raising("'not emulated locally: aggregates of these SUPER numbers: cast them first'")}
        ELSE rs_units(rs_decimal_text(j), {_SUMMED_SCALE}) END""",
    f"""CREATE OR REPLACE MACRO rs_of_summands(n, scale) AS
        CAST(rs_decimal_of(CAST(n AS HUGEINT) // CAST(pow(10::HUGEINT, {_SUMMED_SCALE} - scale)
            AS HUGEINT), scale) AS JSON)""",
)
