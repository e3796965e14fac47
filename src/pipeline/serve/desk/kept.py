"""The last good answers, kept for bursts of equal questions and for when the warehouse is down."""

import json
import math
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from pipeline.errors import LakeUnavailable
from pipeline.serve.desk.caching import caching
from pipeline.serve.telling.problems import Response

MEMORY_BYTES = 16_000_000
SHELF_SECONDS = 300
# What an answer takes beside its body: headers, dicts, key.
ANSWER_OVERHEAD = 2_000
# How many shelf writes are remembered; some 200 bytes each.
MAX_WRITTEN = 10_000
STALE_SECONDS = 10
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
DEPTHS = {"{": 1, "[": 1, "}": -1, "]": -1}
NOT_STALE = ": false"


class Shelf(Protocol):
    """What is used of the lake; both raise LakeUnavailable."""

    def write_text(self, key: str, text: str) -> None:
        """Store one text."""

    def read_text(self, key: str) -> str | None:
        """Return a text, None if there is none."""


@dataclass(frozen=True)
class Kept:
    """An answer in memory: when it was kept, and how many bytes it takes."""

    answer: Response
    at: float
    size: int


class KeptAnswers:
    """Keeps answers by the name of their question, in this process and on a shelf for all.

    A name is a part of the shelf's keys: letters, digits, `-` and `_`, such as a hash. The caller
    keeps good answers only, whose headers have their Data-Version. Whatever the shelf does, no
    method fails for it; `report` is told what was wrong. Memory is bounded by `memory_bytes`; the
    answers longest unused go first.
    """

    def __init__(
        self,
        shelf: Shelf,
        *,
        memory_bytes: int = MEMORY_BYTES,
        every_seconds: float = SHELF_SECONDS,
        report: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shelf = shelf
        self._memory_bytes = memory_bytes
        self._every_seconds = every_seconds
        self._report = report
        self._clock = clock
        self._memory: OrderedDict[str, Kept] = OrderedDict()
        self._bytes = 0
        self._written: OrderedDict[str, tuple[float, str | None]] = OrderedDict()
        self._shelf_rests_until = float("-inf")

    def keep(self, key: str, answer: Response, *, awaited: bool = False) -> bool:
        """Remember an answer; on the shelf if others may wait for it, else only now and then.

        A PUT may cost more than the rest of an answer. Returns whether it lies on the shelf now.
        """
        self._remember(key, answer)
        version = answer["headers"].get("Data-Version")
        if self._clock() < self._shelf_rests_until or not (awaited or self._is_due(key, version)):
            return False
        return self._write(key, answer, version)

    def fresh(self, key: str, seconds: float, max_age: int) -> Response | None:
        """Return this process's own answer if it is younger than so many seconds.

        A caller's cache may keep it for what its age leaves of `max_age`.
        """
        kept = self._recall(key)
        if kept is None or (age := self._clock() - kept.at) >= seconds:
            return None
        return _aged(kept.answer, age, max_age)

    def shared(self, key: str, seconds: float, max_age: int) -> Response | None:
        """Return the answer on the shelf, whoever gave it, if it is younger than so many seconds.

        A caller's cache may keep it for what its age leaves of `max_age`.
        """
        answer = self._read(key)
        if answer is None or (age := _age(answer)) >= seconds:
            return None
        self._remember(key, answer, age)  # it grows no younger by being found
        return _aged(answer, age, max_age)

    def last(self, key: str) -> Response | None:
        """Return the last good answer, whoever gave it, marked as stale; None if there is none."""
        kept = self._recall(key)
        answer = kept.answer if kept else self._read(key)
        return _stale(answer) if answer else None

    def _remember(self, key: str, answer: Response, age: float = 0) -> None:
        self._forget(key)
        size = sys.getsizeof(answer["body"]) + ANSWER_OVERHEAD
        self._memory[key] = Kept(_copied(answer), self._clock() - age, size)
        self._bytes += size
        while self._bytes > self._memory_bytes:
            self._forget(next(iter(self._memory)))

    def _forget(self, key: str) -> None:
        if kept := self._memory.pop(key, None):
            self._bytes -= kept.size

    def _recall(self, key: str) -> Kept | None:
        kept = self._memory.get(key)
        if kept:
            self._memory.move_to_end(key)
        return kept

    def _is_due(self, key: str, version: str | None) -> bool:
        if key not in self._written:
            return True
        at, written = self._written[key]
        return version != written and self._clock() - at >= self._every_seconds

    def _write(self, key: str, answer: Response, version: str | None) -> bool:
        try:
            self._shelf.write_text(_shelf_key(key), json.dumps(answer))
        except LakeUnavailable as fault:
            # Every answer would wait for a shelf that is down.
            self._shelf_rests_until = self._clock() + self._every_seconds
            self._report(str(fault))
            return False
        self._written[key] = (self._clock(), version)
        self._written.move_to_end(key)
        if len(self._written) > MAX_WRITTEN:
            self._written.popitem(last=False)
        return True

    def _read(self, key: str) -> Response | None:
        try:
            text = self._shelf.read_text(_shelf_key(key))
            return _parsed(text) if text else None
        except (LakeUnavailable, ValueError) as fault:
            self._report(str(fault))
            return None


def _shelf_key(key: str) -> str:
    return f"answers/{key}.json"


def _parsed(text: str) -> Response:
    """Read an answer as it was written; raises ValueError for anything else."""
    answer: Any = json.loads(text)
    if not (isinstance(answer, dict) and {"statusCode", "headers", "body"} <= set(answer)):
        raise ValueError("what is on the shelf is not an answer")
    return answer


def _age(answer: Response) -> float:
    """Tell how many seconds old an answer is; one that does not say so is too old."""
    try:
        as_of = datetime.fromisoformat(answer["headers"]["As-Of"])
        return (datetime.now(UTC) - as_of).total_seconds()
    except (KeyError, TypeError, ValueError):
        return float("inf")


def _copied(answer: Response) -> Response:
    return {**answer, "headers": dict(answer["headers"])}


def _aged(answer: Response, age: float, max_age: int) -> Response:
    # At least a second: callers who ask again when it is over are not to do so without pause.
    left = max(1, min(max_age, math.ceil(max_age - age)))
    return {**answer, "headers": answer["headers"] | {"Cache-Control": caching(left)}}


def _stale(answer: Response) -> Response:
    # Its ETag names the answer as it was when good: a caller who has that one is to see the mark.
    headers = {name: value for name, value in answer["headers"].items() if name != "ETag"}
    body = answer["body"]
    if headers.get("Content-Type", "").startswith("application/json"):
        body = _marked(body)
    headers |= {"Stale": "true", "Cache-Control": caching(STALE_SECONDS)}
    return {**answer, "headers": headers, "body": body}


def _marked(body: str) -> str:
    """Turn the member `"stale": false` of the answer itself, never one in senders' data, to true.

    Found by its depth and not parsed, so that every number stays as it was written.
    """
    depth = 0
    for token in TOKENS.finditer(body):
        depth += DEPTHS.get(token[0], 0)
        end = token.end()
        if depth == 1 and token[0] == '"stale"' and body.startswith(NOT_STALE, end):
            return f"{body[:end]}: true{body[end + len(NOT_STALE) :]}"
    return body
