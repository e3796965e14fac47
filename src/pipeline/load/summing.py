"""The statements that sum facts up into rollups: of the hours that a load touches, or of all."""

from collections.abc import Callable

from pipeline.catalogue import EventType
from pipeline.rollups import (
    HOUR,
    MEASURE,
    VALUE,
    Rollup,
    count_of,
    greatest_of,
    least_of,
    rounded,
    summed,
    total_of,
)
from pipeline.sql import quoted, statement


def refresh_rollups(event_type: EventType, new: str) -> list[str]:
    """Sum up anew the hours of the rows in the (quoted) temporary table `new`, after their merge."""
    rollup, within = Rollup(event_type), statement("load/touched_hours", new=new)
    return [
        sql
        for table, fill in _parts(rollup)
        for sql in (
            statement("load/delete_rollup", rollup=quoted(table), new=new),
            fill(rollup, within),
        )
    ]


def fill_rollups(event_type: EventType) -> list[str]:
    """Create the tables of a rollup and fill them from all facts."""
    rollup = Rollup(event_type)
    creators = {rollup.table: _create_rollup, rollup.histogram: _create_histogram}
    return [
        sql for table, fill in _parts(rollup) for sql in (creators[table](rollup), fill(rollup, ""))
    ]


def rollup_tables(event_type: EventType) -> list[str]:
    """Name the tables that an event type's rollup has."""
    return [table for table, _ in _parts(Rollup(event_type))]


def _parts(rollup: Rollup) -> list[tuple[str, Callable[[Rollup, str], str]]]:
    histogram = [(rollup.histogram, _insert_histogram)] if rollup.distributed else []
    return [(rollup.table, _insert_rollup), *histogram]


def _create_rollup(rollup: Rollup) -> str:
    columns = _listed(rollup.definitions())
    return statement("schema/create_rollup", rollup=quoted(rollup.table), columns=columns)


def _create_histogram(rollup: Rollup) -> str:
    columns = _listed(rollup.dimension_definitions())
    name = quoted(rollup.histogram)
    return statement("schema/create_histogram", histogram=name, columns=columns)


def _insert_rollup(rollup: Rollup, within: str) -> str:
    dimensions = _dimensions(rollup)
    names, values = [*dimensions], [*dimensions]
    for measure in rollup.event_type.measures:
        column = quoted(measure.name)
        names += [count_of(measure), total_of(measure), least_of(measure), greatest_of(measure)]
        values += [f"COUNT({column})", f"SUM({summed(measure)})", f"MIN({column})"]
        values.append(f"MAX({column})")
    return statement(
        "load/insert_rollup",
        rollup=quoted(rollup.table),
        table=quoted(rollup.event_type.table),
        names=_listed(names),
        values=_listed(values),
        slice=_slice(rollup),
        grouping=_grouping(rollup, HOUR),
        within=within,
    )


def _insert_histogram(rollup: Rollup, within: str) -> str:
    names = _listed(_dimensions(rollup))
    measured = (
        statement(
            "load/measured",
            measure=measure.name,
            value=rounded(measure),
            names=names,
            table=quoted(rollup.event_type.table),
            within=within,
        )
        for measure in rollup.distributed
    )
    return statement(
        "load/insert_histogram",
        histogram=quoted(rollup.histogram),
        names=names,
        slice=_slice(rollup),
        measured="\nUNION ALL\n".join(measured),
        grouping=_grouping(rollup, f"{HOUR}, {MEASURE}, {VALUE}"),
    )


def _dimensions(rollup: Rollup) -> list[str]:
    return [quoted(column.name) for column in rollup.dimensions]


def _listed(parts: list[str]) -> str:
    return "".join(f",\n    {part}" for part in parts)


def _slice(rollup: Rollup) -> str:
    names = ", ".join(_dimensions(rollup))
    return f"GROUPING_ID({names})" if names else "0"


def _grouping(rollup: Rollup, always: str) -> str:
    if not rollup.dimensions:
        return always
    sets = (
        ", ".join([always, *(quoted(name) for name in names)])
        for names in rollup.event_type.rollups
    )
    return f"GROUPING SETS ({', '.join(f'({names})' for names in sets)})"
