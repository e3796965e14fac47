"""Answers of the endpoint: JSON, or for an expected fault an RFC 9457 problem."""

import json
from typing import Any

from pipeline.errors import (
    MalformedQuestion,
    NothingFound,
    PipelineError,
    StatementFailed,
    WarehouseBusy,
    WarehouseUnavailable,
)

Response = dict[str, Any]

# The first row that fits: status, title, and the seconds after which asking again makes sense.
TABLE: tuple[tuple[type[PipelineError], int, str, int | None], ...] = (
    (MalformedQuestion, 400, "The question cannot be answered as asked", None),
    (NothingFound, 404, "There is no such thing here", None),
    (WarehouseBusy, 503, "Too many questions at once", 5),
    (WarehouseUnavailable, 504, "The warehouse did not answer in time", 30),
    (StatementFailed, 503, "The warehouse could not answer", 60),
)
EXPECTED = tuple(kind for kind, *_ in TABLE)


def answer(body: str) -> Response:
    """Wrap a JSON text as API Gateway's answer."""
    return _response(200, "application/json", body)


def problem(fault: PipelineError) -> Response:
    """Describe one of the EXPECTED faults; only what the caller can act on leaves the house."""
    _, status, title, seconds = next(row for row in TABLE if isinstance(fault, row[0]))
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if isinstance(fault, MalformedQuestion):
        body |= {"detail": str(fault), "parameter": fault.parameter}
    elif isinstance(fault, NothingFound):
        body["detail"] = str(fault)
    response = _response(status, "application/problem+json", json.dumps(body))
    if seconds:
        response["headers"]["Retry-After"] = str(seconds)
    return response


def log_fields(fault: PipelineError) -> dict[str, str]:
    """Tell the log what the caller is not told."""
    fields = {"problem": type(fault).__name__, "reason": str(fault)}
    if isinstance(fault, StatementFailed):
        fields["error"] = fault.error
    return fields


def _response(status: int, content_type: str, body: str) -> Response:
    return {"statusCode": status, "headers": {"Content-Type": content_type}, "body": body}
