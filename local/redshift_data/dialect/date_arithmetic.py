"""DATEADD, DATEDIFF and the operators on dates, times, timestamps and intervals."""

from collections.abc import Callable

from local.redshift_data.dialect.arguments import Arguments, expect
from local.redshift_data.dialect.arithmetic import OTHER_ARITHMETIC
from local.redshift_data.dialect.conversions import cast, coerce
from local.redshift_data.dialect.expressions import (
    compile_as,
    compile_expression,
    redshift_function,
)
from local.redshift_data.dialect.intervals import duration
from local.redshift_data.dialect.moments import moment, part_of, without_zone
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.types import (
    DATE,
    DAY_TO_SECOND,
    INT4,
    INT8,
    INTERVAL,
    TIMESTAMP,
    TIMESTAMPTZ,
    UNKNOWN,
    YEAR_TO_MONTH,
)
from local.redshift_data.errors import NotEmulated, StatementError

_MICROSECONDS = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 604_800_000_000,
}
_OF_A_DAY = ("hour", "minute", "second", "millisecond", "microsecond")
# The guide says what becomes of a day that the result lacks for months and years only.
_MONTHS = {"quarter": 3, "decade": 120, "century": 1_200, "millennium": 12_000}
_YEARS = {"century": 100, "millennium": 1_000}
_UNQUALIFIED = {"intervaly2m": YEAR_TO_MONTH, "intervald2s": DAY_TO_SECOND}
_WHOLE = ("int4", "int2", "int8")


@redshift_function("DATEADD", "DATE_ADD")
def _dateadd(arguments: Arguments, scope: Scope) -> Compiled:
    expect("DATEADD", arguments, 3)
    part = part_of(arguments[0])
    count = compile_as(arguments[1], scope, *_WHOLE).sql
    start = compile_expression(arguments[2], scope)
    if start.type.is_time_of_day:
        return _add_to_time(part, count, start)
    if start.type == TIMESTAMPTZ:
        raise NotEmulated("DATEADD to a TIMESTAMPTZ: cast it to TIMESTAMP first")
    start = without_zone(moment(arguments[2], scope))
    return Compiled(f"rs_in_range({_added(part, count, start.sql)})", TIMESTAMP)


def _added(part: str, count: str, start: str) -> str:
    if part in _MICROSECONDS:
        return f"({start} + {_microseconds(part, count)})"
    if part == "month":
        return f"({start} + to_months(CAST({count} AS INTEGER)))"
    if part == "year":
        return f"rs_add_years({start}, CAST({count} AS INTEGER))"
    if part in _MONTHS:
        months = f"CAST({_MONTHS[part]} * CAST({count} AS BIGINT) AS INTEGER)"
        return f"rs_add_whole({start}, {months}, '{part}')"
    raise StatementError(f"DATEADD does not take the date part {part}")


def _microseconds(part: str, count: str) -> str:
    return f"to_microseconds(CAST({count} AS BIGINT) * {_MICROSECONDS[part]})"


def _add_to_time(part: str, count: str, start: Compiled) -> Compiled:
    """Add within the day: past midnight a time starts again."""
    _must_be_of_a_day(part, start)
    total = f"epoch_us({start.sql}) + CAST({count} AS BIGINT) * {_MICROSECONDS[part]}"
    return Compiled(f"rs_time_of({total})", start.type)


def _must_be_of_a_day(part: str, value: Compiled) -> None:
    if part not in _OF_A_DAY:
        raise StatementError(f"{value.type.spelled} does not contain the date part {part}")


@redshift_function("DATEDIFF", "DATE_DIFF")
def _datediff(arguments: Arguments, scope: Scope) -> Compiled:
    expect("DATEDIFF", arguments, 3)
    part = part_of(arguments[0])
    first, second = (compile_expression(argument, scope) for argument in arguments[1:])
    if first.type.is_time_of_day or second.type.is_time_of_day:
        return _times_apart(part, first, second)
    first, second = (without_zone(moment(argument, scope)) for argument in arguments[1:])
    return Compiled(f"CAST({_apart(part, first.sql, second.sql)} AS BIGINT)", INT8)


def _apart(part: str, first: str, second: str) -> str:
    """Count the boundaries of the part that lie between two timestamps."""
    if part == "week":
        return f"rs_weeks_apart({first}, {second})"
    if part in _YEARS:
        return f"rs_years_apart({first}, {second}, {_YEARS[part]})"
    if part in (*_MICROSECONDS, "month", "quarter", "year", "decade"):
        return f"date_diff('{part}', {first}, {second})"
    raise StatementError(f"DATEDIFF does not take the date part {part}")


def _times_apart(part: str, first: Compiled, second: Compiled) -> Compiled:
    if UNKNOWN in (first.type, second.type):
        first, second = coerce(first, second.type), coerce(second, first.type)
    if first.type != second.type:
        raise StatementError(f"DATEDIFF of {first.type.spelled} and {second.type.spelled}")
    _must_be_of_a_day(part, first)
    unit = _MICROSECONDS[part]
    return Compiled(f"epoch_us({second.sql}) // {unit} - epoch_us({first.sql}) // {unit}", INT8)


def _temporal(operator: str, left: Compiled, right: Compiled) -> Compiled | None:
    """Compute with moments, times and intervals; None where both operands are something else."""
    if not any(each.type.is_temporal or each.type == INTERVAL for each in (left, right)):
        return None
    if operator == "+" and not left.type.is_moment:
        left, right = right, left
    rule = _RULES.get((operator, _kind(left), _kind(right)))
    if rule is None and operator == "*":
        left, right = right, left
        rule = _RULES.get((operator, _kind(left), _kind(right)))
    if rule is None:
        raise NotEmulated(f"{left.type.spelled} {operator} {right.type.spelled}")
    return rule(operator, left, right)


