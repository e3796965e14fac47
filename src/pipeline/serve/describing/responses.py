"""Responses of the endpoint as OpenAPI tells them: contents, headers and problems."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.correlation import FORM, HEADER
from pipeline.serve.asking.contract import Route
from pipeline.serve.describing.schemas import COUNT, MOMENT, TEXT, Schema, refer

Response = dict[str, Any]

END = r"\Z"  # as JSON Schema does not write it

HEADERS: Mapping[str, Mapping[str, Any]] = {
    "Cache-Control": {
        "description": "How long the answer may be kept, in seconds",
        "required": True,
        "schema": {"type": "string", "pattern": "^private, max-age=[0-9]+$"},
    },
    "ETag": {
        "description": "Send it as If-None-Match; a stale answer has none",
        "schema": {"type": "string", "pattern": '^W/"[0-9]+-[0-9a-f]+"$'},
    },
    "As-Of": {
        "description": "When the answer was made",
        "required": True,
        "schema": MOMENT,
    },
    "Data-Version": {
        "description": "Number of the latest load that is in the answer",
        "required": True,
        "schema": COUNT,
    },
    "Truncated": {
        "description": "There are more rows than `limit`",
        "schema": {"const": "true"},
    },
    "Stale": {
        "description": "A kept answer, since the warehouse could not be asked",
        "schema": {"const": "true"},
    },
    "Link": {
        "description": 'Address of the next page, rel="next"',
        "schema": {"type": "string", "pattern": '^<[^>]+>; rel="next"$'},
    },
    "Next-Cursor": {"description": "Where the next page begins", "schema": TEXT},
    "Resume-Cursor": {"description": "Where whatever is loaded later will begin", "schema": TEXT},
    "Content-Security-Policy": {"required": True, "schema": TEXT},
    "X-Content-Type-Options": {"required": True, "schema": {"const": "nosniff"}},
    "Referrer-Policy": {"required": True, "schema": {"const": "no-referrer"}},
    "Location": {"description": "Where to look how far it is", "required": True, "schema": TEXT},
    "Retry-After": {
        "description": "Seconds after which asking again makes sense",
        "schema": COUNT,
    },
    HEADER: {
        "description": "By this id the delivery is found again: in each event's record, in logs and traces",
        "required": True,
        "schema": {"type": "string", "pattern": f"^{FORM.pattern.removesuffix(END)}$"},
    },
}
SECURITY = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy")
CACHING = ("Cache-Control", "ETag", "As-Of")
CURSORS = ("Link", "Next-Cursor", "Resume-Cursor")
PAGE = (*CACHING, *SECURITY)
READ = (*CACHING, "Data-Version", "Stale")

PROBLEMS = {
    400: "The question cannot be answered as asked",
    403: "The API key is missing or wrong",
    404: "There is no such thing here",
    413: "The answer or the body is too large",
    415: "The body is of no kind that is taken",
    429: "Too many questions at once",
    500: "Something failed that is no fault of the question",
    502: "Something failed that is no fault of the question",
    503: "The warehouse could not answer, and no earlier answer is kept",
    504: "The warehouse did not answer in time, and no earlier answer is kept",
}
RETRIED = (429, 503, 504)
EVERYWHERE = (400, 403, 429, 500, 502, 503, 504)


def headers(names: Iterable[str]) -> dict[str, Any]:
    """Refer to headers."""
    return {name: refer(name, "headers") for name in names}


def answer(description: str, contents: Mapping[str, Schema], names: Iterable[str]) -> Response:
    """Describe a response by the schemas of its media types and by its headers."""
    content = {media_type: {"schema": schema} for media_type, schema in contents.items()}
    return {"description": description, "headers": headers(names), "content": content}


def rows(schema: Schema) -> dict[str, Schema]:
    """Describe rows in the formats that `format` chooses from."""
    csv = "A line of names, then a line for each row"
    return {
        "application/json": schema,
        "text/csv": {"type": "string", "description": csv},
        "application/x-ndjson": {"type": "string", "description": "A JSON object a line"},
    }


def _problem(status: int, schemas: Iterable[str] = ("Problem",)) -> Response:
    named = [refer(name) for name in schemas]
    schema = named[0] if len(named) == 1 else {"anyOf": named}
    names = ["Retry-After"] if status in RETRIED else []
    return answer(PROBLEMS[status], {"application/problem+json": schema}, names)


SHARED: dict[str, Response] = {
    **{f"Problem{status}": _problem(status) for status in PROBLEMS},
    "NotModified": {"description": "The caller has this answer", "headers": headers(CACHING)},
}
# What is answered with 200 by each path; a metric's schema is that of its type.
ANSWERS: Mapping[str, tuple[str, Mapping[str, Schema], tuple[str, ...]]] = {
    "/": ("An HTML page that carries all it needs", {"text/html": TEXT}, PAGE),
    "/openapi.json": ("This document", {"application/json": {"type": "object"}}, CACHING),
    "/v1/metrics": (
        "Types, what they have, limits",
        {"application/json": refer("Catalogue")},
        CACHING,
    ),
    "/v1/events": ("A page of events", rows(refer("Page")), (*READ, *CURSORS)),
    "/v1/events/{event_key}": ("The event", {"application/json": refer("Record")}, READ),
    "/v1/status": ("The state of everything", {"application/json": refer("Status")}, READ),
}
EXPORT = {"application/json": refer("Export")}
STARTED = {"application/json": refer("Export.started")}
EVENT_PROBLEMS = (400, 403, 413, 415, 503)


def of(route: Route, schema: Schema | None = None) -> dict[str, Response]:
    """Describe all responses of a route; `schema` is that of a metric's answer."""
    place = (route.method, route.path)
    if place in OTHERS:
        return OTHERS[place]
    if schema:
        answered = answer("Rows", rows(schema), (*READ, "Truncated"))
    else:
        answered = answer(*ANSWERS[route.path])
    shared = {"304": refer("NotModified", "responses")}
    links = {"links": LINKS[place]} if place in LINKS else {}
    return {"200": answered | links, **shared, **_problems(_statuses(route, answered))}


