"""Reads the envelope of an event: the attributes of CloudEvents 1.0, each checked by itself."""

import re
from datetime import UTC, datetime
from typing import Any

from pipeline.errors import MalformedEvent
from pipeline.exact_json import write

MAX_TEXT_BYTES = 65_535  # Redshift's longest VARCHAR
MAX_ATTRIBUTE = 2_048  # characters
LIMITS = {"id": 255, "type": 255}  # characters

Attributes = dict[str, str]

ATTRIBUTES = ("source", "id", "type", "time", "subject", "dataschema")
REQUIRED = frozenset({"source", "id", "type"})
OWN_MEMBERS = frozenset({"specversion", "datacontenttype", "data", "data_base64", *ATTRIBUTES})
EXTENSION_NAME = re.compile(r"[a-z0-9]{1,20}\Z")
JSON_MEDIA_TYPE = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json\s*(?:;|\Z)", re.IGNORECASE)
# What CloudEvents 1.0 forbids in strings.
FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
URI_REFERENCE = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.\-]*:|(?![^/?#]*:))"
    r"(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=\[\]]|%[0-9A-Fa-f]{2})*"
    r"(?:#(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)?\Z"
)
RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])\Z"
)


def read_time(text: str) -> datetime:
    """Read an RFC 3339 time with zone; digits beyond microseconds are dropped.

    Raises ValueError or OverflowError for anything else.
    """
    if not RFC_3339.match(text):
        raise ValueError("not RFC 3339 with a time zone")
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def read_envelope(event: Any) -> tuple[Attributes, MalformedEvent | None]:
    """Read the attributes of a decoded CloudEvent, and the first fault of its envelope.

    Returned are those attributes that are without fault, by name, times in UTC.
    """
    read: Attributes = {}
    if not isinstance(event, dict):
        return read, MalformedEvent("NOT_AN_OBJECT", "$", "an event must be a JSON object")
    faults: list[MalformedEvent] = []
    for name in ATTRIBUTES:
        value = event.get(name)
        if name in REQUIRED or (value is not None and (value != "" or name == "time")):
            try:
                read[name] = _attribute(name, value)
            except MalformedEvent as fault:
                faults.append(fault)
    try:
        _check_content(event)
        if extensions := _extensions(event):
            read["extensions"] = extensions
    except MalformedEvent as fault:
        faults.insert(0, fault)
    return read, faults[0] if faults else None


def fits(text: str) -> bool:
    """Tell whether a text fits into the longest VARCHAR, whose length is in bytes."""
    return len(text) <= MAX_TEXT_BYTES and (text.isascii() or len(text.encode()) <= MAX_TEXT_BYTES)


def _attribute(name: str, value: Any) -> str:
    path = f"$.{name}"
    if value is None:
        raise MalformedEvent("MISSING", path, "is required")
    if not isinstance(value, str):
        raise MalformedEvent("INVALID", path, "must be a string")
    if not value:
        raise MalformedEvent("INVALID", path, "must not be empty")
    limit = LIMITS.get(name, MAX_ATTRIBUTE)
    if len(value) > limit:
        raise MalformedEvent("INVALID", path, f"must be at most {limit} characters")
    if name == "time":
        return _time(value)
    if not (value.isascii() and value.isprintable()) and FORBIDDEN.search(value):
        raise MalformedEvent("INVALID", path, "must not hold control or other non-characters")
    if name in ("source", "dataschema") and not URI_REFERENCE.match(value):
        raise MalformedEvent("INVALID", path, "must be a URI reference (RFC 3986)")
    return value


def _time(text: str) -> str:
    try:
        moment = read_time(text)
    except (ValueError, OverflowError):
        fault = "must be an RFC 3339 time with seconds 00-59 and a zone"
        raise MalformedEvent("INVALID", "$.time", fault) from None
    return moment.isoformat().removesuffix("+00:00") + "Z"


def _check_content(event: dict[str, Any]) -> None:
    if event.get("specversion") != "1.0":
        code = "MISSING" if event.get("specversion") is None else "INVALID"
        raise MalformedEvent(code, "$.specversion", 'must be "1.0"')
    if event.get("data_base64") is not None:
        fault = "binary data is not taken; send `data`, a JSON object"
        raise MalformedEvent("DATA_BASE64", "$.data_base64", fault)
    if not isinstance(event.get("data"), dict):
        code = "MISSING" if event.get("data") is None else "INVALID"
        raise MalformedEvent(code, "$.data", "must be a JSON object")
    media_type = event.get("datacontenttype")
    if media_type is not None and not (
        isinstance(media_type, str) and JSON_MEDIA_TYPE.match(media_type)
    ):
        fault = "must be application/json or of another JSON media type"
        raise MalformedEvent("INVALID", "$.datacontenttype", fault)


def _extensions(event: dict[str, Any]) -> str | None:
    kept = {}
    for name in event.keys() - OWN_MEMBERS:
        value = event[name]
        if not EXTENSION_NAME.match(name):
            fault = "extension attributes are named with 1 to 20 of a-z and 0-9"
            raise MalformedEvent("INVALID", "$", fault)
        if isinstance(value, (dict, list)):
            raise MalformedEvent("INVALID", f"$.{name}", "must be a string, number or boolean")
        if isinstance(value, str) and FORBIDDEN.search(value):
            fault = "must not hold control or other non-characters"
            raise MalformedEvent("INVALID", f"$.{name}", fault)
        if value is not None:
            kept[name] = value
    text = write(kept, sort=True) if kept else None
    if text and not fits(text):
        fault = f"extension attributes take more than {MAX_TEXT_BYTES} bytes"
        raise MalformedEvent("INVALID", "$", fault)
    return text
