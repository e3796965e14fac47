"""The report as Markdown: the bill by requests a second, what one change does, what is assumed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from local.cost.assumptions import Assumptions
from local.cost.bill import Span, bill, ceilings, total
from local.cost.prices import Prices
from local.cost.system import System
from local.cost.traffic import ZERO, Bound, Traffic, flow_of
from local.cost.usage import GB

RATES = (Decimal(0), Decimal(10), Decimal(100), Decimal(1000))
CHANGES = {
    "LoadWindowSeconds": ("60", "300"),
    "BatchWindowSeconds": ("5", "60", "300"),
    "CacheTtlSeconds": ("60", "300", "3600"),
    "BaseCapacity": ("4", "8"),
}
DIALS = (
    "BatchWindowSeconds",
    "LoadWindowSeconds",
    "CacheTtlSeconds",
    "CacheClusterSize",
    "BaseCapacity",
)
NOT_COUNTED = (
    "Not counted: free tiers, taxes, support; cold starts, retries and whatever fails; exports;"
    " calls for secrets and keys, and those of the check on missing events (cents); the warehouse's own logs; snapshots beyond the recovery"
    " points of a day, which are free; traffic above what is stated."
)
TO = "–"  # noqa: RUF001 (what stands between two numbers)
CENT = Decimal("0.01")
HOURS_A_DAY = 24
WHOLE = 100  # from so many dollars on, cents say nothing

Systems = Callable[[Mapping[str, str]], System]


@dataclass(frozen=True)
class Pricing:
    """What a report is made of: `system` makes the system with some parameters changed."""

    name: str
    parameters: Mapping[str, str]
    system: Systems
    traffic: Traffic
    assumed: Assumptions
    prices: Prices


def report(pricing: Pricing) -> str:
    """Write the whole report."""
    system = pricing.system({})
    listed = "\n".join(f"- {note}" for note in notes(pricing, system))
    return f"{tables(pricing)}\n\n{listed}\n"


def tables(pricing: Pricing) -> str:
    """Write the bill and what one change does to its total."""
    dials = ", ".join(f"{name}={pricing.parameters[name]}" for name in DIALS)
    heading = (
        f"US dollars a month for `{pricing.name}` in {pricing.prices.region} by requests a second,"
        f" with {pricing.traffic.events:,} events a second but for idle; prices of"
        f" {pricing.prices.checked}; {dials}:"
    )
    parts = (
        heading,
        _bill_table(pricing),
        "If one thing were changed, the total:",
        _change_table(pricing),
    )
    return "\n\n".join(parts)


def notes(pricing: Pricing, system: System) -> list[str]:
    """Say what limits the bill, what was left out and what is assumed."""
    return [
        *ceilings(system, pricing.prices),
        *_warnings(pricing, system),
        *_about_traffic(pricing.traffic, system),
        *(f"Assumed: {told}." for told in pricing.assumed.told),
        _about_functions(pricing.assumed),
        NOT_COUNTED,
        _about_sources(pricing.prices),
    ]


def money(amount: Decimal) -> str:
    """Write an amount as short as it can be read: no cents where they say nothing."""
    if not amount:
        return "0"
    if amount < CENT:
        return f"<{CENT}"
    return f"{amount:,.0f}" if amount >= WHOLE else f"{amount:,.2f}"


def span(costs: Span) -> str:
    """Write what something costs at least and at most, once if that is the same."""
    least, most = money(costs.least), money(costs.most)
    return least if least == most else f"{least}{TO}{most}"


def columns(traffic: Traffic) -> dict[str, Traffic]:
    """Name what is compared: nothing at all, events alone, and events with requests."""
    idle = replace(traffic, requests=ZERO, events=ZERO)
    rates = {_rate(rate): replace(traffic, requests=rate) for rate in RATES}
    return {"idle": idle, **rates}


def _rate(rate: Decimal) -> str:
    return f"{rate:,}/s" if rate else "events only"


def _bill_table(pricing: Pricing) -> str:
    system = pricing.system({})
    bills = {
        name: bill(system, traffic, pricing.assumed, pricing.prices)
        for name, traffic in columns(pricing.traffic).items()
    }
    names = list(next(iter(bills.values())))
    rows = [[name, *(span(one[name]) for one in bills.values())] for name in names]
    sums = ["**total**", *(f"**{span(total(one))}**" for one in bills.values())]
    return _markdown(["", *bills], [*rows, sums])


def _change_table(pricing: Pricing) -> str:
    compared = columns(pricing.traffic)
    rows = [["as it is", *_totals(pricing, {}, compared.values())]]
    for name, values in CHANGES.items():
        for value in values:
            if value != pricing.parameters[name]:
                changed = {name: value}
                rows.append([f"{name}={value}", *_totals(pricing, changed, compared.values())])
    return _markdown(["", *compared], rows)


def _totals(pricing: Pricing, changed: Mapping[str, str], compared: Iterable[Traffic]) -> list[str]:
    system = pricing.system(changed)
    return [
        span(total(bill(system, traffic, pricing.assumed, pricing.prices))) for traffic in compared
    ]


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table with its columns aligned, the first to the left, numbers to the right."""
    widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(
        f"| {row[0]:<{widths[0]}} | "
        + " | ".join(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        + " |"
        for row in [header, rule, *rows]
    )


def _about_traffic(traffic: Traffic, system: System) -> list[str]:
    kinds = {
        "request": "POST /v1/events",
        "webhook": "webhooks",
        "change": "items of the table",
        "upload": "objects under incoming/",
    }
    entrance = f"Events have {traffic.event_bytes:,} bytes and come in by {kinds[traffic.entrance]}"
    if traffic.entrance != "change":
        entrance += f", {traffic.events_per_delivery:,} in each"
    asked = (
        f"{traffic.questions:,} different questions are asked, all equally often, with answers of"
        f" {traffic.answer_bytes:,} bytes as sent; {_missed(traffic, system)}. All are counted as if"
        " GET /v1/metrics were asked."
    )
    return [
        f"{entrance}, evenly all month; {traffic.months:,} months of them are stored.",
        asked,
    ]


def _missed(traffic: Traffic, system: System) -> str:
    if not system.cache_ttl:
        return "without a cache each request is a miss"
    misses = traffic.questions / system.cache_ttl
    return (
        f"each is a miss once in CacheTtlSeconds={system.cache_ttl} at most, all of them"
        f" {misses:.2f} times a second, the rest are hits"
    )


def _warnings(pricing: Pricing, system: System) -> list[str]:
    traffic, told = pricing.traffic, []
    if system.brought_along:
        told.append(
            "The workgroup is brought along: its capacity is not known here, BaseCapacity stands"
            " for it, and its bill is shared with whatever else uses it."
        )
    if system.cache_size:
        needed = traffic.questions * traffic.answer_bytes / GB
        if needed > Decimal(system.cache_size):
            told.append(
                f"{traffic.questions:,} answers need {needed:,.1f} GB, which CacheClusterSize="
                f"{system.cache_size} has not: there are more misses than these."
            )
    if (most := max(RATES)) > system.requests_per_key:
        told.append(
            f"A key may make {system.requests_per_key:,} requests a second (RequestsPerSecond):"
            f" {most:,} take several keys."
        )
    asked = flow_of(system, replace(traffic, requests=most), pricing.assumed, Bound.MOST)
    if 0 < system.usage_limit < (used := asked.awake * system.base_capacity * HOURS_A_DAY):
        told.append(f"At most {used:,.0f} RPU-hours a day are used here, more than that limit.")
    if asked.misses > asked.reads:
        told.append(
            f"{asked.misses:,.1f} misses a second are more than ReadsPerSecond="
            f"{system.reads_per_second}: the others get the last good answer, or 429."
        )
    return told


def _about_functions(assumed: Assumptions) -> str:
    waits = ", ".join(
        f"{name.removesuffix('Function')} {work.seconds}"
        for name, work in assumed.functions.items()
    )
    return (
        f"Assumed: an invocation waits for others so many seconds: {waits}; what an event takes"
        " of a processor is measured on x86."
    )


def _about_sources(prices: Prices) -> str:
    primary = sorted(name for name, price in prices.table.items() if not price.secondary)
    return (
        f"From AWS itself are the prices of {', '.join(primary)}; all others are from secondary"
        " sources (local/cost/prices.toml): check them before you rely on them."
    )
