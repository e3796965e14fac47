"""EXTRACT, DATE_PART and DATE_TRUNC: the parts of a date or time under all their names."""

from collections.abc import Mapping

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, expect
from local.redshift_data.dialect.conversions import cast, coerce
from local.redshift_data.dialect.expressions import (
    compile_expression,
    redshift_function,
    redshift_keyword,
)
from local.redshift_data.dialect.moments import moment, part_of, without_zone
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import (
    DATE,
    FLOAT8,
    INT4,
    INT8,
    TIMESTAMP,
    TIMESTAMPTZ,
    UNKNOWN,
)
from local.redshift_data.errors import NotEmulated, StatementError

_OF_DATE = {
    "millennium": "((year({}) - 1) // 1000 + 1)",
    "century": "((year({}) - 1) // 100 + 1)",
    "decade": "(year({}) // 10 + 1)",
    "year": "year({})",
    "quarter": "quarter({})",
    "month": "month({})",
    "week": "weekofyear({})",
    "dow": "dayofweek({})",
    "doy": "dayofyear({})",
    "day": "day({})",
}
_OF_TIME = {
    "hour": "hour({})",
    "minute": "minute({})",
    "second": "second({})",
    "millisecond": "(microsecond({}) % 1000000 // 1000)",
}
_OF_MONTHS = {"year": "({} // 12)", "month": "({} % 12)"}
_OF_DURATION = {
    "day": "({} // 86400000000)",
    "hour": "({} // 3600000000 % 24)",
    "minute": "({} // 60000000 % 60)",
}
_OF_TYPE: Mapping[str, Mapping[str, str]] = {
    "timestamp": {**_OF_DATE, **_OF_TIME},
    "time": _OF_TIME,
    "timetz": _OF_TIME,
    "intervaly2m": _OF_MONTHS,
    "intervald2s": _OF_DURATION,
}
_ZONES = {"timezone": 1, "timezone_hour": 3600, "timezone_minute": 60}
# "Returns the complete seconds portion", but the guide prints less for microseconds.
_OF_DATE_PART = {
    "epoch": "epoch({})",
    "second": "(microsecond({}) % 60000000 / 1000000.0::DOUBLE)",
    "microsecond": "(microsecond({}) % 1000000)",
}
_NOT_DATE_PART = ("millisecond", *_ZONES)


@redshift_keyword("EXTRACT")
@compile_expression.register
def _extract(node: exp.Extract, scope: Scope) -> Compiled:
    only(node, "this", "expression")
    part = part_of(node.this)
    value = compile_expression(node.expression, scope)
    if value.type == UNKNOWN:
        value = coerce(value, TIMESTAMP)
    if part in _ZONES:
        return _zone(part, value)
    type_ = FLOAT8 if value.type == TIMESTAMPTZ else INT4
    if value.type.is_moment:
        value = without_zone(value)
        if part == "epoch":
            return _epoch(value, whole=type_ == INT4)
    parts = _OF_TYPE.get(value.type.name)
    if parts is None:
        raise StatementError(f"{value.type.spelled} has no date part")
    if part not in parts:
        raise NotEmulated(f"EXTRACT of {part} from {value.type.spelled}")
    if value.type.name == "timetz" and part in ("hour", "minute"):
        value = _unconverted(value)
    return Compiled(f"CAST({parts[part].format(value.sql)} AS {type_.duckdb})", type_)


def _epoch(value: Compiled, *, whole: bool) -> Compiled:
    if whole:
        return Compiled(f"CAST(floor(epoch({value.sql})) AS BIGINT)", INT8)
    return Compiled(f"CAST(epoch({value.sql}) AS DOUBLE)", FLOAT8)


def _zone(part: str, value: Compiled) -> Compiled:
    """Return a part of the zone: of a literal TIMETZ the zone in its text, else UTC."""
    if value.type.name not in ("timestamptz", "timetz"):
        raise StatementError(f"{value.type.spelled} has no time zone")
    type_ = FLOAT8 if value.type == TIMESTAMPTZ else INT4
    offset = "0"
    if value.type.name == "timetz" and value.literal is not None:
        offset = _literal_offset(value.literal)
    divided = f"{offset} // {_ZONES[part]}" + (" % 60" if part == "timezone_minute" else "")
    return Compiled(f"CAST({divided} AS {type_.duckdb})", type_)


def _unconverted(value: Compiled) -> Compiled:
    """Return a TIMETZ as written: "Literals aren't converted to UTC"."""
    if value.literal is None:
        return value
    shifted = f"{value.sql} + to_seconds({_literal_offset(value.literal)})"
    return Compiled(f"CAST({shifted} AS TIME)", value.type)


def _literal_offset(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"rs_offset_in_text('{escaped}')"


@redshift_function("DATE_PART", "PGDATE_PART")
def _date_part(arguments: Arguments, scope: Scope) -> Compiled:
    expect("DATE_PART", arguments, 2)
    part = part_of(arguments[0])
    value = moment(arguments[1], scope)
    if value.type == TIMESTAMPTZ or part in _NOT_DATE_PART:
        raise NotEmulated(f"DATE_PART of {part} from {value.type.spelled}: use EXTRACT")
    known = {**_OF_TYPE["timestamp"], **_OF_DATE_PART}
    return Compiled(f"CAST({known[part].format(without_zone(value).sql)} AS DOUBLE)", FLOAT8)


_TRUNCATED_YEARS = {"decade": 0, "century": 100, "millennium": 1000}
_TRUNCATED = (
    "microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter",
    "year",
)  # fmt: skip


@redshift_function("DATE_TRUNC")
def _date_trunc(arguments: Arguments, scope: Scope) -> Compiled:
    expect("DATE_TRUNC", arguments, 2)
    part = part_of(arguments[0])
    value = moment(arguments[1], scope)
    if part not in (*_TRUNCATED, *_TRUNCATED_YEARS):
        raise StatementError(f'timestamp units "{arguments[0].name}" not recognized')
    zoned = value.type == TIMESTAMPTZ
    value = without_zone(value)
    if years := _TRUNCATED_YEARS.get(part):
        value = Compiled(f"rs_trunc_years({value.sql}, {years})", TIMESTAMP)
    else:
        value = Compiled(f"date_trunc('{part}', {value.sql})", TIMESTAMP)
    return cast(value, TIMESTAMPTZ) if zoned else value


@redshift_function("DATE_PART_YEAR")
def _date_part_year(arguments: Arguments, scope: Scope) -> Compiled:
    expect("DATE_PART_YEAR", arguments, 1)
    value = compile_expression(arguments[0], scope)
    if value.type == UNKNOWN:
        value = coerce(value, DATE)
    if value.type != DATE:
        raise NotEmulated(f"DATE_PART_YEAR of {value.type.spelled}: cast it to DATE first")
    return Compiled(f"CAST(year({value.sql}) AS INTEGER)", INT4)