def _statuses(route: Route, answered: Response) -> Iterator[int]:
    yield from EVERYWHERE
    if "text/csv" in answered["content"]:
        yield 413
    elif any(parameter.place == "path" for parameter in route.parameters):
        yield 404


def _problems(statuses: Iterable[int]) -> dict[str, Response]:
    return {str(status): refer(f"Problem{status}", "responses") for status in sorted(statuses)}


def _link(operation: str, parameter: str, value: str) -> dict[str, Any]:
    return {operation: {"operationId": operation, "parameters": {parameter: f"$response.{value}"}}}


LINKS = {
    ("GET", "/v1/events"): {
        **_link("list_events", "cursor", "body#/next"),
        **_link("get_event", "event_key", "body#/events/0/event_key"),
    },
    ("POST", "/v1/events"): _link("get_event", "event_key", "body#/events/0/event_key"),
    ("POST", "/v1/exports"): _link("get_export", "export_id", "body#/id"),
}
OTHERS: Mapping[tuple[str, str], dict[str, Response]] = {
    ("POST", "/v1/events"): {
        "202": answer(
            "What became of each event", {"application/json": refer("Receipt")}, (HEADER,)
        )
        | {"links": LINKS["POST", "/v1/events"]},
        **_problems((429, 500, 502, 504)),
        **{str(status): _problem(status, ("EventProblem", "Problem")) for status in EVENT_PROBLEMS},
    },
    ("POST", "/v1/exports"): {
        "202": answer("It has begun", STARTED, ("Location", "Retry-After"))
        | {"links": LINKS["POST", "/v1/exports"]},
        **_problems((*EVERYWHERE, 413, 415)),
    },
    ("GET", "/v1/exports/{export_id}"): {
        "200": answer("How far it is", EXPORT, ("Retry-After",)),
        **_problems((*EVERYWHERE, 404)),
    },
}
