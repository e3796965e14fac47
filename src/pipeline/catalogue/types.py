"""Reads the catalogue's files into event types: columns, thresholds, validators."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import fastjsonschema

from pipeline.catalogue.aggregates import read_panels, read_rollups
from pipeline.catalogue.columns import Column, Kind, Threshold
from pipeline.errors import CatalogueError, MalformedEvent

FOLDER = Path(__file__).parent
TYPE_NAME = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*\Z")
COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
# Every facts table has these columns of its own, and every row of an answer these members.
OWN_COLUMNS = frozenset({"event_key", "fingerprint", "batch_id", "time", "anomalies"})
ANSWER_MEMBERS = frozenset({"bucket", "count", "value", "values"})
MAX_VARCHAR = 65_535  # bytes, Redshift's longest VARCHAR
BIGINT = range(-(2**63), 2**63)
DEFAULT_MAX_LENGTH = 256  # characters of a string without maxLength
UTF8_MAX = 4  # bytes of a character


@dataclass(frozen=True)
class EventType:
    """One event type: its schema and what follows from it."""

    name: str
    title: str
    description: str
    schema: Mapping[str, Any] = field(repr=False)
    columns: tuple[Column, ...]
    rollups: tuple[tuple[str, ...], ...] = ((),)
    panels: tuple[Mapping[str, Any], ...] = ()

    @property
    def table(self) -> str:
        """Name of the facts table."""
        return "facts_" + re.sub(r"[^a-z0-9]", "_", self.name)

    @property
    def dimensions(self) -> tuple[Column, ...]:
        """Columns to group and filter by."""
        return tuple(column for column in self.columns if column.role == "dimension")

    @property
    def measures(self) -> tuple[Column, ...]:
        """Columns to aggregate."""
        return tuple(column for column in self.columns if column.role == "measure")

    def column(self, name: str) -> Column | None:
        """Find a column by name."""
        return next((column for column in self.columns if column.name == name), None)

    @cached_property
    def check(self) -> Callable[[Any], Any]:
        """The compiled schema: compiling costs hundreds of times what checking costs.

        Compiled when the first event of the type comes: a cold start pays for the types that it
        meets, not for all that there are. Raises CatalogueError if it is no JSON Schema.
        """
        try:
            return fastjsonschema.compile(dict(self.schema), use_default=False)
        except fastjsonschema.JsonSchemaDefinitionException as fault:
            raise CatalogueError(f"{self.name}.json: not a JSON Schema: {fault}") from fault

    def validate(self, data: Any) -> None:
        """Check an event's data against the schema.

        Raises MalformedEvent (code SCHEMA or TOO_LONG) with the JSON path of the first fault.
        """
        try:
            self.check(data)
        except fastjsonschema.JsonSchemaValueException as fault:
            raise MalformedEvent("SCHEMA", _json_path(fault), _sentence(fault)) from None
        for column in self._texts:
            value = data.get(column.path)
            if isinstance(value, str) and len(value.encode()) > column.max_bytes:
                raise MalformedEvent(
                    "TOO_LONG",
                    f"$.data.{column.path}",
                    f"must be at most {column.max_bytes} bytes in UTF-8",
                )
        for column in self._integers:
            value = data.get(column.path)
            if isinstance(value, int) and value not in BIGINT:
                raise MalformedEvent("SCHEMA", f"$.data.{column.path}", "must fit in 64 bits")

    @cached_property
    def _integers(self) -> tuple[Column, ...]:
        return tuple(c for c in self.columns if c.kind == "integer" and not c.computed)

    @cached_property
    def _texts(self) -> tuple[Column, ...]:
        return tuple(c for c in self.columns if c.kind == "string" and not c.computed)


def _json_path(fault: fastjsonschema.JsonSchemaValueException) -> str:
    steps = [f"[{s}]" if s.isdecimal() else f".{s}" for s in map(str, fault.path[1:])]
    return "$.data" + "".join(steps)


def _sentence(fault: fastjsonschema.JsonSchemaValueException) -> str:
    # The library's own message begins with the name of the value, which the path already says.
    return str(fault.message).removeprefix(str(fault.name)).strip()


@cache
def load_catalogue(folder: Path = FOLDER) -> Mapping[str, EventType]:
    """Read every `*.json` of the folder; returns event types by name.

    Raises CatalogueError naming the file and the place of the first fault.
    """
    types: dict[str, EventType] = {}
    tables: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        event_type = _read_type(path)
        if other := tables.get(event_type.table):
            raise CatalogueError(f"{path.name}: its table is already that of {other}")
        tables[event_type.table] = path.name
        types[event_type.name] = event_type
    if not types:
        raise CatalogueError(f"{folder} holds no event type")
    return types


def prove_schemas(catalogue: Mapping[str, EventType]) -> None:
    """Compile every schema, so that a broken one ends a deployment and not the first event.

    Raises CatalogueError.
    """
    for event_type in catalogue.values():
        _ = event_type.check


def _read_type(path: Path) -> EventType:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise CatalogueError(f"{path.name}: not JSON: {fault}") from fault
    name = schema.get("$id") if isinstance(schema, dict) else None
    if not isinstance(name, str) or not TYPE_NAME.match(name) or name != path.stem:
        raise CatalogueError(f'{path.name}: "$id" must be the file\'s name, "{path.stem}"')
    columns = tuple(_columns(path.name, schema))
    if schema.get("type") != "object":
        raise CatalogueError(f'{path.name}: "type" must be "object"')
    return EventType(
        name,
        schema.get("title", name),
        schema.get("description", ""),
        schema,
        columns,
        read_rollups(path.name, schema, columns),
        read_panels(path.name, schema, columns),
    )


def _columns(file: str, schema: Mapping[str, Any]) -> Iterator[Column]:
    seen = set(OWN_COLUMNS | ANSWER_MEMBERS)
    for section, computed in (("properties", False), ("x-computed", True)):
        for path, definition in schema.get(section, {}).items():
            if "x-role" not in definition:
                continue
            column = _column(f"{file}: {section}.{path}", path, definition, computed=computed)
            if column.name in seen:
                raise CatalogueError(f"{file}: {section}.{path}: column name is taken")
            seen.add(column.name)
            yield column


def _column(place: str, path: str, definition: Mapping[str, Any], *, computed: bool) -> Column:
    role, kind = definition["x-role"], _kind(place, definition)
    if role not in ("dimension", "measure"):
        raise CatalogueError(f'{place}: "x-role" must be "dimension" or "measure"')
    if role == "measure" and kind not in ("integer", "number"):
        raise CatalogueError(f"{place}: a measure must be an integer or a number")
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", path).lower()
    if not COLUMN_NAME.match(name):
        raise CatalogueError(f"{place}: a column's name must match {COLUMN_NAME.pattern}")
    length = int(definition.get("maxLength", DEFAULT_MAX_LENGTH)) * UTF8_MAX
    bounds = definition.get("x-threshold")
    return Column(
        name=name,
        path=path,
        kind=kind,
        role=role,
        max_bytes=min(length, MAX_VARCHAR),
        description=definition.get("description", ""),
        unit=definition.get("x-unit"),
        computed=computed,
        threshold=Threshold(bounds.get("above"), bounds.get("below")) if bounds else None,
        outliers=bool(definition.get("x-outliers", False)),
        values=tuple(v for v in definition.get("enum", ()) if isinstance(v, str)),
        percentiles=role == "measure" and bool(definition.get("x-percentiles", False)),
    )


def _kind(place: str, definition: Mapping[str, Any]) -> Kind:
    declared = definition.get("type")
    kinds = [k for k in (declared if isinstance(declared, list) else [declared]) if k != "null"]
    if len(kinds) != 1 or kinds[0] not in ("string", "integer", "number", "boolean"):
        raise CatalogueError(f'{place}: "type" must be string, integer, number or boolean')
    if kinds[0] == "string" and definition.get("format") == "date-time":
        return "timestamp"
    kind: Kind = kinds[0]
    return kind
