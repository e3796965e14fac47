"""Schemas of POST /v1/events: CloudEvents of the catalogue's types, and what their sender is told.

They say in JSON Schema what `pipeline/receive` checks; tests hold the two together.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.catalogue import EventType
from pipeline.serve.describing.schemas import (
    COUNT,
    DIGEST,
    NAME,
    TEXT,
    Schema,
    listed,
    nullable,
    one_of,
    record,
    refer,
)

MAX_EVENTS = 500  # of a batch
MAX_ATTRIBUTE, MAX_ID = 2_048, 255  # characters
# What a URI reference is made of: without its colon at first, so that no scheme is mistaken.
HEX = "%[0-9A-Fa-f]{2}"
PATH = rf"(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=\[\]]|{HEX})*"
FIRST = rf"(?:[A-Za-z0-9\-._~@!$&'()*+,;=\[\]]|{HEX})*"
FRAGMENT = rf"(?:#(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|{HEX})*)?"
URI = rf"^(?:[A-Za-z][A-Za-z0-9+.\-]*:{PATH}|{FIRST}(?:[/?]{PATH})?){FRAGMENT}$"
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]*$"
JSON_TYPE = r"^application/([A-Za-z0-9.+\-]+\+)?json\s*(;.*)?$"

BIGINT = {"minimum": -(2**63), "maximum": 2**63 - 1}
# Keywords whose value holds schemas by name, and those whose value is one schema or a list of them.
NAMED = ("properties", "patternProperties", "definitions")
OWN_WORDS = ("$schema", "$id")  # a component has none of its own
NESTED = ("items", "additionalProperties", "additionalItems", "contains", "not", "if", "then",
          "else", "propertyNames", "allOf", "anyOf", "oneOf")  # fmt: skip


def events_of(catalogue: Mapping[str, EventType]) -> dict[str, Schema]:
    """Describe the events of all types, a batch of them, and the data of each."""
    schemas: dict[str, Schema] = {}
    for name, event_type in catalogue.items():
        schemas[f"{name}.data"] = data_of(event_type)
        schemas[f"{name}.event"] = _event(name)
    names = {name: refer(f"{name}.event")["$ref"] for name in catalogue}
    schemas["Event"] = {
        "oneOf": [{"$ref": address} for address in names.values()],
        "discriminator": {"propertyName": "type", "mapping": names},
    }
    schemas["Batch"] = listed(refer("Event"), minItems=1, maxItems=MAX_EVENTS)
    return schemas


def data_of(event_type: EventType) -> Schema:
    """Write a type's schema, of draft 7, as JSON Schema 2020-12 has it.

    A property that is not required may be null, which says as little as its absence.
    """
    schema = _translated(event_type.schema, f"#/components/schemas/{event_type.name}.data")
    required = schema.get("required", ())
    properties = {
        name: definition if name in required or "type" not in definition else nullable(definition)
        for name, definition in schema.get("properties", {}).items()
    }
    for column in event_type.columns:
        if column.kind == "integer" and not column.computed:
            properties[column.path] = {**BIGINT, **properties[column.path]}
    return {**schema, "properties": properties}


def _event(name: str) -> Schema:
    attribute = {"type": "string", "maxLength": MAX_ATTRIBUTE}
    reference = attribute | {"pattern": URI, "description": "A URI reference"}
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": NAME | {"maxLength": MAX_ID, "pattern": PRINTABLE},
            "source": reference | {"minLength": 1},
            "type": {"const": name},
            "time": {"type": ["string", "null"], "format": "date-time"},
            "subject": nullable(attribute | {"pattern": PRINTABLE}),
            "dataschema": nullable(reference),
            "datacontenttype": nullable({"type": "string", "pattern": JSON_TYPE}),
            "data": refer(f"{name}.data"),
        },
        "propertyNames": {"pattern": "^[a-z0-9]{1,20}$"},
        "additionalProperties": {
            "type": ["string", "number", "boolean", "null"],
            "pattern": PRINTABLE,
            "description": "An extension attribute",
        },
    }


def _translated(schema: Any, root: str) -> Any:
    if isinstance(schema, list):
        return [_translated(one, root) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    known = {word: said for word, said in schema.items() if not word.startswith(("x-", *OWN_WORDS))}
    for keyword in NAMED:
        if keyword in known:
            known[keyword] = {n: _translated(one, root) for n, one in known[keyword].items()}
    for keyword in NESTED:
        if keyword in known:
            known[keyword] = _translated(known[keyword], root)
    if str(known.get("$ref", "")).startswith("#"):
        known["$ref"] = root + known["$ref"][1:]
    if isinstance(known.get("items"), list):
        known["prefixItems"] = known.pop("items")
        known["items"] = known.pop("additionalItems", True)
    return known


OUTCOME = record(
    {
        "index": COUNT | {"description": "Place in the batch, from 0"},
        "status": one_of(("accepted", "quarantined", "rejected")),
        "event_key": DIGEST,
        "reason": NAME,
        "path": TEXT | {"description": "JSON path of the fault"},
        "detail": TEXT,
    },
    optional=("event_key", "reason", "path", "detail"),
)
COUNTS = dict.fromkeys(("accepted", "quarantined", "rejected"), COUNT)
RECEIPT = record({**COUNTS, "events": listed(refer("Outcome"))})
EVENT_PROBLEM = record(
    {
        "title": NAME,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TEXT,
        "code": NAME | {"description": "A stable word for machines"},
        "path": TEXT | {"description": "JSON path of the fault"},
        **COUNTS,
        "events": listed(refer("Outcome")),
    },
    optional=(*COUNTS, "events"),
    description="A problem of RFC 9457 about events; where all were rejected, it says why for each",
)
