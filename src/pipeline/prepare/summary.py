"""Sums up a batch per event type, small enough for the state machine whatever the batch."""

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.catalogue import Column, EventType
from pipeline.prepare.steps import Pointer, Step, encode, read_steps
from pipeline.prepare.typed import spelled

MOST_UNUSUAL = 10
MAX_SHOWN = 200  # characters of one event's marks in an alert
MAX_BYTES = 30_000  # of the whole answer; Step Functions would take 256 KiB, an alert is read


@dataclass
class Share:
    """What one event type has in a batch: its lines for the lake, and its measured values."""

    lines: list[bytes] = field(default_factory=list)
    anomalies: int = 0
    values: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, step: Step, measures: Sequence[Column]) -> None:
        """Take in one event."""
        self.lines.append(encode(spelled(step.facts)).encode())
        self.anomalies += step.worst is not None
        for column in measures:
            if (value := step.facts.get(column.name)) is not None:
                self.values[column.name].append(value)

    def summary(self) -> dict[str, Any]:
        """Count events and anomalies and measure each column."""
        measures = {name: measured(values) for name, values in self.values.items()}
        return {"events": len(self.lines), "anomalies": self.anomalies, "measures": measures}


def measured(values: Sequence[float]) -> dict[str, float]:
    """Smallest, mean and largest; the mean to 4 decimals and without overflow."""
    mean = math.fsum(value / len(values) for value in values)
    return {"min": min(values), "mean": round(mean, 4), "max": max(values)}


def summed_up(
    lines: Iterable[bytes], catalogue: Mapping[str, EventType]
) -> tuple[dict[str, Share], list[dict[str, Any]]]:
    """Divide a batch's facts by event type; returns the shares and the most unusual events."""
    shares: defaultdict[str, Share] = defaultdict(Share)
    unusual: list[Step] = []
    for step in read_steps(lines):
        event_type = catalogue.get(step.type)
        shares[step.type].add(step, event_type.measures if event_type else ())
        if step.worst:
            unusual.append(step)
    worst = heapq.nlargest(MOST_UNUSUAL, unusual, key=_severity)
    return dict(sorted(shares.items())), [_shown(step, catalogue) for step in worst]


def _severity(step: Step) -> tuple[float, str]:
    return (step.worst or {})["excess"], step.facts["event_key"]


def _shown(step: Step, catalogue: Mapping[str, EventType]) -> dict[str, Any]:
    worst = step.worst or {}
    event_type = catalogue.get(step.type)
    column = event_type.column(worst["measure"]) if event_type else None
    return {
        "type": step.type,
        "time": step.facts["time"],
        "event_key": step.facts["event_key"],
        "measure": worst["measure"],
        "value": worst["value"],
        "unit": (column.unit if column else None) or "",
        "anomalies": step.facts["anomalies"][:MAX_SHOWN],
    }


def report_of(
    pointer: Pointer,
    shares: Mapping[str, Share],
    unusual: Sequence[Mapping[str, Any]],
    key_of: Callable[[str, str, str], str],
) -> dict[str, Any]:
    """Tell the state machine what a batch came to, in at most MAX_BYTES.

    `key_of` names a facts object by event type, batch id and time of receipt. If the report grows
    larger, measures are left out, beginning with the type that has the fewest anomalies and
    events. About 100 event types in one batch fit; counts are never left out.
    """
    batch_id, received_at = pointer["batch_id"], pointer["received_at"]
    report: dict[str, Any] = {
        "batch_id": batch_id,
        "bucket": pointer["bucket"],
        "facts": [
            {
                "type": name,
                "key": key_of(name, batch_id, received_at),
                "rows": len(share.lines),
            }
            for name, share in shares.items()
        ],
        "summary": {name: share.summary() for name, share in shares.items()},
        "unusual": list(unusual),
    }
    _shorten(report)
    return report


def _shorten(report: dict[str, Any]) -> None:
    summaries = report["summary"].values()
    least = sorted(summaries, key=lambda summary: (summary["anomalies"], summary["events"]))
    excess = len(encode(report).encode()) - MAX_BYTES
    for summary in least:
        if excess <= 0:
            return
        excess -= len(encode(summary["measures"]).encode()) - len("{}")
        summary["measures"] = {}
