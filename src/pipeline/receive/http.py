"""What both HTTP entrances share: the body, the headers, and answers that are problems."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pipeline.correlation import HEADER
from pipeline.errors import MalformedEvent, PipelineError

MAX_BODY_BYTES = 1_048_576
RETRY_AFTER = "5"  # seconds
DECISIVE = ("ce-", "content-", "webhook-")

Request = Mapping[str, Any]
Answer = dict[str, Any]


@dataclass(eq=False)
class Refused(PipelineError):
    """A request of which nothing is taken: the HTTP status and the reason."""

    status: int
    fault: MalformedEvent

    def __str__(self) -> str:
        return f"{self.status} {self.fault}"


def refuse(status: int, code: str, message: str) -> Refused:
    """Name why a whole request is refused."""
    return Refused(status, MalformedEvent(code, "$", message))


def headers_of(request: Request) -> dict[str, str]:
    """Return the headers with their names in lower case.

    Raises Refused (400) if one that decides what the body means came twice with other values.
    """
    found: dict[str, str] = {}
    for name, value in _header_lines(request):
        if found.setdefault(name, value) != value and name.startswith(DECISIVE):
            raise refuse(400, "DUPLICATE_HEADER", "a header came twice with different values")
    return found


def body_of(request: Request, headers: Mapping[str, str]) -> bytes:
    """Return the body's bytes as they were sent.

    Raises Refused for a content encoding (415), bad base64 (400) and more than 1 MiB (413).
    """
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise refuse(415, "CONTENT_ENCODING", "a content encoding is not taken; send it plain")
    text = request.get("body") or ""
    try:
        body = base64.b64decode(text, validate=True) if _is_base64(request) else text.encode()
    except (binascii.Error, ValueError):
        raise refuse(400, "NOT_UTF8", "the body is not valid base64 or not UTF-8") from None
    if len(body) > MAX_BODY_BYTES:
        raise refuse(413, "TOO_LARGE", f"a body holds at most {MAX_BODY_BYTES} bytes")
    return body


def reply(status: int, document: Any, media_type: str, **headers: str) -> Answer:
    """Make the answer that API Gateway and function URLs alike turn into HTTP."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": media_type, "Cache-Control": "no-store", **headers},
        "body": json.dumps(document, separators=(",", ":")),
        "isBase64Encoded": False,
    }


def problem(status: int, fault: MalformedEvent, **more: Any) -> Answer:
    """Make a problem document (RFC 9457) of a fault; faults never repeat the input."""
    document = {
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": f"{fault.path}: {fault.message}",
        "code": fault.code,
        "path": fault.path,
        **more,
    }
    return reply(status, document, "application/problem+json")


def identified(answer: Answer, correlation_id: str) -> Answer:
    """Tell the sender by which id the delivery is found again."""
    return {**answer, "headers": {**answer["headers"], HEADER: correlation_id}}


def unavailable() -> Answer:
    """Answer 503: nothing was acknowledged, sending the same again is safe."""
    fault = MalformedEvent("UNAVAILABLE", "$", "nothing was taken; send the same again")
    answer = problem(503, fault)
    answer["headers"]["Retry-After"] = RETRY_AFTER
    return answer


def _is_base64(request: Request) -> bool:
    return bool(request.get("isBase64Encoded"))


def _header_lines(request: Request) -> Iterator[tuple[str, str]]:
    for name, value in (request.get("headers") or {}).items():
        if name not in (request.get("multiValueHeaders") or {}):
            yield name.lower(), str(value)
    for name, values in (request.get("multiValueHeaders") or {}).items():
        for value in values:
            yield name.lower(), str(value)
