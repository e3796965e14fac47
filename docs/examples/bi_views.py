"""Print the SQL of views for BI tools: one of the facts of each type, one of each rollup.

A view bound late lets deployments widen and drop what it reads, and follows none of it: run this
again, in one transaction, after a deployment that changed the catalogue.
"""

import sys
from collections.abc import Iterable, Iterator

from pipeline.catalogue import EventType, load_catalogue
from pipeline.rollups import (
    EVENTS,
    HOUR,
    SLICE,
    Rollup,
    count_of,
    greatest_of,
    least_of,
    total_of,
)
from pipeline.sql import quoted

USER, SCHEMA = "bi_reader", "bi"
SUMMED = (count_of, total_of, least_of, greatest_of)


def views(event_type: EventType) -> Iterator[str]:
    """Yield the statements for one event type."""
    name = event_type.table.removeprefix("facts_")
    own = [quoted(column.name) for column in (*event_type.dimensions, *event_type.measures)]
    yield from _view(name, ["event_key", '"time"', *own], f"public.{event_type.table}")
    rollup = Rollup(event_type)
    summed = [of(measure) for measure in event_type.measures for of in SUMMED]
    for names in event_type.rollups:
        yield from _view(
            f"{name}_by_{'_'.join(names) or 'hour'}",
            [HOUR, *map(quoted, names), EVENTS, *summed],
            f"public.{rollup.table} WHERE {SLICE} = {rollup.slice_of(names)}",
        )


def _view(name: str, columns: Iterable[str], source: str) -> Iterator[str]:
    view, listed = f"{SCHEMA}.{name}", ", ".join(columns)
    yield f"DROP VIEW IF EXISTS {view}"
    yield f"CREATE VIEW {view} AS SELECT {listed} FROM {source} WITH NO SCHEMA BINDING"
    yield f"GRANT SELECT ON {view} TO {USER}"


if __name__ == "__main__":
    for one in load_catalogue().values():
        sys.stdout.writelines(f"{statement};\n" for statement in views(one))
