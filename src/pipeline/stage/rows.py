"""Joins the rows of queue messages to one batch, as text: what was written once is not read again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from pipeline.errors import MalformedEvent
from pipeline.event import number_line, quarantine, receive_at

FORMAT = "rows.v1"
ROW = re.compile(
    r'\{"event_key":"[0-9a-f]{64}","fingerprint":"[0-9a-f]{64}","entrance":"[a-z]+",'
    r'"received_at":"([0-9T:.-]+Z)".*\}'
)


@dataclass(frozen=True)
class Batch:
    """The rows of one delivery of the queue, ready for the lake."""

    batch_id: str
    received_at: str
    lines: list[bytes]
    foreign: int


def make_batch(records: list[Any]) -> Batch:
    """Make one batch of the messages of one delivery; same messages, same batch, in any order.

    A message that this system did not send is one quarantined row. Lambda hands over at most 6 MB
    at once, so all of it fits into memory and into one object.
    """
    messages = sorted(records, key=lambda record: str(record["messageId"]))
    batch_id = sha256("\n".join(m["messageId"] for m in messages).encode()).hexdigest()
    rows: list[str] = []
    times: list[str] = []
    foreign = 0
    for message in messages:
        lines = own_lines(message)
        foreign += not lines
        lines = lines or [foreign_row(message)]
        times.append(_received_at(lines[0]))
        rows.extend(lines)
    return Batch(batch_id, min(times), list(_numbered(rows, batch_id)), foreign)


def own_lines(message: Any) -> list[str]:
    """Return the rows of a message, none if this system did not send it."""
    attribute = (message.get("messageAttributes") or {}).get("format") or {}
    if attribute.get("stringValue") != FORMAT:
        return []
    lines: list[str] = message.get("body", "").split("\n")
    return lines if all(map(ROW.fullmatch, lines)) else []


def foreign_row(message: Any) -> str:
    """Make the quarantined row of a message that is not ours; it keeps the message's body."""
    sent = int(message["attributes"]["SentTimestamp"]) / 1000
    receipt = receive_at("queue", datetime.fromtimestamp(sent, UTC))
    fault = MalformedEvent("FOREIGN_MESSAGE", "$", "a message on the event queue is not of rows.v1")
    return quarantine(receipt, f"sqs\n{message['messageId']}", message.get("body"), fault).line


def _received_at(line: str) -> str:
    found = ROW.fullmatch(line)
    return found[1] if found else ""


def _numbered(rows: list[str], batch_id: str) -> Iterator[bytes]:
    for position, row in enumerate(rows):
        yield number_line(row, batch_id, position).encode()
