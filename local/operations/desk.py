"""Answers the page's questions, each at most once in two seconds however many ask it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.operations.alarms import read_alarms
from local.operations.executions import NAME, list_executions, read_execution
from local.operations.flow import read_flow
from local.operations.following import follow
from local.operations.kept import Kept, KeptByKey
from local.operations.service_map import read_map
from local.operations.spans import spans_of
from local.operations.traces import Tracing, newest_event
from local.operations.waterfall import lay_out
from local.resources import Resources

Json = dict[str, Any]
Client = Callable[[str], Any]
# Asks the endpoint GET /v1/events/{event_key}; None if it does not know the event.
AskEvent = Callable[[str], Mapping[str, Any] | None]

EVENT_KEY = re.compile(r"[0-9a-f]{64}\Z")
SECONDS = 2.0
STACK_SECONDS = 60.0  # a stack seldom changes
SERVICES = ("cloudformation", "cloudwatch", "sqs", "stepfunctions", "xray")
MOST_EVENTS = 256
SETTLED_SECONDS = 10.0  # segments come within a few


class UnknownThing(LookupError):
    """There is no such trace, execution or event."""


@dataclass(frozen=True)
class Question:
    """A question for one thing or by one text: the parameter that says which."""

    parameter: str
    ask: Callable[[str], Any]


class Desk:
    """All answers of the page about one stack; raises what the SDK raises, and UnknownThing."""

    def __init__(self, client: Client, stack: str, ask_event: AskEvent) -> None:
        # Clients may be used by many threads, but not made by them.
        self._clients = {service: client(service) for service in SERVICES}
        self._ask_event = ask_event
        self._records: dict[str, Mapping[str, Any]] = {}
        self._ways: dict[str, Json] = {}
        self._tracing = Tracing(self._clients["xray"])
        self._resources = Kept(
            lambda: Resources.find(self._clients["cloudformation"], stack), STACK_SECONDS
        )
        self.plain: Mapping[str, Kept[Any]] = {
            "overview": Kept(self._overview, SECONDS),
            "map": Kept(lambda: read_map(self._clients["xray"]), SECONDS),
            "executions": Kept(self._executions, SECONDS),
            "latest-event": Kept(self._latest_event, SECONDS),
        }
        self.asked: Mapping[str, Question] = {
            "traces": Question("filter", KeptByKey(self._traces, SECONDS).get),
            "trace": Question("id", KeptByKey(self._trace, SECONDS).get),
            "execution": Question("name", KeptByKey(self._execution, SECONDS).get),
            "event": Question("key", KeptByKey(self._event, SECONDS).get),
        }

    def _overview(self) -> Json:
        now, resources = datetime.now(UTC), self._resources.get()
        cloudwatch = self._clients["cloudwatch"]
        return {
            "at": now.timestamp() * 1000,
            "stages": read_flow(cloudwatch, self._clients["sqs"], resources, now),
            **read_alarms(cloudwatch, resources),
        }

    def _traces(self, expression: str) -> Json:
        return {"filter": expression, "traces": self._tracing.latest(expression)}

    def _trace(self, trace_id: str) -> Json:
        for trace in self._tracing.fetch([trace_id]):
            return {"id": trace.id, **lay_out(spans_of(trace))}
        raise UnknownThing("There is no such trace, or nothing of it has come yet.")

    def _latest_event(self) -> Json:
        return {"event_key": newest_event(self._tracing.latest('http.method = "POST"'))}

    def _event(self, event_key: str) -> Json:
        record = self._record(event_key) if EVENT_KEY.match(event_key) else None
        if record is None:
            raise UnknownThing("The endpoint does not know this event, or not yet.")
        if event_key not in self._ways:
            way = follow(event_key, record, self._tracing, self._resources.get())
            if not is_complete(way, datetime.now(UTC)):
                return way
            _keep(self._ways, event_key, way)
        return self._ways[event_key]

    def _record(self, event_key: str) -> Mapping[str, Any] | None:
        """Ask the endpoint; what it says of an event that is loaded stays, so it is kept."""
        if known := self._records.get(event_key):
            return known
        record = self._ask_event(event_key)
        if record and record.get("status") in ("loaded", "quarantined"):
            _keep(self._records, event_key, record)
        return record

    def _executions(self) -> Json:
        machine = self._resources.get().physical["PrepareBatch"]
        return {"executions": list_executions(self._clients["stepfunctions"], machine)}

    def _execution(self, name: str) -> Json:
        if not NAME.match(name):
            raise UnknownThing("There is no such execution.")
        machine = self._resources.get().physical["PrepareBatch"]
        return read_execution(self._clients["stepfunctions"], machine, name)


def is_complete(way: Json, now: datetime) -> bool:
    """Tell whether an event was read so long ago that no segment of its way can be missing."""
    was_read = any("read" in part["roles"] for part in way["parts"])
    ended = (way["at"] + way["ms"]) / 1000
    return was_read and now.timestamp() - ended > SETTLED_SECONDS


def _keep(kept: dict[str, Any], key: str, value: Any) -> None:
    if len(kept) >= MOST_EVENTS:
        kept.clear()
    kept[key] = value
