"""A part of a trace, as X-Ray's documentation writes it.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import json
import os
import time
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted
from pathlib import PurePath
from types import TracebackType
from typing import Any

MOST_FRAMES = 10  # of a stack, the innermost
LONGEST_MESSAGE = 1_000  # characters of an exception's
MOST_BYTES = 60_000  # X-Ray takes 64 KB, a datagram hardly more
SPARED = ("metadata", "annotations", "cause")  # what a longer one is told without, in this order
# Where Lambda runs a function; to ask at a fault can fail.
DIRECTORY = os.environ.get("LAMBDA_TASK_ROOT", "")
ERROR, THROTTLED, FAULT = 400, 429, 500  # HTTP statuses: errors and faults from here on

Value = str | float | bool

encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


class Subsegment:
    """A part that has begun; what it holds may be written while it lasts."""

    __slots__ = (
        "annotations", "call", "cause", "id", "marks", "metadata", "name", "parent_id", "start",
        "status", "trace_id",
    )  # fmt: skip

    def __init__(self, name: str, trace_id: str, parent_id: str) -> None:
        self.name = name
        self.trace_id = trace_id
        self.parent_id = parent_id
        self.id = make_id()
        self.start = time.time()
        self.annotations: dict[str, Value] = {}
        self.metadata: dict[str, Any] = {}
        self.call: dict[str, Any] = {}  # of AWS: what X-Ray tells of it
        self.marks: tuple[str, ...] = ()  # error, throttle, fault
        self.status: int | None = None  # of HTTP
        self.cause: Any = None

    def write(self, end: float) -> str:
        """Write it as JSON once it has ended, without what X-Ray would refuse all of it for."""
        written = self._write(end)
        for part in SPARED:
            if len(written) <= MOST_BYTES:
                break
            setattr(self, part, {})
            written = self._write(end)
        return written

    def _write(self, end: float) -> str:
        """Write all of it, in ASCII.

        By hand as far as every part has it: json takes four times as much for that.
        """
        known = (
            f'{{"id":"{self.id}","name":{quoted(self.name)},"trace_id":"{self.trace_id}"'
            f',"parent_id":"{self.parent_id}","type":"subsegment"'
            f',"start_time":{self.start:.6f},"end_time":{end:.6f}'
        )
        parts = [known]
        if self.call:
            parts.append(f',"namespace":"aws","aws":{_flat(self.call)}')
        if self.status:
            parts.append(f',"http":{{"response":{{"status":{self.status}}}}}')
        if self.annotations:
            parts.append(f',"annotations":{_flat(self.annotations)}')
        parts += [f',"{mark}":true' for mark in self.marks]
        if self.metadata:
            parts.append(f',"metadata":{encode(self.metadata)}')
        if self.cause:
            parts.append(f',"cause":{encode(self.cause)}')
        parts.append("}")
        return "".join(parts)

    def mark(self, told: Any) -> None:
        """Mark it by an HTTP status: an error (4xx), a throttle too (429), or a fault (5xx).

        What is no status marks nothing.
        """
        try:
            self.status = status = int(told)
        except (TypeError, ValueError):
            return
        if status >= FAULT:
            self.marks = ("fault",)
        elif status >= ERROR:
            self.marks = ("error", "throttle") if status == THROTTLED else ("error",)

    def blame(self, fault: BaseException, *, remote: bool) -> str:
        """Tell of an exception; returns the id by which parts around it name the same one."""
        name = make_id()
        exception = {
            "id": name,
            "type": type(fault).__name__,
            "message": message_of(fault),
            "remote": remote,
            "stack": frames_of(fault.__traceback__),
        }
        self.cause = {"working_directory": DIRECTORY, "exceptions": [exception]}
        return name


def make_id() -> str:
    """Make an id that no other part of a trace has."""
    return os.urandom(8).hex()


def message_of(fault: BaseException) -> str:
    """Return what an exception says, cut; one that cannot say it is named."""
    try:
        return str(fault)[:LONGEST_MESSAGE]
    except Exception:  # noqa: BLE001 (the exception that is told must not be lost for another)
        return type(fault).__name__


def frames_of(found: TracebackType | None) -> list[dict[str, Any]]:
    """Name where an exception has come through, without reading sources."""
    frames = []
    while found:
        code = found.tb_frame.f_code
        path = PurePath(code.co_filename).name
        frames.append({"path": path, "line": found.tb_lineno, "label": code.co_name})
        found = found.tb_next
    return frames[-MOST_FRAMES:]


def _flat(values: Mapping[str, Value]) -> str:
    """Write an object without others in it, whose members have plain names."""
    members = [f'"{name}":{_written(value)}' for name, value in values.items()]
    return f"{{{','.join(members)}}}"


def _written(value: Value) -> str:
    if type(value) is str:
        return quoted(value)
    if type(value) is bool:
        return "true" if value else "false"
    return encode(value)
