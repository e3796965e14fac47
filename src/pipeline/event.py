"""From a decoded CloudEvent to the row of it that all later stages carry."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from pipeline.catalogue import EventType
from pipeline.envelope import MAX_TEXT_BYTES, Attributes, fits, read_envelope
from pipeline.errors import MalformedEvent
from pipeline.exact_json import write

# The form of the rows that travel through the queue, told beside each message.
ROW_FORMAT = "rows.v1"
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_DRIFT = timedelta(minutes=10)
OTHER = "other"  # what metrics, logs and traces call all types that the catalogue lacks

Catalogue = Mapping[str, EventType]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where and when events came in; the same for all events of one delivery."""

    entrance: str
    received_at: str
    latest: datetime


class Row(NamedTuple):
    """One event as a JSON line; `fault` tells why it is quarantined.

    `event_type` is as it was sent, whatever that is, and empty where it could not be read.
    """

    event_key: str
    line: str
    fault: MalformedEvent | None = None
    event_type: str = ""


def receive_at(entrance: str, moment: datetime) -> Receipt:
    """Note the receipt of events at an entrance, at a moment with a time zone."""
    utc = moment.astimezone(UTC)
    text = utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
    return Receipt(entrance, text, utc + CLOCK_DRIFT)


def make_row(event: Any, receipt: Receipt, catalogue: Catalogue) -> Row:
    """Make the row of a decoded event; one that breaks its type's rules is a quarantined row.

    Raises MalformedEvent where the envelope is not a CloudEvent of version 1.0.
    """
    attributes, fault = read_envelope(event)
    if fault:
        raise fault
    return _judge(event, attributes, receipt, catalogue)


def keep_row(event: Any, receipt: Receipt, catalogue: Catalogue, place: str, at: str = "") -> Row:
    """Make the row of a decoded event that nobody waits for: every fault quarantines it.

    `place` identifies the event where its own identity cannot be read; `at` (such as `line 17`)
    goes before the JSON path of a fault.
    """
    attributes, fault = read_envelope(event)
    if fault:
        return quarantine(receipt, place, write(event), locate(fault, at), attributes)
    return _judge(event, attributes, receipt, catalogue, at)


def quarantine(
    receipt: Receipt,
    place: str,
    payload: str | None,
    fault: MalformedEvent,
    attributes: Attributes | None = None,
) -> Row:
    """Make a quarantined row of an event as text, with what could be read of its envelope.

    A payload of more than 65,535 bytes is left out, never cut, and the row says so.
    """
    known = attributes or {}
    text = printable(payload or "")
    identified = "source" in known and "id" in known
    key = event_key(known["source"], known["id"]) if identified else _hash(place)
    row = {
        "event_key": key,
        "fingerprint": _hash(text),
        "entrance": receipt.entrance,
        "received_at": receipt.received_at,
        **known,
        "reason": fault.code,
        "path": fault.path,
        "detail": fault.message,
    }
    if fits(text):
        if payload is not None:
            row["payload"] = text
    else:
        row["detail"] += f"; the event itself, over {MAX_TEXT_BYTES} bytes, was left out"
    return Row(key, write(row), fault, known.get("type", ""))


def locate(fault: MalformedEvent, at: str) -> MalformedEvent:
    """Put the place of an event in its file before the path of a fault."""
    if not at:
        return fault
    path = at if fault.path == "$" else f"{at} {fault.path}"
    return MalformedEvent(fault.code, path, fault.message)


def number_line(line: str, batch_id: str, position: int, correlation_id: str = "") -> str:
    """Append to a row, as text, the batch that carries it, its position there and what came with it."""
    correlated = f',"correlation_id":"{correlation_id}"' if correlation_id else ""
    return f'{line[:-1]},"batch_id":"{batch_id}","position":{position}{correlated}}}'


def type_label(event_type: str, catalogue: Collection[str]) -> str:
    """Name a type in metrics, logs and traces: senders could otherwise write there what they like."""
    return event_type if event_type in catalogue else OTHER


def event_key(source: str, event_id: str) -> str:
    """Return the 64 hex digits that identify an event everywhere."""
    return _hash(f"{source}\n{event_id}")


def printable(text: str) -> str:
    """Spell out what a VARCHAR cannot hold: U+0000 and lone surrogates."""
    if text.isascii():
        return text.replace("\0", "\\x00")
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _judge(
    event: dict[str, Any],
    attributes: Attributes,
    receipt: Receipt,
    catalogue: Catalogue,
    at: str = "",
) -> Row:
    data = event["data"]
    text = write(data, sort=True)
    # A null member says nothing: it is stored, but neither checked nor part of the fingerprint.
    said = {k: v for k, v in data.items() if v is not None} if None in data.values() else data
    try:
        _check_rules(said, text, attributes, receipt, catalogue)
    except MalformedEvent as fault:
        return quarantine(receipt, "", write(event), locate(fault, at), attributes)
    key = event_key(attributes["source"], attributes["id"])
    row = {
        "event_key": key,
        "fingerprint": _fingerprint(attributes, text if said is data else write(said, sort=True)),
        "entrance": receipt.entrance,
        "received_at": receipt.received_at,
        "source": attributes["source"],
        "id": attributes["id"],
        "type": attributes["type"],
        "time": receipt.received_at,
        **attributes,
        "data": text,
    }
    return Row(key, write(row), None, attributes["type"])


def _check_rules(
    data: dict[str, Any],
    text: str,
    attributes: Attributes,
    receipt: Receipt,
    catalogue: Catalogue,
) -> None:
    event_type = catalogue.get(attributes["type"])
    if event_type is None:
        raise MalformedEvent("UNKNOWN_TYPE", "$.type", "is not an event type of the catalogue")
    if not fits(text):
        fault = f"must be at most {MAX_TEXT_BYTES} bytes as JSON in UTF-8"
        raise MalformedEvent("TOO_LONG", "$.data", fault)
    time = attributes.get("time")
    if time and not EARLIEST <= datetime.fromisoformat(time) <= receipt.latest:
        fault = "must lie between the year 2000 and 10 minutes after its receipt"
        raise MalformedEvent("TIME_RANGE", "$.time", fault)
    event_type.validate(data)


def _fingerprint(attributes: Attributes, said: str) -> str:
    """Hash what an event says; a time that the sender left out is not part of it."""
    head = write([attributes["type"], attributes.get("time"), attributes.get("subject")])
    return _hash(f"{head[:-1]},{said}]")


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
