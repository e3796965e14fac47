"""Values of fields: how they are read from a message, compared, ordered and written."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from local.logic import COMPARISONS

TIME = "@timestamp"
POINTER = "@ptr"
SYSTEM_FIELDS = (TIME, "@message", "@logStream", "@log", POINTER)
"""What each log event has beside the members of its message."""

MOST_FIELDS = 200
"""AWS finds so many fields in a message and no more."""

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_CHUNK = re.compile(r"[0-9]+|[^0-9]+")
_EXACT_DIGITS = 15
"""A float holds an integer of so many digits as it is."""


class Instant(int):
    """Milliseconds since 1970, written as a date and a time of UTC."""


Value = str | int | float
Record = Mapping[str, Value]
"""The fields of a log event, or of a group of them; what is absent has no entry."""


def members_of(message: str) -> dict[str, Value]:
    """Return the fields in a message that is a JSON object, their paths joined by dots.

    AWS finds `1` and `0` for true and false, as far as is seen: it doesn't document it.
    """
    try:
        document = json.loads(message)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    return dict(islice(_flatten("", document), MOST_FIELDS))


def _flatten(path: str, value: Any) -> Iterator[tuple[str, Value]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from _flatten(f"{path}.{key}" if path else _own(str(key)), inner)
    elif value is not None:
        yield path, int(value) if isinstance(value, bool) else value


def _own(name: str) -> str:
    """Set a member apart from the fields that every event has."""
    return f"@{name}" if name.startswith("@") else name


def number_of(value: Value | None) -> int | float | None:
    """Return a number, or the number that a text is; no other value has one."""
    if not isinstance(value, str):
        return value
    if not _NUMBER.fullmatch(value):
        return None
    is_short = len(value) <= _EXACT_DIGITS and value.lstrip("-").isdigit()
    return int(value) if is_short else float(value)


def text_of(value: Value) -> str:
    """Write a value as an answer has it."""
    if isinstance(value, Instant):
        moment = datetime.fromtimestamp(value / 1000, UTC)
        return f"{moment:%Y-%m-%d %H:%M:%S}.{value % 1000:03d}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def holds(sign: str, left: Value | None, right: Value | None) -> bool:
    """Compare as numbers where both are, else as texts; what is absent compares with nothing."""
    if left is None or right is None:
        return False
    numbers = number_of(left), number_of(right)
    if None in numbers:
        return COMPARISONS[sign](text_of(left), text_of(right))
    return COMPARISONS[sign](*numbers)


def place_of(value: Value | None) -> tuple[Any, ...]:
    """Return the key to sort by, as AWS documents it: what is no number first, by its chunks."""
    if value is None:
        return (0,)
    number = number_of(value)
    if number is not None:
        return (2, number)
    return (1, [_chunk(chunk) for chunk in _CHUNK.findall(str(value))])


def _chunk(text: str) -> tuple[str, int, str]:
    """Digits are ordered by their length first, and among other characters where "0" is."""
    return ("0", len(text), text) if "0" <= text[0] <= "9" else (text, 0, "")
