"""What became of each event of one delivery, and how the sender is told."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pipeline.errors import MalformedEvent
from pipeline.event import Catalogue, Receipt, make_row
from pipeline.receive.http import Answer, problem, reply

Status = Literal["accepted", "quarantined", "rejected"]
# Sources that other entrances mint: whoever could send them could take the keys of their events.
MINTED = ("/webhooks/", "s3://", "dynamodb:")
FORBIDDEN = "RESERVED_SOURCE"


class Queue(Protocol):
    """Where rows are kept: pipeline.queue.RowQueue, or a fake."""

    def send(self, lines: Iterable[str], correlation_id: str) -> int:
        """Keep all lines or raise DeliveryFailed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One event of a delivery: its place there, its fault if any; key and type if it was taken."""

    index: int
    status: Status
    line: str = ""
    event_key: str | None = None
    fault: MalformedEvent | None = None
    event_type: str = ""

    def told(self) -> dict[str, Any]:
        """Say it to the sender."""
        told: dict[str, Any] = {"index": self.index, "status": self.status}
        if self.event_key:
            told["event_key"] = self.event_key
        if self.fault:
            told["reason"] = self.fault.code
            told["path"] = self.fault.path
            told["detail"] = self.fault.message
        return told


def take(
    events: list[Any], receipt: Receipt, catalogue: Catalogue, own_source: str | None = None
) -> list[Outcome]:
    """Make rows of decoded events; each is accepted, quarantined or rejected by itself.

    Rejected are those without a proper envelope and those with a source that is minted elsewhere
    (`own_source` is the one that this entrance mints).
    """
    return [
        _take_one(index, event, receipt, catalogue, own_source)
        for index, event in enumerate(events)
    ]


def keep(outcomes: list[Outcome], queue: Queue, correlation_id: str) -> None:
    """Send what was taken to the queue; returns when the queue has all of it.

    Raises DeliveryFailed otherwise.
    """
    queue.send((outcome.line for outcome in outcomes if outcome.line), correlation_id)


def answer(outcomes: list[Outcome]) -> Answer:
    """Tell the sender: 202 with what became of each event; 400 or 403 if none was taken."""
    by_status = Counter(outcome.status for outcome in outcomes)
    counts = {status: by_status[status] for status in ("accepted", "quarantined", "rejected")}
    document = {**counts, "events": [outcome.told() for outcome in outcomes]}
    if counts["rejected"] < len(outcomes):
        return reply(202, document, "application/json")
    faults = [outcome.fault for outcome in outcomes if outcome.fault]
    status = 403 if all(fault.code == FORBIDDEN for fault in faults) else 400
    return problem(status, faults[0], **document)


def _take_one(
    index: int, event: Any, receipt: Receipt, catalogue: Catalogue, own_source: str | None
) -> Outcome:
    try:
        row = make_row(event, receipt, catalogue)
        _check_source(event["source"], own_source)
    except MalformedEvent as fault:
        return Outcome(index, "rejected", fault=fault)
    status: Status = "quarantined" if row.fault else "accepted"
    return Outcome(index, status, row.line, row.event_key, row.fault, row.event_type)


def _check_source(source: str, own_source: str | None) -> None:
    if source != own_source and source.lower().startswith(MINTED):
        message = "is reserved for events that come in another way"
        raise MalformedEvent(FORBIDDEN, "$.source", message)
