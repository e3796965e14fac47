"""The OpenAPI document, made of the contract and the catalogue that the reader itself goes by."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline import __version__
from pipeline.catalogue import EventType
from pipeline.serve.asking.contract import ROUTES, Route
from pipeline.serve.describing import responses, schemas, sending
from pipeline.serve.describing.parameters import (
    IF_NONE_MATCH,
    Described,
    described,
    export_of_events,
    export_of_metric,
    of_events,
    of_metric,
)
from pipeline.serve.describing.schemas import Schema, refer

Operation = dict[str, Any]

METRIC = "/v1/metrics/{type}"
LISTING = ("GET", "/v1/events")
NAMES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("GET", "/"): ("get_dashboard", "documents"),
    ("GET", "/openapi.json"): ("get_description", "documents"),
    ("POST", "/v1/events"): ("send_events", "events"),
    ("GET", "/v1/events"): ("list_events", "events"),
    ("GET", "/v1/events/{event_key}"): ("get_event", "events"),
    ("GET", "/v1/metrics"): ("list_metrics", "metrics"),
    ("GET", METRIC): ("get_metric", "metrics"),
    ("GET", "/v1/status"): ("get_status", "status"),
    ("POST", "/v1/exports"): ("start_export", "exports"),
    ("GET", "/v1/exports/{export_id}"): ("get_export", "exports"),
}
TAGS = {
    "metrics": "Statistics of events",
    "events": "Events, sent and as they are stored",
    "exports": "Results too large for an answer",
    "status": "What came in, and how fresh it is",
    "documents": "For people and for code generators",
}
HOW_TO_SEND = """\
Events are CloudEvents 1.0, as one (structured mode), as an array (batch mode), or in binary mode: \
the body is `data` as application/json and the headers `ce-specversion`, `ce-id`, `ce-source`, \
`ce-type` and so on are the attributes, percent-encoded. An event whose data break the schema of \
its type is kept in quarantine, and the answer says where and why. Sources that other entrances \
use are refused with 403."""
HOW_TO_EXPORT = """\
The body asks as the parameters of GET /v1/metrics/{type} do with `of: metrics`, and as those of \
GET /v1/events do with `of: events`. The answer tells where to look how far the export is."""


def _body(description: str, contents: Mapping[str, Schema]) -> Operation:
    content = {media_type: {"schema": schema} for media_type, schema in contents.items()}
    return {"description": description, "requestBody": {"required": True, "content": content}}


BODIES = {
    ("POST", "/v1/events"): _body(HOW_TO_SEND, {
        "application/cloudevents+json": refer("Event"),
        "application/cloudevents-batch+json": refer("Batch"),
        "application/json": {"anyOf": [refer("Event"), refer("Batch")]},
    }),
    ("POST", "/v1/exports"): _body(HOW_TO_EXPORT, {"application/json": refer("Export.request")}),
}  # fmt: skip


def openapi(catalogue: Mapping[str, EventType], address: str) -> dict[str, Any]:
    """Describe the whole endpoint, which has its paths below an address, in OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for path, method, operation in _operations(catalogue):
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Events to endpoints",
            "version": __version__,
            "summary": "Statistics of events, and the events themselves",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        # Paths are appended to it as they are, so it ends without a slash: nothing that is
        # relative to this document could.
        "servers": [{"url": address}],
        "security": [{"api_key": []}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": _schemas(catalogue),
            "responses": responses.SHARED,
            "headers": responses.HEADERS,
            "securitySchemes": {"api_key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }


def _operations(catalogue: Mapping[str, EventType]) -> Iterator[tuple[str, str, Operation]]:
    for route in ROUTES:
        if route.path == METRIC:
            for event_type in catalogue.values():
                path = route.path.replace("{type}", event_type.name)
                yield path, "get", _metric(route, event_type)
        elif (route.method, route.path) == LISTING:
            yield route.path, "get", _operation(route, of_events(catalogue))
        else:
            yield route.path, route.method.lower(), _operation(route, described(route.parameters))


def _operation(route: Route, parameters: list[Described]) -> Operation:
    name, tag = NAMES[route.method, route.path]
    operation: Operation = {
        "operationId": name,
        "tags": [tag],
        "summary": route.summary,
        "responses": responses.of(route),
    }
    if "304" in operation["responses"]:
        parameters = [*parameters, IF_NONE_MATCH]
    if parameters:
        operation["parameters"] = parameters
    if not route.needs_key:
        operation["security"] = []
    return operation | BODIES.get((route.method, route.path), {})


def _metric(route: Route, event_type: EventType) -> Operation:
    own = {"description": event_type.description} if event_type.description else {}
    return {
        "operationId": "get_metric_" + event_type.table.removeprefix("facts_"),
        "tags": [NAMES[route.method, route.path][1]],
        "summary": f"{event_type.title}: a statistic",
        **own,
        "parameters": [*of_metric(event_type), IF_NONE_MATCH],
        "responses": responses.of(route, refer(f"{event_type.name}.metric")),
    }


def _schemas(catalogue: Mapping[str, EventType]) -> dict[str, Schema]:
    shared = {
        "Problem": schemas.PROBLEM,
        "EventProblem": sending.EVENT_PROBLEM,
        "Catalogue": schemas.CATALOGUE,
        "Term": schemas.TERM,
        "Status": schemas.status_of(catalogue),
        "Page": schemas.page_of(catalogue),
        "Record": schemas.RECORD,
        "Event.stored": schemas.STANDING,
        "Event.listed": schemas.LISTED,
        "Outcome": sending.OUTCOME,
        "Receipt": sending.RECEIPT,
        "Export": schemas.EXPORT,
        "Export.started": schemas.STARTED,
    }
    typed = (_typed(event_type) for event_type in catalogue.values())
    named = {name: schema for described in typed for name, schema in described.items()}
    return {**shared, **sending.events_of(catalogue), **named, **_exports(catalogue)}


def _typed(event_type: EventType) -> dict[str, Schema]:
    return {
        f"{event_type.name}.row": schemas.row_of(event_type),
        f"{event_type.name}.metric": schemas.metric_of(event_type),
        f"{event_type.name}.export": export_of_metric(event_type),
    }


def _exports(catalogue: Mapping[str, EventType]) -> dict[str, Schema]:
    choices = [refer("Export.events"), *(refer(f"{name}.export") for name in catalogue)]
    return {"Export.events": export_of_events(catalogue), "Export.request": {"oneOf": choices}}
