"""The bill: each line's cost at both bounds, and the warehouse's ceilings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from local.cost.assumptions import Assumptions
from local.cost.prices import Prices
from local.cost.system import System
from local.cost.traffic import Bound, Traffic
from local.cost.usage import DAYS, HOURS, STOPS, Use, uses


@dataclass(frozen=True)
class Span:
    """What something costs at least and at most, in US dollars a month."""

    least: Decimal = Decimal(0)
    most: Decimal = Decimal(0)

    def __add__(self, other: "Span") -> "Span":
        return Span(self.least + other.least, self.most + other.most)


Bill = Mapping[str, Span]


def bill(system: System, traffic: Traffic, assumed: Assumptions, prices: Prices) -> Bill:
    """Price a month, line by line."""
    least, most = (_lines(uses(system, traffic, assumed, bound), prices) for bound in Bound)
    return {line: Span(least[line], most[line]) for line in least}


def total(lines: Bill) -> Span:
    """Sum up a bill."""
    return sum(lines.values(), Span())


def ceilings(system: System, prices: Prices) -> list[str]:
    """Tell what the warehouse's RPU-hours can cost, whatever comes."""
    price = prices["redshift-rpu-hour"]
    most = price.cost(system.max_capacity * HOURS)
    grown = (
        f"RPU-hours are counted at BaseCapacity={system.base_capacity}. A busy warehouse grows, to"
        f" MaxCapacity={system.max_capacity} at most: ${most:,.0f} a month if it never rested."
    )
    if not system.usage_limit:
        return [grown, "UsageLimitRpuHours=0 sets no limit to the RPU-hours of a day."]
    limit = price.cost(system.usage_limit * DAYS)
    ends = (
        "the warehouse refuses everything, loads too, until the day is over"
        if system.usage_action == STOPS
        else f"it is only told ({system.usage_action}) and the bill goes on"
    )
    reached = f"UsageLimitRpuHours={system.usage_limit} a day are ${limit:,.0f} a month"
    return [grown, f"{reached}; once a day's are used up, {ends}."]


def _lines(used: Iterable[Use], prices: Prices) -> dict[str, Decimal]:
    lines: dict[str, Decimal] = {}
    for use in used:
        cost = prices[use.price].cost(use.quantity)
        lines[use.line] = lines.get(use.line, Decimal(0)) + cost
    return lines
