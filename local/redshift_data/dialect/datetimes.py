"""The allow-list of functions on dates and timestamps; the session's time zone is UTC."""

from sqlglot import exp

from local.redshift_data.dialect import (
    date_arithmetic,
    date_parts,
    formats,
    intervals,
    time_zones,
)
from local.redshift_data.dialect.arguments import Arguments, expect, text_argument
from local.redshift_data.dialect.conversions import cast
from local.redshift_data.dialect.expressions import (
    compile_as,
    compile_expression,
    redshift_function,
    redshift_keyword,
)
from local.redshift_data.dialect.moments import moment, without_zone
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.temporal import NOW, STATEMENT_NOW
from local.redshift_data.dialect.types import (
    DATE,
    FLOAT8,
    INT4,
    TIMESTAMP,
    TIMESTAMPTZ,
    RedshiftType,
    varchar,
)
from local.redshift_data.errors import NotEmulated

RULES = (date_arithmetic, date_parts, formats, intervals, time_zones)
"""Modules whose import adds to the allow-list."""


@redshift_function("GETDATE")
def _getdate(arguments: Arguments, scope: Scope) -> Compiled:
    expect("GETDATE", arguments, 0)
    del scope
    return Compiled(f"date_trunc('second', {STATEMENT_NOW})", TIMESTAMP)


@redshift_keyword("SYSDATE")
@compile_expression.register
def _sysdate(node: exp.CurrentTimestamp, scope: Scope) -> Compiled:
    only(node, "sysdate")
    del scope
    if not node.args.get("sysdate"):
        raise NotEmulated("CURRENT_TIMESTAMP: use SYSDATE or GETDATE()")
    return Compiled(NOW, TIMESTAMP)


@redshift_keyword("CURRENT_DATE")
@compile_expression.register
def _current_date(node: exp.CurrentDate, scope: Scope) -> Compiled:
    only(node)
    del scope
    return Compiled("CAST(now() AT TIME ZONE 'UTC' AS DATE)", DATE)


@redshift_function("TIMEOFDAY")
def _timeofday(arguments: Arguments, scope: Scope) -> Compiled:
    expect("TIMEOFDAY", arguments, 0)
    del scope
    text = f"strftime({STATEMENT_NOW}, '%a %b %d %H:%M:%S.%f %Y UTC')"
    return Compiled(text, varchar(len("Thu Sep 19 22:53:50.333525 2013 UTC")))


@redshift_function("TIMESTAMPTZ")
def _timestamptz(arguments: Arguments, scope: Scope) -> Compiled:
    expect("TIMESTAMPTZ", arguments, 1)
    return cast(compile_expression(arguments[0], scope), TIMESTAMPTZ)


@redshift_function("ADD_MONTHS")
def _add_months(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ADD_MONTHS", arguments, 2)
    start = without_zone(_date_or_timestamp(arguments[0], scope))
    count = compile_as(arguments[1], scope, "int4", "int2").sql
    return Compiled(f"rs_in_range(rs_add_months({start.sql}, {count}))", TIMESTAMP)


def _date_or_timestamp(node: exp.Expr, scope: Scope) -> Compiled:
    value = moment(node, scope)
    if value.type == TIMESTAMPTZ:
        raise NotEmulated("a TIMESTAMPTZ where a DATE or TIMESTAMP is expected: cast it first")
    return value


@redshift_function("LAST_DAY")
def _last_day(arguments: Arguments, scope: Scope) -> Compiled:
    expect("LAST_DAY", arguments, 1)
    return Compiled(f"last_day({_date_or_timestamp(arguments[0], scope).sql})", DATE)


@redshift_function("NEXT_DAY")
def _next_day(arguments: Arguments, scope: Scope) -> Compiled:
    expect("NEXT_DAY", arguments, 2)
    start = _date_or_timestamp(arguments[0], scope)
    day = text_argument(arguments[1], scope)
    return Compiled(f"rs_in_range(rs_next_day({start.sql}, {day.sql}))", DATE)


@redshift_function("MONTHS_BETWEEN")
def _months_between(arguments: Arguments, scope: Scope) -> Compiled:
    expect("MONTHS_BETWEEN", arguments, 2)
    first, second = (without_zone(_date_or_timestamp(each, scope)).sql for each in arguments)
    return Compiled(f"rs_months_between({first}, {second})", FLOAT8)


_COMPARED = {
    "DATE_CMP": (DATE, DATE),
    "DATE_CMP_TIMESTAMP": (DATE, TIMESTAMP),
    "DATE_CMP_TIMESTAMPTZ": (DATE, TIMESTAMPTZ),
    "TIMESTAMP_CMP": (TIMESTAMP, TIMESTAMP),
    "TIMESTAMP_CMP_DATE": (TIMESTAMP, DATE),
    "TIMESTAMP_CMP_TIMESTAMPTZ": (TIMESTAMP, TIMESTAMPTZ),
    "TIMESTAMPTZ_CMP": (TIMESTAMPTZ, TIMESTAMPTZ),
    "TIMESTAMPTZ_CMP_DATE": (TIMESTAMPTZ, DATE),
    "TIMESTAMPTZ_CMP_TIMESTAMP": (TIMESTAMPTZ, TIMESTAMP),
}


def _comparison(name: str, types: tuple[RedshiftType, RedshiftType]) -> None:
    @redshift_function(name)
    def _compare(arguments: Arguments, scope: Scope) -> Compiled:
        expect(name, arguments, 2)
        values = [
            _as_expected(name, moment(argument, scope, untyped=type_), type_)
            for argument, type_ in zip(arguments, types, strict=True)
        ]
        first, second = (without_zone(value).sql for value in values)
        return Compiled(f"CAST(rs_order({first}, {second}) AS INTEGER)", INT4)


def _as_expected(name: str, value: Compiled, type_: RedshiftType) -> Compiled:
    """Return a value of the type that a comparison is for, or of one that widens to it."""
    order = (DATE, TIMESTAMP, TIMESTAMPTZ)
    if order.index(value.type) > order.index(type_):
        raise NotEmulated(f"{name} of {value.type.spelled}: cast it to {type_.spelled} first")
    return cast(value, type_)


for _name, _types in _COMPARED.items():
    _comparison(_name, _types)
