"""Statistics of groups of records."""

from collections.abc import Callable, Iterable

from local.insights.evaluating import value_of
from local.insights.language import Aggregate, Stats
from local.insights.values import TIME, Record, Value, number_of, place_of

Values = list[Value]
"""The present values of an operand in a group, from the earliest record to the latest."""


def _numbers(values: Values) -> list[int | float]:
    return [number for value in values if (number := number_of(value)) is not None]


def _average(values: Values) -> Value | None:
    numbers = _numbers(values)
    return sum(numbers) / len(numbers) if numbers else None


AGGREGATES: dict[str, Callable[[Values], Value | None]] = {
    "count": len,
    "count_distinct": lambda values: len(set(values)),
    "sum": lambda values: sum(_numbers(values)),
    "avg": _average,
    "min": lambda values: min(values, key=place_of, default=None),
    "max": lambda values: max(values, key=place_of, default=None),
    "earliest": lambda values: values[0] if values else None,
    "latest": lambda values: values[-1] if values else None,
}


def grouped(stats: Stats, records: Iterable[Record]) -> list[Record]:
    """Make a record of each group that has any; a group's absent fields stay absent."""
    groups: dict[tuple[Value | None, ...], list[Record]] = {}
    for record in records:
        key = tuple(value_of(group.operand, record) for group in stats.groups)
        groups.setdefault(key, []).append(record)
    return [_summary(stats, key, members) for key, members in groups.items()]


def _summary(stats: Stats, key: tuple[Value | None, ...], members: list[Record]) -> Record:
    members = sorted(members, key=lambda one: place_of(one.get(TIME)))
    named = {group.name: value for group, value in zip(stats.groups, key, strict=True)}
    named |= {one.name: _aggregate(one, members) for one in stats.aggregates}
    return {name: value for name, value in named.items() if value is not None}


def _aggregate(aggregate: Aggregate, members: list[Record]) -> Value | None:
    operand = aggregate.operand
    if operand is None:
        return len(members)
    values = [value_of(operand, member) for member in members]
    return AGGREGATES[aggregate.function]([value for value in values if value is not None])
