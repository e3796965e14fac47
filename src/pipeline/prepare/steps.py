"""What the steps of the state machine hand on: a pointer, and lines of facts in a lake object."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode

Facts = dict[str, Any]


class Pointer(TypedDict):
    """Input of every step and output of all but the last: where the work is, never the work."""

    batch_id: str
    bucket: str
    key: str
    rows: int
    received_at: str


@dataclass(frozen=True)
class Step:
    """One line between steps: the facts of an event, its type, and how unusual it is."""

    type: str
    facts: Facts
    worst: Mapping[str, Any] | None = None

    def line(self) -> bytes:
        """Write the step as one JSON line."""
        members: dict[str, Any] = {"type": self.type, "facts": self.facts}
        if self.worst:
            members["worst"] = self.worst
        return encode(members).encode()


def read_steps(lines: Iterable[bytes]) -> Iterator[Step]:
    """Read the lines that a step left; an object without facts holds one empty line."""
    for line in lines:
        if line:
            members = json.loads(line)
            yield Step(members["type"], members["facts"], members.get("worst"))


def move(pointer: Pointer, key: str, rows: int) -> Pointer:
    """Point to what a step wrote, of the same batch."""
    return {
        "batch_id": pointer["batch_id"],
        "bucket": pointer["bucket"],
        "key": key,
        "rows": rows,
        "received_at": pointer["received_at"],
    }
