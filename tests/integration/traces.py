"""What the tests ask the X-Ray API of a local cloud."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from local.cloud import LocalCloud


class Told:
    """A trace as BatchGetTraces told it."""

    def __init__(self, trace: dict[str, Any]) -> None:
        self.id: str = trace["Id"]
        self.segments: list[dict[str, Any]] = [
            json.loads(segment["Document"]) for segment in trace["Segments"]
        ]

    def segment(self, origin: str) -> dict[str, Any]:
        """The first segment of that origin."""
        return next(one for one in self.segments if one.get("origin") == origin)

    @property
    def links(self) -> list[dict[str, Any]]:
        return [link for segment in self.segments for link in segment.get("links", [])]

    def names(self) -> set[str]:
        """What its segments and subsegments are called, and where they come from."""
        return {name for segment in self.segments for name in _names(segment)}


def _names(part: dict[str, Any]) -> Iterator[str]:
    yield part["name"]
    yield part.get("origin", "")
    for subsegment in part.get("subsegments", []):
        yield from _names(subsegment)


class Watcher:
    """Reads traces of one cloud as they come."""

    def __init__(self, cloud: LocalCloud, until: Callable[..., Any]) -> None:
        self.client = cloud.client("xray")
        self.until = until
        self.started = time.time() - 1

    def read(self, trace_id: str) -> Told | None:
        traces = self.client.batch_get_traces(TraceIds=[trace_id])["Traces"]
        return Told(traces[0]) if traces else None

    def wait(self, trace_id: str, *names: str, name: str = "") -> Told:
        """Wait until a trace has segments or subsegments of all these names or origins."""
        wanted = {*names, *filter(None, [name])}

        def complete() -> Told | None:
            told = self.read(trace_id)
            return told if told and wanted <= told.names() else None

        found: Told | None = self.until(complete)
        assert found, f"{wanted} did not all come: {self.read(trace_id)}"
        return found

    def summaries(self, expression: str = "", **more: Any) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("get_trace_summaries").paginate(
            StartTime=self.started,
            EndTime=time.time() + 1,
            **({"FilterExpression": expression} if expression else {}),
            **more,
        )
        return [summary for page in pages for summary in page["TraceSummaries"]]

    def of(self, function: str) -> list[Told]:
        """The traces that a function took part in."""
        found = (self.read(one["Id"]) for one in self.summaries(f'service("{function}")'))
        return [told for told in found if told]
