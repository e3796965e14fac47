"""Cursors: places in the order of loading, signed for one question, good for a day.

Loads take turns, so whatever is loaded later stands behind all that was loaded before: going on
after a place neither leaves out nor repeats an event.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pipeline.errors import MalformedQuestion
from pipeline.serve.asking.signing import Signer

PARAMETER = "cursor"
HOUR = 3600
# Given out at any minute of an hour, a cursor is good for at least a day.
LIFETIME = 25 * HOUR
MARK_DIGITS = 16


@dataclass(frozen=True)
class Position:
    """The place of an event: the version in which it was loaded, and its key within that."""

    version: int
    event_key: str


def cursor_signer(secret: str) -> Signer:
    """Make the signer of cursors.

    Its clock stands still for an hour, so that equal places have equal cursors for as long, which
    is what caches go by.
    """
    return Signer(secret, PARAMETER, clock=lambda: time.time() // HOUR * HOUR)


def write_cursor(signer: Signer, position: Position, question: Mapping[str, Any]) -> str:
    """Make the cursor that goes on after a position."""
    payload = {"v": position.version, "k": position.event_key, "q": _mark(question)}
    return signer.sign(payload, LIFETIME)


def read_cursor(signer: Signer, text: str, question: Mapping[str, Any]) -> Position:
    """Read a cursor of the same question; raises MalformedQuestion for any other text."""
    payload = signer.read(text)
    if payload["q"] != _mark(question):
        raise MalformedQuestion(PARAMETER, "belongs to another type, from, to or filter")
    return Position(payload["v"], payload["k"])


def _mark(question: Mapping[str, Any]) -> str:
    normal = json.dumps(question, sort_keys=True)
    return sha256(normal.encode()).hexdigest()[:MARK_DIGITS]
