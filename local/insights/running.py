"""Run a query over log events."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from local.insights.evaluating import is_true, value_of
from local.insights.grouping import grouped
from local.insights.language import (
    Command,
    Display,
    Fields,
    Filter,
    Limit,
    Named,
    Order,
    Parse,
    Query,
    Sort,
    Stats,
)
from local.insights.values import (
    POINTER,
    TIME,
    Instant,
    Record,
    Value,
    members_of,
    place_of,
    text_of,
)

DEFAULT_ROWS = 10_000
"""AWS returns so many rows unless the query or its caller says how many."""

_SHOWN_AT_FIRST = (TIME, "@message")

Row = dict[str, str]
"""What an answer shows of a record, in its order; what is absent is left out."""


@dataclass(frozen=True)
class Answer:
    """The rows, and how many log events passed the filters in front of any statistics."""

    rows: list[Row]
    matched: int


@dataclass
class _State:
    """The records so far, and what is shown of them; none said is AWS's choice."""

    records: list[Record]
    shown: tuple[str, ...] = ()
    matched: int = 0
    is_grouped: bool = False


def event_record(message: str, milliseconds: int, **system: Value) -> Record:
    """Make the record of a log event; `system` has its other fields, without their sign."""
    own = {f"@{name}": value for name, value in system.items()}
    return members_of(message) | {"@message": message, TIME: Instant(milliseconds)} | own


def run(query: Query, events: Iterable[Record], most: int | None = None) -> Answer:
    """Run a query; without a sort the newest event is first. `most` limits the rows further."""
    records = sorted(events, key=lambda event: place_of(event.get(TIME)), reverse=True)
    state = _State(records, matched=len(records))
    for command in query:
        _apply(command, state)
    names = state.shown or _SHOWN_AT_FIRST
    if not state.is_grouped:
        names = (*(name for name in names if name != POINTER), POINTER)
    if most is None and not any(isinstance(command, Limit) for command in query):
        most = DEFAULT_ROWS
    return Answer([_row(names, record) for record in state.records[:most]], state.matched)


def _row(names: tuple[str, ...], record: Record) -> Row:
    return {name: text_of(record[name]) for name in names if name in record}


def _apply(command: Command, state: _State) -> None:
    match command:
        case Filter(condition):
            state.records = [one for one in state.records if is_true(condition, one)]
            state.matched = state.matched if state.is_grouped else len(state.records)
        case Fields(shown):
            state.records = [_with(shown, one) for one in state.records]
            state.shown = tuple(dict.fromkeys((*state.shown, *_names(shown))))
        case Parse(operand, pattern):
            state.records = [
                {**one, **_groups(pattern, value_of(operand, one))} for one in state.records
            ]
        case Display(shown):
            state.shown = _names(shown)
        case Stats():
            state.records = grouped(command, state.records)
            state.shown = _names(command.groups) + tuple(one.name for one in command.aggregates)
            state.is_grouped = True
        case Sort():
            state.records = _sorted(command, state.records)
        case Limit(count):
            state.records = state.records[:count]


def _names(shown: tuple[Named, ...]) -> tuple[str, ...]:
    return tuple(one.name for one in shown)


def _with(shown: tuple[Named, ...], record: Record) -> Record:
    values = {one.name: value_of(one.operand, record) for one in shown}
    return {**record, **{name: value for name, value in values.items() if value is not None}}


def _groups(pattern: re.Pattern[str], value: Value | None) -> Record:
    found = None if value is None else pattern.search(text_of(value))
    return {} if not found else {k: v for k, v in found.groupdict().items() if v is not None}


def _sorted(sort: Sort, records: list[Record]) -> list[Record]:
    for order in reversed(sort.orders):
        key = partial(_place, order)
        records = sorted(records, key=key, reverse=order.descending)
    return records


def _place(order: Order, record: Record) -> tuple[Any, ...]:
    return place_of(value_of(order.operand, record))
