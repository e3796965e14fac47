"""Parameters of the contract as OpenAPI tells them: in a query by type, or as members of a body."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.catalogue import EventType
from pipeline.serve.asking.contract import EVENTS, EXPORT_FORMATS, MAX_GROUPS, METRIC, Parameter
from pipeline.serve.asking.listing import COLUMNS
from pipeline.serve.asking.question import OWN_FIELDS
from pipeline.serve.describing.grammar import filter_pattern, list_pattern
from pipeline.serve.describing.schemas import Schema, listed, one_of, order_fields, record

Described = dict[str, Any]

IF_NONE_MATCH: Described = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of an answer that the caller has; it is not sent again",
    "schema": {"type": "string"},
}
# An export has all rows, so it has no pages.
NOT_EXPORTED = ("limit", "cursor", "type", "format")
# How many items a list may have.
MOST = {"group_by": MAX_GROUPS, "order": MAX_GROUPS + len(OWN_FIELDS)}
# What an example asks for; anything else would do.
EXAMPLES = {"from": "2013-01-01", "to": "2013-01-08", "timezone": "America/New_York"}


def described(parameters: Iterable[Parameter]) -> list[Described]:
    """Describe parameters as they stand in the contract."""
    return [_described(one, one.schema) for one in parameters]


def of_events(types: Iterable[str]) -> list[Described]:
    """Describe the parameters of the pages of events."""
    narrowed = _of_listing(types)
    return [_described(one, narrowed.get(one.name, one.schema)) for one in EVENTS]


def of_metric(event_type: EventType) -> list[Described]:
    """Describe the parameters of a type's metric; one with nothing to choose is left out."""
    return list(_of_metric(event_type))


def _of_metric(event_type: EventType) -> Iterator[Described]:
    choices, narrowed = _choices(event_type), _narrowed(event_type)
    examples = _examples(event_type)
    for one in METRIC:
        example = {"example": examples[one.name]} if one.name in examples else {}
        if values := choices.get(one.name):
            several = listed(one_of(values), minItems=1, maxItems=MOST[one.name], uniqueItems=True)
            # One text with commas between the items.
            yield _described(one, several) | {"style": "form", "explode": False} | example
        elif one.place == "query" and (schema := narrowed.get(one.name, one.schema)):
            yield _described(one, schema) | example


def export_of_metric(event_type: EventType) -> Schema:
    """Describe the body that asks for an export of a type's metric."""
    narrowed = _narrowed(event_type)
    for name, values in _choices(event_type).items():
        narrowed[name] = {"type": "string", "pattern": list_pattern(values, MOST[name])}
    members = {one.name: narrowed.get(one.name, one.schema) for one in METRIC}
    return _export("metrics", {"type": {"const": event_type.name}}, members)


def export_of_events(types: Iterable[str]) -> Schema:
    """Describe the body that asks for an export of events."""
    narrowed = _of_listing(types)
    members = {one.name: narrowed.get(one.name, one.schema) for one in EVENTS}
    return _export("events", {"type": narrowed["type"]}, members, optional=("type",))


def _of_listing(types: Iterable[str]) -> dict[str, Schema]:
    return {
        "type": one_of(types),
        "filter": {"type": "string", "pattern": filter_pattern(COLUMNS)},
    }


def _export(
    of: str, type_: Schema, members: Mapping[str, Any], optional: Iterable[str] = ()
) -> Schema:
    asked = {n: dict(schema) for n, schema in members.items() if schema and n not in NOT_EXPORTED}
    format_ = {"format": one_of(EXPORT_FORMATS, default=EXPORT_FORMATS[0])}
    of_ = {"of": {"const": of}}
    return record({**of_, **type_, **asked, **format_}, optional=(*asked, "format", *optional))


def _described(parameter: Parameter, schema: Mapping[str, Any]) -> Described:
    described = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.description,
        "schema": dict(schema),
    }
    example = EXAMPLES.get(parameter.name)
    return {**described, "example": example} if example else described


def _choices(event_type: EventType) -> dict[str, list[str]]:
    """Name what lists are made of."""
    dimensions = [column.name for column in event_type.dimensions]
    grouped = {"group_by": dimensions} if dimensions else {}
    return {**grouped, "order": order_fields(dimensions)}


def _narrowed(event_type: EventType) -> dict[str, Schema]:
    """Narrow parameters to a type; one with nothing to choose is empty."""
    narrowed: dict[str, Schema] = {} if event_type.dimensions else {"group_by": {}}
    if not event_type.columns:
        return {**narrowed, "measure": {}, "filter": {}}
    return {
        **narrowed,
        "measure": one_of(column.name for column in event_type.columns),
        "filter": {"type": "string", "pattern": filter_pattern(event_type.columns)},
    }


def _examples(event_type: EventType) -> dict[str, Any]:
    """Ask something of a type; all of it together is one question."""
    examples: dict[str, Any] = {"order": ["-count"]}
    for dimension in event_type.dimensions[:1]:
        examples["group_by"] = [dimension.name]
    for measure in event_type.measures[:1]:
        examples |= {"measure": measure.name, "filter": f"{measure.name}>=0"}
    return examples
