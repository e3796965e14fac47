"""What X-Ray demands of a segment document, and refuses one for.

Limits: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html. AWS does
not list the error codes; these name the member.
"""

import json
import re
from collections.abc import Callable
from typing import Any

MOST_BYTES = 64 * 1024
_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-?[0-9a-f]{24}")  # OpenTelemetry leaves out the second dash
_SEGMENT_ID = re.compile(r"[0-9a-f]{16}")
_LONGEST_NAME = 200

Document = dict[str, Any]


class InvalidSegment(ValueError):
    """X-Ray doesn't take this document; `segment_id` is empty where none could be read."""

    def __init__(self, code: str, message: str, segment_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.segment_id = segment_id


def parse(text: str) -> Document:
    """Read a segment document; raises InvalidSegment."""
    if len(text.encode()) > MOST_BYTES:
        found = re.search(r'"id"\s*:\s*"([0-9a-f]{16})"', text)
        message = f"A segment document has at most {MOST_BYTES} bytes."
        raise InvalidSegment("SegmentTooLarge", message, found[1] if found else "")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidSegment("ParseError", "The document is not JSON.") from None
    if not isinstance(document, dict):
        raise InvalidSegment("ParseError", "The document is not an object.")
    _check(document)
    return document


def _check(document: Document) -> None:
    segment_id = document.get("id")
    told = segment_id if isinstance(segment_id, str) else ""
    for name, holds in _RULES.items():
        if not holds(document):
            code = "Invalid" if name in document else "Missing"
            words = "".join(word.capitalize() for word in name.split("_"))
            raise InvalidSegment(f"{code}{words}", f"The member {name} is missing or wrong.", told)


def _matches(name: str, pattern: re.Pattern[str]) -> Callable[[Document], bool]:
    return lambda document: bool(pattern.fullmatch(str(document.get(name))))


def _is_named(document: Document) -> bool:
    name = document.get("name")
    return isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME


def _has_its_parent(document: Document) -> bool:
    """Tell whether a subsegment names its parent; a segment may have none."""
    if document.get("parent_id") is None and document.get("type") != "subsegment":
        return True
    return _matches("parent_id", _SEGMENT_ID)(document)


def _is_moment(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_RULES: dict[str, Callable[[Document], bool]] = {
    "id": _matches("id", _SEGMENT_ID),
    "trace_id": _matches("trace_id", _TRACE_ID),
    "name": _is_named,
    "start_time": lambda document: _is_moment(document.get("start_time")),
    "end_time": lambda document: (
        _is_moment(document.get("end_time")) or document.get("in_progress") is True
    ),
    "parent_id": _has_its_parent,
}
