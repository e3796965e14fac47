"""The rollups of an event type: hours summed up beforehand, written by loads and read by answers.

Each set of dimensions that the catalogue declares is a *slice* of the rollup: one row for every hour
and every combination of the set's values. A row holds what merges: counts, sums, least and greatest
values. The *histogram* beside it holds, for measures that ask for percentiles, how often each value
occurred, to three significant digits; that merges too.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from pipeline.catalogue import Column, EventType
from pipeline.sql import quoted

# Part of the tables' names: raise it when the meaning of their columns changes.
LAYOUT = 1
# Names that begin with an underscore can never be those of the catalogue's columns.
HOUR, SLICE, EVENTS, MEASURE, VALUE = "_hour", "_slice", "_events", "_measure", "_value"
DIGITS = 3
# Below it a value counts as 0 in percentiles: POWER would overflow on the way.
LEAST = 300


def total_of(measure: Column) -> str:
    """Name the column of a rollup that holds the sum of a measure."""
    return f"_sum_{measure.name}"


def count_of(measure: Column) -> str:
    """Name the column that holds how many events have a measure."""
    return f"_count_{measure.name}"


def least_of(measure: Column) -> str:
    """Name the column that holds the least value of a measure."""
    return f"_min_{measure.name}"


def greatest_of(measure: Column) -> str:
    """Name the column that holds the greatest value of a measure."""
    return f"_max_{measure.name}"


def summed(measure: Column) -> str:
    """Write what is added up: integers as NUMERIC, whose sums cannot overflow."""
    name = quoted(measure.name)
    return f"CAST({name} AS NUMERIC(38, 0))" if measure.kind == "integer" else name


def rounded(measure: Column) -> str:
    """Write a measure to three significant digits, which is what percentiles are told from.

    A whole number below 1,000 stays as it is; the error is at most 0.5 %.
    """
    value = f"CAST({quoted(measure.name)} AS DOUBLE PRECISION)"
    shift = f"FLOOR(LOG(ABS({value})))"
    return (
        f"CASE WHEN {value} IS NULL THEN NULL"
        f" WHEN ABS({value}) < POWER(10, -{LEAST}) THEN 0"
        f" WHEN {shift} < {DIGITS}"
        f" THEN FLOOR({value} * POWER(10, {DIGITS - 1} - {shift}) + 0.5) / POWER(10, {DIGITS - 1} - {shift})"
        f" ELSE FLOOR({value} / POWER(10, {shift} - {DIGITS - 1}) + 0.5) * POWER(10, {shift} - {DIGITS - 1})"
        " END"
    )


@dataclass(frozen=True)
class Rollup:
    """The rollup and the histogram of one event type."""

    event_type: EventType

    @cached_property
    def dimensions(self) -> tuple[Column, ...]:
        """Dimensions of any slice, in the catalogue's order."""
        named = {name for names in self.event_type.rollups for name in names}
        return tuple(column for column in self.event_type.dimensions if column.name in named)

    @cached_property
    def distributed(self) -> tuple[Column, ...]:
        """Measures whose distribution is kept."""
        return tuple(column for column in self.event_type.measures if column.percentiles)

    def slice_of(self, names: Collection[str]) -> int:
        """Return the number of a slice, a bit for each dimension that it lacks: GROUPING_ID."""
        bits = ("0" if column.name in names else "1" for column in self.dimensions)
        return int("".join(bits) or "0", 2)

    def smallest(self, needed: Collection[str]) -> tuple[str, ...] | None:
        """Find the declared set with the fewest dimensions that has all of these."""
        fit = [names for names in self.event_type.rollups if set(needed) <= set(names)]
        return min(fit, key=len, default=None)

    @cached_property
    def table(self) -> str:
        """Name of the rollup: another definition is another table, so none is ever half filled."""
        return self._named("rollup")

    @cached_property
    def histogram(self) -> str:
        """Name of the histogram."""
        return self._named("histogram")

    def definitions(self) -> list[str]:
        """Define the columns of the rollup beside hour, slice and events."""
        measures = (definition for m in self.event_type.measures for definition in _measured(m))
        return [*self.dimension_definitions(), *measures]

    def dimension_definitions(self) -> list[str]:
        """Define the columns of the dimensions."""
        return [f"{quoted(c.name)} {c.sql_type}" for c in self.dimensions]

    def _named(self, what: str) -> str:
        own = [LAYOUT, self.event_type.rollups, self.definitions()]
        own.append([measure.name for measure in self.distributed])
        mark = sha256(json.dumps(own).encode()).hexdigest()[:8]
        return f"{what}_{self.event_type.table.removeprefix('facts_')}_{mark}"


def _measured(measure: Column) -> Iterator[str]:
    total = "NUMERIC(38, 0)" if measure.kind == "integer" else measure.sql_type
    yield f"{count_of(measure)} BIGINT"
    yield f"{total_of(measure)} {total}"
    yield f"{least_of(measure)} {measure.sql_type}"
    yield f"{greatest_of(measure)} {measure.sql_type}"
