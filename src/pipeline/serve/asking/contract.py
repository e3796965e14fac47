"""The endpoint's contract: its routes and their parameters, from which all else is made.

The reader takes the parameters that stand here and refuses any other, since API Gateway's cache
tells questions apart by those that the template declares; a test compares the two. The OpenAPI
document is made of the same table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.serve.asking.moments import INTERVALS

PERCENTILES = {"p50": 50, "p90": 90, "p95": 95, "p99": 99}
STATS = ("count", "sum", "avg", "min", "max", *PERCENTILES, "distinct")
FORMATS = ("json", "csv", "ndjson")
EXPORT_FORMATS = ("csv", "ndjson", "parquet")
DEFAULT_LIMIT, MAX_LIMIT = 1_000, 10_000
DEFAULT_PAGE, MAX_PAGE = 100, 1_000
MAX_VALUES = 100  # of one term of a filter
MAX_TERMS = 20
MAX_GROUPS = 8
# API Gateway keeps answers of up to 1 MiB in its cache.
MAX_ANSWER_BYTES = 1_000_000


@dataclass(frozen=True)
class Parameter:
    """One parameter: what it means, for people, and what it may be, as JSON Schema."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    place: Literal["query", "path"] = "query"


@dataclass(frozen=True)
class Route:
    """One operation; `needs_key` tells whether API Gateway asks for an API key."""

    method: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    needs_key: bool = True


def _moment(name: str, description: str) -> Parameter:
    schema = {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
    return Parameter(name, f"{description}; an RFC 3339 time, or a date", schema)


def _choice(name: str, description: str, values: tuple[str, ...]) -> Parameter:
    return Parameter(
        name, description, {"type": "string", "enum": list(values), "default": values[0]}
    )


def _limit(default: int, most: int) -> Parameter:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter("limit", "Rows at most", schema)


def _text(name: str, description: str) -> Parameter:
    return Parameter(name, description, {"type": "string", "minLength": 1})


FROM = _moment("from", "First moment, included")
TO = _moment("to", "Last moment, not included")
FILTER = _text(
    "filter",
    "Terms by comma, all of which must hold: name:value|value (one of them), name!:value|value "
    "(none of them), name>value, name>=value, name<value, name<=value; a backslash makes , | and "
    "\\ literal",
)
FORMAT = _choice("format", "How the answer is written", FORMATS)

METRIC = (
    Parameter("type", "Event type", place="path"),
    _text("measure", "Measure that is aggregated; of distinct, a dimension too"),
    _choice("stat", "Statistic; all but count need a measure", STATS),
    _choice("interval", "Buckets of time", INTERVALS),
    Parameter(
        "timezone",
        "IANA name of the zone in which intervals and dates begin",
        {"type": "string", "format": "iana-timezone", "default": "UTC"},
    ),
    FROM,
    TO,
    _text("group_by", "Dimensions, by comma"),
    FILTER,
    _text("order", "Fields by comma, each with - before it to descend: bucket, count, value or a "
          "dimension of group_by"),
    _limit(DEFAULT_LIMIT, MAX_LIMIT),
    FORMAT,
)  # fmt: skip
# What the endpoint signs and hands out: pipeline/serve/asking/signing.py.
SIGNED = {"type": "string", "pattern": r"^1\.[A-Za-z0-9_\-]{4,1024}\.[A-Za-z0-9_\-]{22}$"}
EVENTS = (
    _text("type", "Event type"),
    FROM,
    TO,
    FILTER,
    Parameter("cursor", "Where to go on: `next` or `resume` of an answer", SIGNED),
    _limit(DEFAULT_PAGE, MAX_PAGE),
    FORMAT,
)
EVENT_KEY = Parameter(
    "event_key",
    "SHA-256 of source, a line feed and id, in lower-case hexadecimal",
    {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "path",
)
EXPORT_ID = Parameter("export_id", "As the answer to POST /v1/exports names it", SIGNED, "path")

ROUTES = (
    Route("GET", "/", "The dashboard", needs_key=False),
    Route("GET", "/openapi.json", "This description"),
    Route("POST", "/v1/events", "Send events"),
    Route("GET", "/v1/events", "Raw events, page by page, in the order of loading", EVENTS),
    Route("GET", "/v1/events/{event_key}", "One event and its history", (EVENT_KEY,)),
    Route("GET", "/v1/metrics", "What may be asked"),
    Route("GET", "/v1/metrics/{type}", "A statistic of one event type", METRIC),
    Route("GET", "/v1/status", "What came in, what became of it, how fresh it is"),
    Route("POST", "/v1/exports", "Unload a large result"),
    Route("GET", "/v1/exports/{export_id}", "How far an export is", (EXPORT_ID,)),
)


def query_names(path: str) -> tuple[str, ...]:
    """Name the query parameters of GET on a path, the only ones that the reader takes."""
    (route,) = (route for route in ROUTES if (route.method, route.path) == ("GET", path))
    return tuple(p.name for p in route.parameters if p.place == "query")
