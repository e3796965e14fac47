"""What functions on dates and times expect: a moment, and the name of a part of one."""

from sqlglot import exp

from local.redshift_data.dialect.conversions import cast, coerce
from local.redshift_data.dialect.expressions import compile_expression
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.types import TIMESTAMP, UNKNOWN, RedshiftType
from local.redshift_data.errors import StatementError

_NAMES = {
    "millennium": "millennium millennia mil mils",
    "century": "century centuries c cent cents",
    "decade": "decade decades dec decs",
    "epoch": "epoch",
    "year": "year years y yr yrs",
    "quarter": "quarter quarters qtr qtrs",
    "month": "month months mon mons",
    "week": "week weeks w",
    "dow": "dayofweek dow dw weekday",
    "doy": "dayofyear doy dy yearday",
    "day": "day days d",
    "hour": "hour hours h hr hrs",
    "minute": "minute minutes m min mins",
    "second": "second seconds s sec secs",
    "millisecond": "millisecond milliseconds ms msec msecs msecond mseconds millisec millisecs "
    "millisecon",
    "microsecond": "microsecond microseconds microsec microsecs usecond useconds us usec usecs",
    "timezone": "timezone",
    "timezone_hour": "timezone_hour",
    "timezone_minute": "timezone_minute",
}
PARTS = {name: part for part, names in _NAMES.items() for name in names.split()}
"""Each name and abbreviation of the guide's table of date parts, with the part it means."""


def part_of(node: exp.Expr) -> str:
    """Return the date part that a word or a string names."""
    word = node.name.lower()
    simple = isinstance(node, exp.Literal | exp.Var) or (
        isinstance(node, exp.Column) and len(node.parts) == 1
    )
    if not simple or word not in PARTS:
        raise StatementError(f'date part "{word}" not recognized')
    return PARTS[word]


def moment(node: exp.Expr, scope: Scope, untyped: RedshiftType = TIMESTAMP) -> Compiled:
    """Compile an argument that must be a date or timestamp; untyped text is a timestamp."""
    value = compile_expression(node, scope)
    if value.type == UNKNOWN:
        return coerce(value, untyped)
    if not value.type.is_moment:
        raise StatementError(f"{value.type.spelled} is not a date or timestamp")
    return value


def without_zone(value: Compiled) -> Compiled:
    """Return the moment as a timestamp in UTC without a zone."""
    return cast(value, TIMESTAMP)
