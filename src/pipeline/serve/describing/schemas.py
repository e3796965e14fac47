"""Schemas of the endpoint's answers, strict: an answer with anything else in it is a fault."""

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.catalogue import Column, EventType
from pipeline.serve.asking.contract import EXPORT_FORMATS, SIGNED, STATS
from pipeline.serve.asking.filters import OPERATORS
from pipeline.serve.asking.moments import INTERVALS
from pipeline.serve.asking.question import OWN_FIELDS
from pipeline.serve.telling.record import ARRIVAL, CORRELATED, ENVELOPE, JUDGEMENT
from pipeline.serve.telling.state import COUNTS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
TRUTH: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
DIGEST: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
KINDS: Mapping[str, Schema] = {
    "string": TEXT,
    "integer": {"type": "integer", "format": "int64"},
    "number": {"type": "number", "format": "double"},
    "boolean": TRUTH,
    "timestamp": MOMENT,
}
OWN: Mapping[str, Schema] = {
    "as_of": MOMENT | {"description": "When the warehouse was asked"},
    "data_version": COUNT | {"description": "Number of the latest load that is in the answer"},
    "stale": TRUTH | {"description": "A kept answer, since the warehouse could not be asked"},
}
NAME = TEXT | {"minLength": 1}


def record(
    properties: Mapping[str, Mapping[str, Any]], optional: Iterable[str] = (), **more: Any
) -> Schema:
    """Describe an object that has these members, some of them only at times, and no others."""
    required = [name for name in properties if name not in set(optional)]
    fixed = {"properties": dict(properties), "required": required, "additionalProperties": False}
    return {"type": "object", **fixed, **more}


def listed(items: Schema, **more: Any) -> Schema:
    """Describe an array."""
    return {"type": "array", "items": items, **more}


def one_of(values: Iterable[str], **more: Any) -> Schema:
    """Describe a choice of texts."""
    return {"type": "string", "enum": list(values), **more}


