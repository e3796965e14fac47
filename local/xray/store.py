"""The traces of the last hours, in memory: the oldest go when there are too many of them."""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_TRACES = 10_000
MOST_SEGMENTS = 50_000  # about 1 KB each
LONGEST_SECONDS = 24 * 3600.0


@dataclass
class Kept:
    """The documents of one trace as they came, and the span of time that they cover."""

    trace_id: str
    arrived: float
    started: float
    ended: float
    texts: list[str] = field(default_factory=list)

    @property
    def began(self) -> int:
        """The second that the trace id itself names."""
        return int(self.trace_id.split("-")[1], 16)


class TraceStore:
    """Traces by id, bounded by number, by segments and by age; several threads may use it."""

    def __init__(
        self,
        most_traces: int = MOST_TRACES,
        most_segments: int = MOST_SEGMENTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_traces = most_traces
        self._most_segments = most_segments
        self._clock = clock
        self._traces: OrderedDict[str, Kept] = OrderedDict()
        self._segments = 0
        self._lock = threading.Lock()

    def put(self, document: dict[str, Any], text: str = "") -> None:
        """Keep a valid document; `text` is what it was read from, where it was."""
        text = text or json.dumps(document, separators=(",", ":"))
        started = float(document["start_time"])
        ended = float(document.get("end_time") or started)
        trace_id = dashed(document["trace_id"])
        with self._lock:
            kept = self._traces.get(trace_id)
            if kept is None:
                kept = self._traces[trace_id] = Kept(trace_id, self._clock(), started, ended)
            kept.texts.append(text)
            kept.started = min(kept.started, started)
            kept.ended = max(kept.ended, ended)
            self._segments += 1
            self._drop()

    def get(self, trace_id: str) -> list[dict[str, Any]]:
        """Read the documents of a trace, fresh copies; empty if it is not known."""
        with self._lock:
            kept = self._traces.get(dashed(trace_id))
            texts = list(kept.texts) if kept else []
        return [json.loads(text) for text in texts]

    def __iter__(self) -> Iterator[Kept]:
        with self._lock:
            self._drop()
            return iter(list(self._traces.values()))

    def _drop(self) -> None:
        oldest_allowed = self._clock() - LONGEST_SECONDS
        while self._traces:
            oldest = next(iter(self._traces.values()))
            if (
                len(self._traces) <= self._most_traces
                and self._segments <= self._most_segments
                and oldest.arrived >= oldest_allowed
            ):
                return
            self._segments -= len(oldest.texts)
            del self._traces[oldest.trace_id]


def dashed(trace_id: str) -> str:
    """Write a trace id with both of its dashes."""
    version, _, rest = trace_id.partition("-")
    return f"{version}-{rest[:8]}-{rest[8:].removeprefix('-')}"
