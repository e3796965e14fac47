"""Quarantined events that the catalogue takes by now, sent through the queue once more."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol

from local.recovery.announcing import chunks
from pipeline.errors import MalformedEvent
from pipeline.event import Catalogue, make_row, receive_at
from pipeline.exact_json import decode, write

PAGE_ROWS = 500  # of up to 64 KB each
SEND_ROWS = 500
IDENTITY = "IDENTITY"

Kept = Mapping[str, Any]


class Reader(Protocol):
    """What is needed of the ledger."""

    def quarantined(self, after: str, filters: Mapping[str, str], limit: int) -> list[Any]:
        """Read a page of quarantined rows."""


class Queue(Protocol):
    """What is needed of the event queue."""

    def send(self, lines: Iterable[str], correlation_id: str = "") -> int:
        """Send rows, and beside them what they came with."""


@dataclass
class Resent:
    """How many were looked at and sent, and why the others stay, by reason."""

    found: int = 0
    sent: int = 0
    left: dict[str, int] = field(default_factory=dict)


def resend(
    rows: Iterable[Kept], catalogue: Catalogue, queue: Queue | None, now: datetime
) -> Iterator[Resent]:
    """Send what is valid now; yields the tally as it goes. Without a queue nothing is sent.

    Of an event that was quarantined in several versions the first valid one goes.
    """
    tally = Resent()
    for rebuilt in chunks(_valid(rows, catalogue, now, tally), SEND_ROWS):
        if queue:
            _send(rebuilt, queue)
        tally.sent += len(rebuilt)
        yield tally
    yield tally


def _send(rebuilt: Iterable[tuple[str, str]], queue: Queue) -> None:
    together: dict[str, list[str]] = {}
    for correlation_id, line in rebuilt:
        together.setdefault(correlation_id, []).append(line)
    for correlation_id, lines in together.items():
        queue.send(lines, correlation_id)


def _valid(
    rows: Iterable[Kept], catalogue: Catalogue, now: datetime, tally: Resent
) -> Iterator[tuple[str, str]]:
    for _, versions in groupby(rows, key=lambda row: row["event_key"]):
        line = correlation_id = ""
        for row in sorted(versions, key=lambda row: row["received_at"]):
            tally.found += 1
            rebuilt, fault = ("", "OTHER_VERSION") if line else rebuild(row, catalogue, now)
            if rebuilt:
                line, correlation_id = rebuilt, row["correlation_id"] or ""
            if fault:
                tally.left[fault] = tally.left.get(fault, 0) + 1
        if line:
            yield correlation_id, line


def rebuild(row: Kept, catalogue: Catalogue, now: datetime) -> tuple[str, str]:
    """Make the row of a quarantined event, or say (by its code) what is still wrong with it.

    It is judged, and timed if it brings no time, as of its first receipt; what is new is only that
    it is received now.
    """
    try:
        event = decode(row["payload"])
        made = make_row(event, receive_at(row["entrance"], row["received_at"]), catalogue)
        if made.fault:
            raise made.fault
    except MalformedEvent as fault:
        return "", fault.code
    if made.event_key != row["event_key"]:
        return "", IDENTITY
    received_at = receive_at(row["entrance"], now).received_at
    return write({**decode(made.line), "received_at": received_at}), ""


def read_quarantine(ledger: Reader, filters: Mapping[str, str]) -> Iterator[Kept]:
    """Yield the quarantined rows that the filters choose, page by page."""
    after = " "
    while page := ledger.quarantined(after, filters, PAGE_ROWS):
        yield from page
        after = page[-1]["place"]


def describe(tally: Resent, *, dry_run: bool) -> str:
    """Tell what became of the quarantined rows."""
    would = "would be " if dry_run else ""
    lines = [f"quarantine: {tally.found:,} looked at, {tally.sent:,} {would}sent to EventQueue"]
    lines += [f"  {number:,} x still {code}" for code, number in sorted(tally.left.items())]
    return "\n".join(lines)
