"""What X-Ray tells of traces: their summaries, and their segments as decoded documents."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

Document = dict[str, Any]
Summary = dict[str, Any]

LATEST = timedelta(minutes=30)
LONGEST = timedelta(hours=6)  # that GetTraceSummaries takes
SHOWN = 100
MOST_PAGES = 5
AT_ONCE = 5  # ids that BatchGetTraces takes


@dataclass(frozen=True)
class Trace:
    """A trace: its id, and the segments that have come so far."""

    id: str
    segments: Sequence[Document]


class Tracing:
    """Asks X-Ray; errors of the SDK go through, such as for a filter that it cannot read."""

    def __init__(self, xray: Any) -> None:
        self._xray = xray

    def latest(self, expression: str = "") -> list[Summary]:
        """Return summaries of the last half hour, the newest first."""
        now = datetime.now(UTC)
        return self.between(now - LATEST, now, expression)[:SHOWN]

    def since(self, start: datetime, expression: str) -> list[Summary]:
        """Return summaries of what began after a moment, at most six hours after it."""
        return self.between(start, min(datetime.now(UTC), start + LONGEST), expression)

    def between(self, start: datetime, end: datetime, expression: str) -> list[Summary]:
        """Return summaries, the newest first."""
        asked: dict[str, Any] = {"StartTime": start, "EndTime": end, "Sampling": False}
        if expression:
            asked["FilterExpression"] = expression
        pages = self._xray.get_paginator("get_trace_summaries").paginate(**asked)
        found = [item for page in islice(pages, MOST_PAGES) for item in page["TraceSummaries"]]
        return sorted(map(shape_summary, found), key=lambda one: one["at"], reverse=True)

    def fetch(self, ids: Sequence[str]) -> list[Trace]:
        """Return traces in the order of their ids; those that X-Ray does not know are left out."""
        found: dict[str, Trace] = {}
        for first in range(0, len(ids), AT_ONCE):
            answer = self._xray.batch_get_traces(TraceIds=list(ids[first : first + AT_ONCE]))
            found |= {trace["Id"]: read_trace(trace) for trace in answer["Traces"]}
        return [found[each] for each in ids if each in found]


def read_trace(trace: Mapping[str, Any]) -> Trace:
    """Decode the documents of a trace."""
    documents = [json.loads(segment["Document"]) for segment in trace["Segments"]]
    return Trace(trace["Id"], documents)


def shape_summary(summary: Mapping[str, Any]) -> Summary:
    """Write a summary as the page takes it; moments in milliseconds since 1970."""
    http = summary.get("Http", {})
    return {
        "id": summary["Id"],
        "at": _beginning(summary),
        "ms": summary.get("Duration", 0) * 1000,
        "status": _status(summary),
        "entry": summary.get("EntryPoint", {}).get("Name", ""),
        "method": http.get("HttpMethod", ""),
        "url": http.get("HttpURL", ""),
        "http_status": http.get("HttpStatus"),
        "partial": summary.get("IsPartial", False),
        "annotations": {
            name: sorted({str(value) for value in _values(given)})
            for name, given in sorted(summary.get("Annotations", {}).items())
        },
    }


def newest_event(summaries: Iterable[Summary]) -> str | None:
    """Return the event's key of the newest request that brought one event alone."""
    for summary in summaries:
        keys = summary["annotations"].get("event_key")
        if keys and "correlation_id" in summary["annotations"]:
            return str(keys[0])
    return None


def quoted(text: str) -> str:
    """Write a text as a filter expression does."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _beginning(summary: Mapping[str, Any]) -> float:
    if started := summary.get("StartTime"):
        return float(started.timestamp() * 1000)
    return int(summary["Id"].split("-")[1], 16) * 1000.0  # the second that an id holds


def _status(summary: Mapping[str, Any]) -> str:
    kinds = (("fault", "HasFault"), ("throttle", "HasThrottle"), ("error", "HasError"))
    return next((name for name, key in kinds if summary.get(key)), "ok")


def _values(given: Iterable[Mapping[str, Any]]) -> Iterable[Any]:
    for item in given:
        yield from item["AnnotationValue"].values()
