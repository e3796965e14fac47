"""Responses of the endpoint: an answer with what caches need to know, or an RFC 9457 problem."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.errors import (
    AnswerTooLarge,
    BodyRefused,
    BodyTooLarge,
    BudgetSpent,
    LakeUnavailable,
    MalformedQuestion,
    NothingFound,
    PipelineError,
    SecretUnavailable,
    StatementFailed,
    WarehouseBusy,
    WarehouseUnavailable,
)

Response = dict[str, Any]

# The first row that fits: status, title, and the seconds after which asking again makes sense.
TABLE: tuple[tuple[type[PipelineError], int, str, int | None], ...] = (
    (MalformedQuestion, 400, "The question cannot be answered as asked", None),
    (NothingFound, 404, "There is no such thing here", None),
    (AnswerTooLarge, 413, "The answer is too large", None),
    (BodyTooLarge, 413, "The body is too large", None),
    (BodyRefused, 415, "The body is of no kind that is taken", None),
    (BudgetSpent, 429, "Too many questions at once", 1),
    (WarehouseBusy, 429, "Too many questions at once", 5),
    (WarehouseUnavailable, 504, "The warehouse did not answer in time", 30),
    (StatementFailed, 503, "The warehouse could not answer", 60),
    (LakeUnavailable, 503, "The files could not be looked up", 5),
    (SecretUnavailable, 503, "What is signed could not be proven", 5),
)
EXPECTED = tuple(kind for kind, *_ in TABLE)
# Of these the last good answer is better than none.
PASSING = (BudgetSpent, WarehouseUnavailable, StatementFailed)
SAYS_WHY = (MalformedQuestion, NothingFound, AnswerTooLarge, BodyTooLarge, BodyRefused)


def answer(body: str, headers: Mapping[str, str], status: int = 200) -> Response:
    """Make API Gateway's answer of a text."""
    return {"statusCode": status, "headers": dict(headers), "body": body}


def problem(fault: PipelineError) -> Response:
    """Describe one of the EXPECTED faults; only what the caller can act on leaves the house."""
    _, status, title, seconds = next(row for row in TABLE if isinstance(fault, row[0]))
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if isinstance(fault, SAYS_WHY):
        body["detail"] = str(fault)
    if isinstance(fault, MalformedQuestion):
        body["parameter"] = fault.parameter
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    if isinstance(fault, BudgetSpent):
        seconds = fault.retry_after
    if seconds:
        headers["Retry-After"] = str(seconds)
    return answer(json.dumps(body, ensure_ascii=False), headers, status)


def log_fields(fault: PipelineError) -> dict[str, str]:
    """Tell the log what the caller is not told."""
    fields = {"problem": type(fault).__name__, "reason": str(fault)}
    if isinstance(fault, StatementFailed):
        fields["error"] = fault.error
    return fields
