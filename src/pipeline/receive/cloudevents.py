"""Reads CloudEvents 1.0 from an HTTP request: structured, batched or binary (CloudEvents HTTP)."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from pipeline.errors import MalformedEvent
from pipeline.exact_json import decode
from pipeline.receive.http import Refused, Request, body_of, headers_of, refuse

MAX_EVENTS = 500
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PLAIN = "application/json"
PREFIX = "ce-"
CHARSET = re.compile(r'charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)


def read_request(request: Request) -> list[Any]:
    """Return the decoded events of a request, one for structured and binary mode.

    Raises Refused with the HTTP status if the request as a whole cannot be taken.
    """
    headers = headers_of(request)
    media_type = _media_type(headers)
    body = body_of(request, headers)
    value = decode_body(body)
    if media_type == PLAIN and any(name.startswith(PREFIX) for name in headers):
        return [_binary(headers, value)]
    if media_type == BATCH or (media_type == PLAIN and isinstance(value, list)):
        return _batch(value)
    if not isinstance(value, dict):
        raise refuse(400, "NOT_AN_OBJECT", "an event must be a JSON object")
    return [value]


def decode_body(body: bytes) -> Any:
    """Read a request's body as strict JSON; raises Refused (400) for anything else."""
    if not body.strip():
        raise refuse(400, "EMPTY", "the body is empty")
    try:
        return decode(body)
    except MalformedEvent as fault:
        raise Refused(400, fault) from None


def check_batch(events: list[Any]) -> list[Any]:
    """Return a batch of 1 to 500 events; raises Refused for others (400, 413)."""
    if not events:
        raise refuse(400, "EMPTY", "a batch must hold at least one event")
    if len(events) > MAX_EVENTS:
        raise refuse(413, "TOO_MANY", f"a batch holds at most {MAX_EVENTS} events")
    return events


def _media_type(headers: Mapping[str, str]) -> str:
    content_type = headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in (STRUCTURED, BATCH, PLAIN):
        message = f"the content type must be {STRUCTURED}, {BATCH} or {PLAIN}"
        raise refuse(415, "CONTENT_TYPE", message)
    charset = CHARSET.search(content_type)
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise refuse(415, "CHARSET", "the charset must be utf-8")
    return media_type


def _batch(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise refuse(400, "NOT_AN_ARRAY", "a batch must be a JSON array")
    return check_batch(value)


def _binary(headers: Mapping[str, str], data: Any) -> dict[str, Any]:
    attributes = {
        name.removeprefix(PREFIX): _attribute(value)
        for name, value in headers.items()
        if name.startswith(PREFIX)
    }
    return {**attributes, "datacontenttype": PLAIN, "data": data}


def _attribute(value: str) -> str:
    text = value.strip()
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise refuse(400, "NOT_UTF8", "a ce- header is not percent-encoded UTF-8") from None
