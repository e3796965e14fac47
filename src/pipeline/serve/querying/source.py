"""Where an answer is computed from: the smallest rollup that has all it needs, or the facts."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.catalogue import Column
from pipeline.rollups import (
    EVENTS,
    HOUR,
    MEASURE,
    SLICE,
    VALUE,
    Rollup,
    count_of,
    greatest_of,
    least_of,
    rounded,
    summed,
    total_of,
)
from pipeline.serve.asking.contract import PERCENTILES
from pipeline.serve.asking.moments import is_whole_hour
from pipeline.serve.asking.question import Question
from pipeline.serve.asking.zones import UTC_NAME, has_whole_hours
from pipeline.sql import quoted

# What the warehouse says of a table that a deployment has dropped or not made yet, or has made and
# not shown to the reader yet; PostgreSQL's words, which Redshift has, perhaps with the schema.
UNREADABLE = (
    r'relation "(?:public\.)?{0}" does not exist',
    r'permission denied for (?:relation|table) "?(?:public\.)?{0}\b',
)


@dataclass(frozen=True)
class Source:
    """A table, and how it spells what questions are made of.

    `events` is the number of events of a group; the others spell parts of an aggregate of a measure,
    and `filled` how many events have a dimension.
    """

    table: str
    time: str
    events: str
    counted: Callable[[Column], str]
    total: Callable[[Column], str]
    least: Callable[[Column], str]
    greatest: Callable[[Column], str]
    value: Callable[[Column], str]
    filled: Callable[[Column], str]
    conditions: tuple[str, ...] = ()


def facts(question: Question) -> Source:
    """Compute from the facts themselves, which can answer everything."""
    return Source(
        table=quoted(question.event_type.table),
        time='"time"',
        events="COUNT(*)",
        counted=lambda measure: f"COUNT({quoted(measure.name)})",
        total=lambda measure: f"SUM({summed(measure)})",
        least=lambda measure: f"MIN({quoted(measure.name)})",
        greatest=lambda measure: f"MAX({quoted(measure.name)})",
        value=rounded,
        filled=lambda dimension: f"COUNT({quoted(dimension.name)})",
    )


def choose(question: Question) -> Source:
    """Choose the source that has the fewest rows to read."""
    rollup = Rollup(question.event_type)
    names = rollup.smallest(_needed(question))
    if names is None or not _keeps(question, rollup) or not _in_whole_hours(question):
        return facts(question)
    slice_ = f"{SLICE} = {rollup.slice_of(names)}"
    if question.stat not in PERCENTILES:
        return _summed_up(rollup.table, (slice_,))
    assert question.measure is not None  # noqa: S101 (a percentile has one)
    of_measure = f"{MEASURE} = '{question.measure.name}'"
    return _summed_up(rollup.histogram, (slice_, of_measure))


def instead_of(source: Source, question: Question) -> Source | None:
    """Return the facts for a rollup that may not be there (yet), None for the facts themselves."""
    always = facts(question)
    return None if source.table == always.table else always


def is_unreadable(table: str, error: str) -> bool:
    """Tell whether a statement failed since this (quoted) table of a rollup is not there to be read.

    A deployment that changes a rollup takes a while to fill the new one; the facts have it all.
    """
    name = re.escape(table.strip('"'))
    return any(re.search(pattern.format(name), error) for pattern in UNREADABLE)


def _summed_up(table: str, conditions: tuple[str, ...]) -> Source:
    return Source(
        table=quoted(table),
        time=HOUR,
        events=f"COALESCE(SUM({EVENTS}), 0)",
        counted=lambda measure: f"COALESCE(SUM({count_of(measure)}), 0)",
        total=lambda measure: f"SUM({total_of(measure)})",
        least=lambda measure: f"MIN({least_of(measure)})",
        greatest=lambda measure: f"MAX({greatest_of(measure)})",
        value=lambda _: VALUE,
        filled=_filled,
        conditions=conditions,
    )


def _filled(dimension: Column) -> str:
    known = f"{quoted(dimension.name)} IS NOT NULL"
    return f"COALESCE(SUM(CASE WHEN {known} THEN {EVENTS} END), 0)"


def _needed(question: Question) -> set[str]:
    """Name the columns that a row must still have: groups, filters, and what is told apart."""
    needed = {column.name for column in question.group_by}
    needed |= {term.column.name for term in question.terms}
    if question.stat == "distinct" and question.measure:
        needed.add(question.measure.name)
    return needed


def _keeps(question: Question, rollup: Rollup) -> bool:
    return question.stat not in PERCENTILES or question.measure in rollup.distributed


def _in_whole_hours(question: Question) -> bool:
    ends = [moment for moment in (question.start, question.end) if moment]
    zone = question.timezone == UTC_NAME or has_whole_hours(question.timezone)
    return question.interval != "minute" and zone and all(is_whole_hour(end) for end in ends)