def nullable(schema: Mapping[str, Any]) -> Schema:
    """Let a schema admit null too."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    widened = {**schema, "type": [*types, "null"]}
    if "enum" in schema:
        widened["enum"] = [*schema["enum"], None]
    return widened


def refer(name: str, section: str = "schemas") -> Schema:
    """Refer to a component."""
    return {"$ref": f"#/components/{section}/{name}"}


def column_of(column: Column) -> Schema:
    """Describe the values of a column in answers."""
    described = {**KINDS[column.kind], "description": column.description}
    return nullable({name: value for name, value in described.items() if value})


def row_of(event_type: EventType) -> Schema:
    """Describe one row of the answers about a type, which has the dimensions of `group_by`."""
    dimensions = {column.name: column_of(column) for column in event_type.dimensions}
    own = {
        "count": COUNT | {"description": "Events of the row"},
        "value": nullable({"type": "number"}),
        "values": COUNT | {"description": "Those that have the measure; without one, all"},
    }
    return record({"bucket": nullable(MOMENT), **dimensions, **own}, optional=dimensions)


def metric_of(event_type: EventType) -> Schema:
    """Describe the answers about a type."""
    names = [column.name for column in event_type.columns]
    dimensions = [column.name for column in event_type.dimensions]
    return record({
        **OWN,
        "truncated": TRUTH | {"description": "There are more rows than `limit`"},
        "type": {"const": event_type.name},
        "measure": nullable(one_of(names)) if names else {"type": "null"},
        "unit": nullable(TEXT),
        "stat": one_of(STATS),
        "interval": one_of(INTERVALS),
        "timezone": TEXT,
        "from": nullable(MOMENT),
        "to": nullable(MOMENT),
        "group_by": listed(one_of(dimensions) if dimensions else TEXT),
        "filter": listed(refer("Term")),
        "order": listed(one_of(order_fields(dimensions))),
        "rows": listed(refer(f"{event_type.name}.row")),
    })  # fmt: skip


def order_fields(dimensions: Iterable[str]) -> list[str]:
    """Name what answers may be ordered by, in both directions."""
    return [f"{sign}{name}" for name in (*OWN_FIELDS, *dimensions) for sign in ("", "-")]


TERM = record({"name": NAME, "operator": one_of(OPERATORS.values()), "values": listed(TEXT)})
PROBLEM = record(
    {
        "type": {"type": "string", "format": "uri-reference"},
        "title": NAME,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TEXT,
        "parameter": TEXT | {"description": "The parameter at fault"},
    },
    optional=("detail", "parameter"),
    description="A problem of RFC 9457",
)
COLUMN = record(
    {
        "name": NAME,
        "kind": one_of(KINDS),
        "description": TEXT,
        "unit": TEXT,
        "values": listed(TEXT),
    },
    optional=("description", "unit", "values"),
)
PANEL = record(
    {
        "title": NAME,
        "chart": one_of(("lines", "table")),
        "measure": NAME,
        "stat": one_of(STATS),
        "interval": one_of((*INTERVALS, "auto")),
        "group_by": listed(NAME),
        "order": NAME,
        "limit": COUNT,
        "at_least": COUNT | {"description": "Rows with a smaller count are not worth showing"},
    },
    optional=("measure", "interval", "group_by", "order", "limit", "at_least"),
)
CATALOGUE = record({
    "as_of": MOMENT,
    "limits": record(dict.fromkeys(
        ("default_rows", "rows", "answer_bytes", "filter_values", "filter_terms", "group_by"), COUNT
    )),
    "types": listed(record({
        "type": NAME,
        "title": NAME,
        "description": TEXT,
        "dimensions": listed(COLUMN),
        "measures": listed(COLUMN),
        "stats": listed(one_of(STATS)),
        "intervals": listed(one_of(INTERVALS)),
        "rollups": listed(listed(NAME)) | {"description": "Sets of dimensions summed up beforehand"},
        "panels": listed(PANEL),
    })),
})  # fmt: skip


def status_of(types: Iterable[str]) -> Schema:
    """Describe the state of the whole pipeline."""
    counts = dict.fromkeys((*COUNTS, "stored"), COUNT)
    latest = dict.fromkeys(("event_time", "received_at", "loaded_at"), nullable(MOMENT))
    return record({
        **OWN,
        "events": record(counts, description="Rows that came to the warehouse, and their fate"),
        "facts": record(dict.fromkeys(types, COUNT), description="Rows of each type's facts"),
        "quarantine": {
            "type": "object",
            "additionalProperties": COUNT,
            "description": "Events in quarantine by reason",
        },
        "freshness": record(latest),
        "in_flight": nullable(record(
            dict.fromkeys(("event_queue", "load_queue"), COUNT),
            description="Messages; null if the queues could not be asked",
        )),
    })  # fmt: skip


def page_of(types: Iterable[str]) -> Schema:
    """Describe a page of events."""
    return record({
        **OWN,
        "type": nullable(one_of(types)),
        "from": nullable(MOMENT),
        "to": nullable(MOMENT),
        "filter": listed(refer("Term")),
        "events": listed(refer("Event.listed")),
        "next": nullable(SIGNED) | {"description": "Where the next page begins; null on the last one"},
        "resume": nullable(SIGNED) | {"description": "Where whatever is loaded later will begin"},
    })  # fmt: skip


def _members(names: Iterable[str]) -> dict[str, Schema]:
    special = {
        "time": MOMENT,
        "received_at": MOMENT,
        "fingerprint": DIGEST,
        "correlation_id": TEXT
        | {"description": "What the answer to its sender had as `x-correlation-id`"},
    }
    return {name: special.get(name, TEXT) for name in names}


DATA = {
    "extensions": {"type": "object"},
    "data": {"type": "object", "description": "Exactly as it was sent"},
}
ABSENT = ("subject", "dataschema", "extensions")
STANDING = record(
    {**_members((*ENVELOPE, *CORRELATED)), **DATA}, optional=(*ABSENT, "correlation_id")
)
LISTED = record(
    {
        "event_key": DIGEST,
        "version": COUNT | {"description": "The load that brought it"},
        **_members(name for name in (*ENVELOPE, *ARRIVAL) if name != "fingerprint"),
        **DATA,
    },
    optional=ABSENT,
)
IDENTITY = ("source", "id", "type", "fingerprint")
QUARANTINED = record(
    {
        **_members((*JUDGEMENT, *IDENTITY, *CORRELATED)),
        "payload": nullable(TEXT) | {"description": "The event as it was sent"},
    },
    optional=(*IDENTITY, *CORRELATED),
)
STEPS: Mapping[str, Mapping[str, Schema]] = {
    "received": {"entrance": TEXT},
    "staged": {"batch_id": TEXT, "object": TEXT | {"description": "Where it lies in the lake"}},
    "prepared": {
        "facts": COUNT | {"description": "Rows of facts of its batch, once they are loaded"}
    },
    "loaded": {"version": COUNT},
    "quarantined": {"reason": TEXT},
}
HISTORY = [
    record({"step": {"const": n}, "at": nullable(MOMENT), **own}, optional=("facts",))
    for n, own in STEPS.items()
]
RECORD = record({
    **OWN,
    "event_key": DIGEST,
    "status": one_of(("staged", "prepared", "loaded", "quarantined")),
    "history": listed({"oneOf": HISTORY}),
    "quarantined": listed(QUARANTINED),
    "event": {"anyOf": [refer("Event.stored"), {"type": "null"}]},
})  # fmt: skip
STARTED = record({
    "id": SIGNED,
    "status": {"const": "running"},
    "format": one_of(EXPORT_FORMATS),
    "location": NAME,
    "expires_at": MOMENT,
})  # fmt: skip
EXPORT = record(
    {
        "id": SIGNED,
        "status": one_of(("running", "done", "failed")),
        "format": one_of(EXPORT_FORMATS),
        "rows": COUNT,
        "detail": TEXT,
        "files": listed(record({"url": {"type": "string", "format": "uri"}, "bytes": COUNT}))
        | {"description": "Addresses that need no key, for 15 minutes"},
        "expires_at": MOMENT,
    },
    optional=("rows", "detail"),
)
