"""Joins the rows of queue messages to one batch, as text, once each is known to be loadable."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from pipeline.correlation import first_usable
from pipeline.envelope import read_time
from pipeline.errors import MalformedEvent
from pipeline.event import ROW_FORMAT, number_line, quarantine, receive_at
from pipeline.exact_json import decode

ROW = re.compile(
    r'\{"event_key":"[0-9a-f]{64}","fingerprint":"[0-9a-f]{64}","entrance":"[a-z]+",'
    r'"received_at":"([0-9T:.-]+Z)".*\}'
)
# Members of a row and their longest texts in bytes, as of load/create_staged_events.sql.
WIDTHS = {
    "event_key": 64,
    "fingerprint": 64,
    "entrance": 16,
    "received_at": 32,
    "source": 8192,
    "id": 1024,
    "type": 1024,
    "time": 32,
    "subject": 8192,
    "dataschema": 8192,
    "extensions": 65_535,
    "data": 65_535,
    "reason": 256,
    "path": 8192,
    "detail": 8192,
    "payload": 65_535,
}
FOREIGN = "queue"  # the entrance of what this system did not send
FAULT = "FOREIGN_MESSAGE"
OF_GOOD_ROWS = {"source", "id", "type", "time", "data"}
TIMES = ("received_at", "time")
DOCUMENTS = ("extensions", "data")


class Staged(NamedTuple):
    """A row on its way to the lake, with what is told of it; `foreign`: this system did not send it."""

    line: str
    entrance: str
    event_type: str = ""
    correlation_id: str = ""
    foreign: bool = False


@dataclass(frozen=True)
class Batch:
    """The rows of one delivery of the queue, ready for the lake, and what is told of them.

    `tally` counts them by entrance and type, as they stand in them.
    """

    batch_id: str
    received_at: str
    lines: list[bytes]
    foreign: int
    tally: Counter[tuple[str, str]]
    correlation_ids: tuple[str, ...]


def make_batch(records: list[Any]) -> Batch:
    """Make one batch of the messages of one delivery; same messages, same batch, in any order.

    What this system did not send is quarantined: a message, or a line of it, is one row. Lambda
    hands over at most 6 MB at once, so all of it fits into memory and into one object.
    """
    messages = sorted(records, key=lambda record: str(record["messageId"]))
    batch_id = sha256("\n".join(m["messageId"] for m in messages).encode()).hexdigest()
    rows = [row for message in messages for row in read_message(message)]
    return Batch(
        batch_id,
        min(_received_at(row.line) for row in rows),
        list(_numbered(rows, batch_id)),
        sum(row.foreign for row in rows),
        Counter((row.entrance, row.event_type) for row in rows),
        tuple(dict.fromkeys(row.correlation_id for row in rows if row.correlation_id)),
    )


def read_message(message: Any) -> Iterator[Staged]:
    """Yield the rows of a message."""
    body = message.get("body") or ""
    if _attribute(message, "format") != ROW_FORMAT:
        yield foreign_row(message, body)
        return
    correlation_id = first_usable(_attribute(message, "correlation_id"))
    for number, line in enumerate(body.split("\n")):
        if row := read_row(line):
            yield Staged(line, row["entrance"], row.get("type", ""), correlation_id)
        else:
            yield foreign_row(message, line, number)


def read_row(line: str) -> dict[str, str] | None:
    """Read a line that the warehouse takes as a row, None otherwise: it would fail its whole object."""
    if not ROW.fullmatch(line):
        return None
    try:
        row: dict[str, str] = decode(line)
        return row if _fits(row) and _can_be_read(row) else None
    except (MalformedEvent, ValueError, OverflowError):
        return None


def foreign_row(message: Any, text: str, number: int = 0) -> Staged:
    """Make the quarantined row of a message, or of a line of it, that is not ours."""
    sent = int(message["attributes"]["SentTimestamp"]) / 1000
    receipt = receive_at(FOREIGN, datetime.fromtimestamp(sent, UTC))
    fault = MalformedEvent(FAULT, "$", "a message on the event queue is not of rows.v1")
    place = f"sqs\n{message['messageId']}" + (f"\n{number}" if number else "")
    return Staged(quarantine(receipt, place, text, fault).line, FOREIGN, foreign=True)


def _attribute(message: Any, name: str) -> Any:
    return ((message.get("messageAttributes") or {}).get(name) or {}).get("stringValue")


def _fits(row: dict[str, Any]) -> bool:
    return (
        row.keys() <= WIDTHS.keys()
        and ("reason" in row or row.keys() >= OF_GOOD_ROWS)
        and all(isinstance(v, str) and len(v.encode()) <= WIDTHS[n] for n, v in row.items())
    )


def _can_be_read(row: dict[str, str]) -> bool:
    for name in TIMES:
        if name in row:
            read_time(row[name])
    return all(isinstance(decode(row[name]), dict) for name in DOCUMENTS if name in row)


def _received_at(line: str) -> str:
    found = ROW.fullmatch(line)
    return found[1] if found else ""


def _numbered(rows: list[Staged], batch_id: str) -> Iterator[bytes]:
    for position, row in enumerate(rows):
        yield number_line(row.line, batch_id, position, row.correlation_id).encode()
