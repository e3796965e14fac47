"""Joins the rows of queue messages to one batch, as text, once each is known to be loadable."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

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
OF_GOOD_ROWS = {"source", "id", "type", "time", "data"}
TIMES = ("received_at", "time")
DOCUMENTS = ("extensions", "data")


@dataclass(frozen=True)
class Batch:
    """The rows of one delivery of the queue, ready for the lake."""

    batch_id: str
    received_at: str
    lines: list[bytes]
    foreign: int


def make_batch(records: list[Any]) -> Batch:
    """Make one batch of the messages of one delivery; same messages, same batch, in any order.

    What this system did not send is quarantined: a message, or a line of it, is one row. Lambda
    hands over at most 6 MB at once, so all of it fits into memory and into one object.
    """
    messages = sorted(records, key=lambda record: str(record["messageId"]))
    batch_id = sha256("\n".join(m["messageId"] for m in messages).encode()).hexdigest()
    rows = [row for message in messages for row in read_message(message)]
    received_at = min(_received_at(line) for line, _ in rows)
    foreign = sum(is_foreign for _, is_foreign in rows)
    return Batch(batch_id, received_at, list(_numbered(rows, batch_id)), foreign)


def read_message(message: Any) -> Iterator[tuple[str, bool]]:
    """Yield the rows of a message, each with whether it is one that this system did not send."""
    body = message.get("body") or ""
    if not _is_own(message):
        yield foreign_row(message, body), True
        return
    for number, line in enumerate(body.split("\n")):
        own = is_row(line)
        yield line if own else foreign_row(message, line, number), not own


def is_row(line: str) -> bool:
    """Tell whether a line is a row that the warehouse takes: one other fails its whole object."""
    if not ROW.fullmatch(line):
        return False
    try:
        row = decode(line)
        return _fits(row) and _can_be_read(row)
    except (MalformedEvent, ValueError, OverflowError):
        return False


def foreign_row(message: Any, text: str, number: int = 0) -> str:
    """Make the quarantined row of a message, or of a line of it, that is not ours."""
    sent = int(message["attributes"]["SentTimestamp"]) / 1000
    receipt = receive_at("queue", datetime.fromtimestamp(sent, UTC))
    fault = MalformedEvent("FOREIGN_MESSAGE", "$", "a message on the event queue is not of rows.v1")
    place = f"sqs\n{message['messageId']}" + (f"\n{number}" if number else "")
    return quarantine(receipt, place, text, fault).line


def _is_own(message: Any) -> bool:
    attribute = (message.get("messageAttributes") or {}).get("format") or {}
    return bool(attribute.get("stringValue") == ROW_FORMAT)


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


def _numbered(rows: list[tuple[str, bool]], batch_id: str) -> Iterator[bytes]:
    for position, (line, _) in enumerate(rows):
        yield number_line(line, batch_id, position).encode()
