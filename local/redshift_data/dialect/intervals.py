"""Interval literals, with a qualifier and without, and INTERVAL_CMP."""

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, expect, text_constant
from local.redshift_data.dialect.expressions import (
    compile_expression,
    redshift_function,
    redshift_keyword,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.temporal import convert
from local.redshift_data.dialect.types import INT4, INTERVAL, RedshiftType, interval_type
from local.redshift_data.errors import NotEmulated, StatementError

_DAY = 86_400_000_000
_MICROSECONDS = {
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": _DAY,
    "week": 7 * _DAY,
}
_MONTHS = {"month": 1, "year": 12}
_UNITS = {
    "s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour", "hr": "hour",
    "d": "day", "w": "week", "mon": "month", "y": "year", "yr": "year",
}  # fmt: skip
_QUANTITY = re.compile(r"([-+]?\d*\.?\d+)\s*([a-z]+)[,\s]*", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(-?\d+)(?:\s+|\s+days?\s+))?(\d+):(\d+)(?::(\d+(?:\.\d+)?))?")
_LARGEST_MONTHS = 2**31 - 1
_LARGEST_MICROSECONDS = 2**63 - 1


@dataclass(frozen=True)
class Duration:
    """What an interval literal says: months and microseconds, which do not convert."""

    months: int = 0
    microseconds: int = 0

    def sql(self) -> str:
        """Return it as an interval of DuckDB's."""
        return f"(to_months({self.months}) + to_microseconds({self.microseconds}))"


def duration(text: str, qualifier: str = "") -> Duration:
    """Read an interval literal; refuses what the guide has no example of."""
    stripped = text.strip()
    if found := re.fullmatch(r"[-+]?\d*\.?\d+", stripped):
        # "If you don't specify a date part, the interval value represents seconds."
        unit = qualifier.rsplit(maxsplit=1)[-1] if qualifier else "SECOND"
        if " " in qualifier:
            raise NotEmulated(f"INTERVAL '{text}' {qualifier}: say which unit")
        return _quantity(Decimal(found.group()), unit.lower(), text)
    if found := re.fullmatch(r"(\d+)-(\d+)", stripped):
        return _in_range(Duration(12 * int(found[1]) + int(found[2])), text)
    if found := _CLOCK.fullmatch(stripped):
        return _in_range(_clock(found, qualifier, text), text)
    return _in_range(_sum_of_quantities(stripped, text), text)


def _sum_of_quantities(stripped: str, text: str) -> Duration:
    months = microseconds = position = 0
    while found := _QUANTITY.match(stripped, position):
        part = _quantity(Decimal(found[1]), _unit(found[2], text), text)
        months, microseconds = months + part.months, microseconds + part.microseconds
        position = found.end()
    if position == 0 and not any(map(str.isdigit, stripped)):
        raise StatementError(f'invalid input syntax for type interval: "{text}"')
    if position == 0:
        raise NotEmulated(f"INTERVAL '{text}'")
    if position < len(stripped):
        clock = _CLOCK.fullmatch(stripped, position)
        if not clock or clock[1]:
            raise NotEmulated(f"INTERVAL '{text}'")
        microseconds += _clock(clock, "", text).microseconds
    return Duration(months, microseconds)


def _unit(word: str, text: str) -> str:
    single = word.lower()
    for unit in (single, single.removesuffix("s")):
        if _UNITS.get(unit, unit) in (*_MICROSECONDS, *_MONTHS):
            return _UNITS.get(unit, unit)
    raise NotEmulated(f"unit {word} in INTERVAL '{text}'")


def _quantity(count: Decimal, unit: str, text: str) -> Duration:
    if unit in _MONTHS:
        if count != int(count):
            raise NotEmulated(f"a fraction of a {unit} in INTERVAL '{text}'")
        return Duration(int(count) * _MONTHS[unit])
    exact = count * _MICROSECONDS[unit]
    return Duration(0, int(exact.to_integral_value(ROUND_DOWN)))


def _clock(found: re.Match[str], qualifier: str, text: str) -> Duration:
    """Read 2:3:4.5, before which may stand days; two numbers are what the qualifier says."""
    days, first, second, third = found.groups()
    if (days or "").startswith("-"):
        raise NotEmulated(f"a negative number of days before a time in INTERVAL '{text}'")
    units = ["hour", "minute", "second"]
    if third is None and qualifier == "MINUTE TO SECOND":
        units = units[1:]
    counts = [Decimal(each) for each in (first, second, third) if each is not None]
    pairs = [(Decimal(days or 0), "day"), *zip(counts, units, strict=False)]
    return Duration(0, sum(_quantity(count, unit, text).microseconds for count, unit in pairs))


def _in_range(found: Duration, text: str) -> Duration:
    if abs(found.months) > _LARGEST_MONTHS or abs(found.microseconds) > _LARGEST_MICROSECONDS:
        raise StatementError(f'interval field value out of range: "{text}"')
    return found


@redshift_keyword("INTERVAL")
@compile_expression.register
def _interval(node: exp.Interval, scope: Scope) -> Compiled:
    only(node, "this", "unit")
    del scope
    text = text_constant(node.this)
    qualifier = node.args.get("unit")
    if qualifier is None:
        return Compiled(duration(text).sql(), INTERVAL, text)
    return _qualified(text, interval_type(qualifier), qualifier.name)


def _qualified(text: str, type_: RedshiftType, qualifier: str) -> Compiled:
    found = duration(text, qualifier)
    if type_.name == "intervaly2m":
        if found.microseconds:
            raise NotEmulated(f"INTERVAL '{text}' {qualifier} with days or times")
        return Compiled(convert(f"CAST({found.months} AS INTEGER)", type_, type_), type_)
    if found.months:
        raise StatementError(
            "Interval Day To Second literal cannot contain year-month parts. Disable the GUC "
            "interval_forbid_composite_literals to suppress this error and silently discard "
            "the year-month part."
        )
    return Compiled(convert(f"CAST({_rounded(found, type_)} AS BIGINT)", type_, type_), type_)


def _rounded(found: Duration, type_: RedshiftType) -> int:
    """Round to the digits of a second that the qualifier names."""
    unit = Decimal(10 ** (6 - type_.scale)) if type_.scale else Decimal(1)
    return int((found.microseconds / unit).to_integral_value(ROUND_HALF_UP) * unit)


@redshift_function("INTERVAL_CMP")
def _interval_cmp(arguments: Arguments, scope: Scope) -> Compiled:
    expect("INTERVAL_CMP", arguments, 2)
    del scope
    first, second = (duration(_literal(argument)) for argument in arguments)
    return Compiled(f"CAST({_order(first, second)} AS INTEGER)", INT4)


def _literal(node: exp.Expr) -> str:
    if isinstance(node, exp.Interval) and not node.args.get("unit"):
        return text_constant(node.this)
    return text_constant(node)


def _order(first: Duration, second: Duration) -> int:
    """Compare, where it is the same with months of 28 days and of 31."""
    orders = set()
    for days in (28, 31):
        left, right = (each.months * days * _DAY + each.microseconds for each in (first, second))
        orders.add((left > right) - (left < right))
    if len(orders) > 1:
        raise NotEmulated("INTERVAL_CMP of months with a number of days")
    return orders.pop()
