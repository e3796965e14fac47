"""Exact division, and functions that fail where DuckDB answers an infinity or in other words.

A value that is needed twice is bound by a lambda, so that nested calls do not multiply. Its
fields are read as `rs_v['x']`: `rs_v.x` would mean a column x of a table rs_v first.
"""

from local.redshift_data.dialect.macros.raising import raising

_FINE_PERCENTILE = raising(
    "'not emulated locally: a percentile with more decimal places than its result has'"
)
_TOO_WIDE = raising("'not emulated locally: a NUMERIC division with more than 38 digits'")
_LONG_LIST = raising("'Result size exceeds LISTAGG limit'")
_UNCERTAIN = raising("'not emulated locally: rounding of a FLOAT: cast it to DECIMAL first'")
_OUT_OF_RANGE = raising("'result is out of range'")
_LOSSY_CAST = raising(
    "'not emulated locally: a cast of a column that loses digits: use ROUND or TRUNC'"
)


def _bound(name: str, parameters: str, values: str, body: str) -> str:
    """Return a macro whose body sees its arguments as fields of `rs_v`, evaluated once."""
    return (
        f"CREATE OR REPLACE MACRO {name}({parameters}) AS "
        f"list_transform([{{{values}}}], lambda rs_v: {body})[1]"
    )


MACROS = (
    # Integers of 128 bits; the quotient is cut, as the guide's averages of NUMERIC are.
    _bound(
        "rs_quotient",
        "dividend, divisor, power",
        "'a': dividend, 'b': divisor",
        f"""CASE WHEN rs_v['a'] IS NULL OR rs_v['b'] IS NULL THEN NULL
            WHEN rs_v['b'] = 0 THEN {raising("'division by zero'")}
            WHEN abs(rs_v['a']) > ({10**38 - 1}::HUGEINT // power) THEN {_TOO_WIDE}
            ELSE (rs_v['a'] * power) // rs_v['b'] END""",
    ),
    # The guide: "results of explicit casts of values selected from tables are not rounded",
    # but those of constants are. Where that makes no difference the value is certain.
    _bound(
        "rs_unrounded",
        "rounded, cut",
        "'rounded': rounded, 'cut': cut",
        f"CASE WHEN rs_v['rounded'] IS NULL OR rs_v['rounded'] = rs_v['cut'] THEN rs_v['rounded'] ELSE {_LOSSY_CAST} END",
    ),
    _bound(
        "rs_finite",
        "x",
        "'x': x",
        f"CASE WHEN isinf(rs_v['x']) THEN {_OUT_OF_RANGE} ELSE rs_v['x'] END",
    ),
    _bound(
        "rs_root",
        "x",
        "'x': x",
        f"""CASE WHEN rs_v['x'] < 0 THEN {raising("'cannot take square root of a negative number'")}
            ELSE sqrt(rs_v['x']) END""",
    ),
    # The guide does not say where a FLOAT halfway between two whole numbers goes: 2.5 to 2 or 3.
    _bound(
        "rs_round_double",
        "x, places",
        "'x': x",
        f"""CASE WHEN places = 0 AND abs(rs_v['x']) % 2 = 0.5 THEN {_UNCERTAIN}
            ELSE round(rs_v['x'], places) END""",
    ),
    # DuckDB's cube root of 27 is off by one in the last place.
    _bound(
        "rs_cube_root",
        "x",
        "'x': x, 'root': cbrt(x)",
        "CASE WHEN round(rs_v['root']) ** 3 = rs_v['x'] THEN round(rs_v['root']) ELSE rs_v['root'] END",
    ),
    _bound(
        "rs_loggable",
        "x",
        "'x': x",
        f"""CASE WHEN rs_v['x'] = 0 THEN {raising("'cannot take logarithm of zero'")}
            WHEN rs_v['x'] < 0 THEN {raising("'cannot take logarithm of a negative number'")}
            ELSE rs_v['x'] END""",
    ),
    _bound(
        "rs_cosine_value",
        "x",
        "'x': x",
        f"""CASE WHEN rs_v['x'] < -1 OR rs_v['x'] > 1 THEN {raising("'input is out of range'")}
            ELSE rs_v['x'] END""",
    ),
    # Row numbers count from 1: RN = 1 + P * (N - 1), between FRN and CRN by shares of P's places.
    _bound(
        "rs_percentile",
        "members, share, whole",
        "'m': members, 'at': share::HUGEINT * (len(members) - 1), 'whole': whole::HUGEINT",
        f"""CASE WHEN rs_v['at'] % rs_v['whole'] = 0 THEN rs_v['m'][(rs_v['at'] // rs_v['whole'])::BIGINT + 1]
            WHEN (rs_v['m'][(rs_v['at'] // rs_v['whole'])::BIGINT + 1] * (rs_v['whole'] - rs_v['at'] % rs_v['whole'])
                  + rs_v['m'][(rs_v['at'] // rs_v['whole'])::BIGINT + 2] * (rs_v['at'] % rs_v['whole'])) % rs_v['whole'] <> 0
            THEN {_FINE_PERCENTILE}
            ELSE (rs_v['m'][(rs_v['at'] // rs_v['whole'])::BIGINT + 1] * (rs_v['whole'] - rs_v['at'] % rs_v['whole'])
                  + rs_v['m'][(rs_v['at'] // rs_v['whole'])::BIGINT + 2] * (rs_v['at'] % rs_v['whole'])) // rs_v['whole'] END""",
    ),
    _bound(
        "rs_percentile_double",
        "members, share, whole",
        "'m': members, 'rn': 1 + (share::DOUBLE / whole) * (len(members) - 1)",
        """CASE WHEN floor(rs_v['rn']) = rs_v['rn'] THEN rs_v['m'][rs_v['rn']::BIGINT]
            ELSE (ceil(rs_v['rn']) - rs_v['rn']) * rs_v['m'][floor(rs_v['rn'])::BIGINT]
                 + (rs_v['rn'] - floor(rs_v['rn'])) * rs_v['m'][ceil(rs_v['rn'])::BIGINT] END""",
    ),
    _bound(
        "rs_percentile_disc",
        "members, share, whole",
        "'m': members, 'n': share::HUGEINT * len(members), 'whole': whole::HUGEINT",
        "rs_v['m'][greatest(1, (rs_v['n'] + rs_v['whole'] - 1) // rs_v['whole'])::BIGINT]",
    ),
    # "Trailing spaces are ignored": the first of the values that differ by them only.
    """CREATE OR REPLACE MACRO rs_first_of_each(members) AS list_filter(members, lambda rs_x, rs_i:
        list_position(list_transform(members, lambda rs_y: rtrim(rs_y, ' ')), rtrim(rs_x, ' ')) = rs_i)""",
    _bound(
        "rs_listed",
        "members, delimiter",
        "'t': array_to_string(members, delimiter)",
        f"CASE WHEN strlen(rs_v['t']) > 16000000 THEN {_LONG_LIST} ELSE rs_v['t'] END",
    ),
)
