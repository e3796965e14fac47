"""What a file of the catalogue says of aggregates: rollups, and what the dashboard shows."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.catalogue.columns import Column
from pipeline.errors import CatalogueError

MAX_ROLLUPS = 8  # each is one more aggregation of every hour that a load touches


def read_rollups(
    file: str, schema: Mapping[str, Any], columns: Sequence[Column]
) -> tuple[tuple[str, ...], ...]:
    """Read the sets of dimensions by which hours are summed up beforehand; none is always one.

    Without `x-rollups` it is each dimension with few values: an enumeration or a boolean.
    """
    dimensions = {column.name: column for column in columns if column.role == "dimension"}
    few = [[c.name] for c in dimensions.values() if c.values or c.kind == "boolean"]
    declared = schema.get("x-rollups", few[: MAX_ROLLUPS - 1])
    if not isinstance(declared, list) or not all(isinstance(names, list) for names in declared):
        raise CatalogueError(f'{file}: "x-rollups" must be a list of lists of dimensions')
    found = dict.fromkeys([(), *(tuple(names) for names in declared)])
    for names in found:
        if not set(names) <= set(dimensions) or len(set(names)) < len(names):
            raise CatalogueError(f'{file}: "x-rollups" names what is no dimension, or one twice')
    if len(found) > MAX_ROLLUPS:
        raise CatalogueError(f'{file}: "x-rollups" may have {MAX_ROLLUPS - 1} sets')
    return tuple(found)


def read_panels(
    file: str, schema: Mapping[str, Any], columns: Sequence[Column]
) -> tuple[Mapping[str, Any], ...]:
    """Read what the dashboard shows of this type."""
    names = {role: {c.name for c in columns if c.role == role} for role in ("dimension", "measure")}
    panels = schema.get("x-panels", [])
    for place, panel in enumerate(panels):
        known = (
            panel.get("title")
            and panel.get("chart") in ("lines", "table")
            and {panel.get("measure")} - {None} <= names["measure"] | names["dimension"]
            and set(panel.get("group_by", [])) <= names["dimension"]
        )
        if not known:
            reason = "needs a title, a chart, and names of this type only"
            raise CatalogueError(f"{file}: x-panels[{place}] {reason}")
    return tuple(panels)
