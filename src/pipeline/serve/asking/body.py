"""Bodies of requests to the endpoint: one strict JSON object whose members are parameters."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from pipeline import exact_json
from pipeline.errors import BodyRefused, BodyTooLarge, MalformedEvent, MalformedQuestion
from pipeline.serve.asking.headers import header

MEDIA_TYPE = "application/json"
# A filter's 20 terms of 100 values have room, and its values must fit into what a statement holds.
MAX_BODY_BYTES = 65_536
CHARSET = re.compile(r'charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)
NUMBERS = (int, float, exact_json.Exact)


def read_members(event: Mapping[str, Any]) -> dict[str, str]:
    """Read the body of an API Gateway event, in which numbers stand for their text.

    Raises BodyRefused, BodyTooLarge and MalformedQuestion.
    """
    value = _decoded(_body(event))
    if not isinstance(value, dict):
        raise MalformedQuestion("body", "must be a JSON object")
    return {name: _text(name, member) for name, member in value.items()}


def check_names(given: Mapping[str, str], allowed: tuple[str, ...]) -> None:
    """Raise MalformedQuestion if a member is none of the allowed ones."""
    for name in given:
        if name not in allowed:
            raise MalformedQuestion(_named(name), f"is not known; there are: {', '.join(allowed)}")


def _body(event: Mapping[str, Any]) -> bytes:
    content_type = header(event, "Content-Type")
    charset = CHARSET.search(content_type)
    if content_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise BodyRefused(f"The content type must be {MEDIA_TYPE}.")
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise BodyRefused("The charset must be utf-8.")
    if header(event, "Content-Encoding").lower() not in ("", "identity"):
        raise BodyRefused("A content encoding is not taken; send it plain.")
    body = _bytes(event.get("body") or "", is_base64=bool(event.get("isBase64Encoded")))
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"It may have {MAX_BODY_BYTES:,} bytes.")
    return body


def _bytes(text: str, *, is_base64: bool) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if is_base64 else text.encode()
    except (binascii.Error, ValueError):
        raise MalformedQuestion("body", "is not valid base64 or not UTF-8") from None


def _decoded(body: bytes) -> Any:
    try:
        return exact_json.decode(body)
    except MalformedEvent as fault:
        raise MalformedQuestion("body", fault.message) from None


def _text(name: str, member: Any) -> str:
    if isinstance(member, str):
        return member
    if isinstance(member, NUMBERS) and not isinstance(member, bool):
        return exact_json.write(member)
    raise MalformedQuestion(_named(name), "must be a text or a number")


def _named(name: str) -> str:
    """Name a member as its sender did, if it could be a parameter at all."""
    return name if exact_json.SAFE_NAME.match(name) else "body"