OTHER_ARITHMETIC.append(_temporal)


def _kind(value: Compiled) -> str:
    if value.type.is_integer:
        return "whole"
    return "fraction" if value.type.is_number else value.type.name


def _days(operator: str, left: Compiled, right: Compiled) -> Compiled:
    if left.type == DATE:
        sql = f"rs_in_range({left.sql} {operator} CAST({right.sql} AS INTEGER))"
        return Compiled(f"CAST({sql} AS DATE)", DATE)
    return _shifted(operator, left, f"to_days(CAST({right.sql} AS INTEGER))")


def _days_apart(operator: str, left: Compiled, right: Compiled) -> Compiled:
    return Compiled(f"CAST({left.sql} {operator} {right.sql} AS INTEGER)", INT4)


def _time_apart(operator: str, left: Compiled, right: Compiled) -> Compiled:
    first, second = (without_zone(each).sql for each in (left, right))
    return Compiled(f"(epoch_us({first}) {operator} epoch_us({second}))", DAY_TO_SECOND)


def _plus_months(operator: str, left: Compiled, right: Compiled) -> Compiled:
    # "The result is a date if it is a YEAR TO MONTH interval."
    shifted = _shifted(operator, left, f"to_months({right.sql})")
    return cast(shifted, DATE) if left.type == DATE else shifted


def _plus_duration(operator: str, left: Compiled, right: Compiled) -> Compiled:
    return _shifted(operator, left, f"to_microseconds({right.sql})")


def _plus_literal(operator: str, left: Compiled, right: Compiled) -> Compiled:
    return _shifted(operator, left, right.sql)


def _shifted(operator: str, start: Compiled, interval: str) -> Compiled:
    """Move a moment; in UTC, the session's time zone, every day has 24 hours."""
    moved = f"rs_in_range({without_zone(start).sql} {operator} {interval})"
    result = Compiled(moved, TIMESTAMP)
    return cast(result, TIMESTAMPTZ) if start.type == TIMESTAMPTZ else result


def _at_time(operator: str, left: Compiled, right: Compiled) -> Compiled:
    del operator
    return Compiled(f"({left.sql} + {right.sql})", TIMESTAMP)


def _at_time_in_zone(operator: str, left: Compiled, right: Compiled) -> Compiled:
    """Add a TIMETZ to a date: a literal's own day counts, not the one in UTC."""
    if right.literal is None:
        return cast(_at_time(operator, left, right), TIMESTAMPTZ)
    text = right.literal.replace("'", "''")
    offset = f"rs_offset_in_text('{text}')"
    local = f"{left.sql} + CAST({right.sql} + to_seconds({offset}) AS TIME)"
    return cast(Compiled(f"({local} - to_seconds({offset}))", TIMESTAMP), TIMESTAMPTZ)


def _sum_of_intervals(operator: str, left: Compiled, right: Compiled) -> Compiled:
    return Compiled(f"({left.sql} {operator} {right.sql})", _UNQUALIFIED[left.type.name])


def _times(operator: str, left: Compiled, right: Compiled) -> Compiled:
    number = f"CAST({right.sql} AS BIGINT)"
    type_ = _UNQUALIFIED[left.type.name]
    return Compiled(f"CAST({left.sql} {operator} {number} AS {type_.duckdb})", type_)


def _times_fraction(operator: str, left: Compiled, right: Compiled) -> Compiled:
    number = f"CAST({right.sql} AS DOUBLE)"
    return Compiled(f"CAST(round({left.sql} {operator} {number}) AS BIGINT)", DAY_TO_SECOND)


def _times_literal(operator: str, left: Compiled, right: Compiled) -> Compiled:
    """Multiply an interval literal without a qualifier."""
    found = duration(left.literal or "")
    if found.months:
        raise NotEmulated("an INTERVAL of months times a number")
    number = f"CAST({right.sql} AS {'BIGINT' if right.type.is_integer else 'DOUBLE'})"
    product = f"{found.microseconds} {operator} {number}"
    if not right.type.is_integer:
        product = f"round({product})"
    return Compiled(f"to_microseconds(CAST({product} AS BIGINT))", INTERVAL)


_Rule = Callable[[str, Compiled, Compiled], Compiled]
_RULES: dict[tuple[str, str, str], _Rule] = {
    ("-", "date", "date"): _days_apart,
    ("-", "date", "timestamp"): _time_apart,
    ("-", "timestamp", "timestamp"): _time_apart,
    ("-", "timestamptz", "timestamptz"): _time_apart,
    ("+", "date", "time"): _at_time,
    ("+", "date", "timetz"): _at_time_in_zone,
    ("*", "intervaly2m", "whole"): _times,
    ("*", "intervald2s", "whole"): _times,
    ("*", "intervald2s", "fraction"): _times_fraction,
    ("/", "intervald2s", "fraction"): _times_fraction,
    ("/", "intervald2s", "whole"): _times_fraction,
    ("*", "interval", "whole"): _times_literal,
    ("*", "interval", "fraction"): _times_literal,
}
for _operator in "+-":
    for _moment in ("date", "timestamp", "timestamptz"):
        _RULES[_operator, _moment, "whole"] = _days
        _RULES[_operator, _moment, "intervaly2m"] = _plus_months
        _RULES[_operator, _moment, "intervald2s"] = _plus_duration
        _RULES[_operator, _moment, "interval"] = _plus_literal
    for _interval in ("intervaly2m", "intervald2s"):
        _RULES[_operator, _interval, _interval] = _sum_of_intervals
