"""Reads events from DynamoDB stream records: every inserted item is one."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline.errors import MalformedEvent
from pipeline.event import Catalogue, Receipt, Row, keep_row, quarantine, receive_at
from pipeline.exact_json import check, number, write

# What of an item is the event; other attributes (keys, time to live) belong to its table.
MEMBERS = ("id", "source", "type", "time", "subject", "dataschema", "data")
SIMPLE: Mapping[str, Callable[[Any], Any]] = {
    "S": str,
    "BOOL": bool,
    "NULL": lambda _: None,
    "N": number,
    "SS": sorted,
    "NS": lambda texts: sorted(map(number, texts)),
}


def inserts(records: list[Any]) -> list[Any]:
    """Return the records of inserted items, the only ones that are events."""
    return [record for record in records if record.get("eventName") == "INSERT"]


def make_rows(records: list[Any], catalogue: Catalogue) -> Iterator[Row]:
    """Make one row of each record, the same for the same record however often it comes."""
    for record in records:
        yield make_change_row(record, catalogue)


def make_change_row(record: Mapping[str, Any], catalogue: Catalogue) -> Row:
    """Make the row of one inserted item; whatever is wrong with it quarantines it."""
    change = record.get("dynamodb", {})
    receipt = _receipt(change)
    place = str(record.get("eventID", change.get("SequenceNumber", "")))
    image = change.get("NewImage")
    try:
        event = _event(record, image)
        check(event)
    except MalformedEvent as fault:
        payload = write(image) if image is not None else None
        return quarantine(receipt, f"dynamodb\n{place}", payload, fault)
    return keep_row(event, receipt, catalogue, f"dynamodb\n{place}")


def plain(value: Mapping[str, Any], path: str = "$") -> Any:
    """Turn a typed DynamoDB value into a plain one; numbers keep every digit, sets become lists.

    Raises MalformedEvent for binary values, which JSON does not have, and for unknown types.
    """
    if not isinstance(value, dict) or len(value) != 1:
        raise MalformedEvent("NOT_DYNAMODB", path, "is not a typed DynamoDB value")
    [(kind, content)] = value.items()
    if kind == "M":
        return {name: plain(member, path) for name, member in content.items()}
    if kind == "L":
        return [plain(member, path) for member in content]
    if kind in ("B", "BS"):
        raise MalformedEvent("BINARY", path, "holds binary data, which an event cannot carry")
    if kind not in SIMPLE:
        raise MalformedEvent("NOT_DYNAMODB", path, "is of an unknown DynamoDB type")
    return SIMPLE[kind](content)


def _event(record: Mapping[str, Any], image: Any) -> dict[str, Any]:
    if not isinstance(image, dict):
        raise MalformedEvent("NO_IMAGE", "$", "the stream record carries no new image")
    read = {name: plain(image[name], f"$.{name}") for name in MEMBERS if name in image}
    own = {name: value for name, value in read.items() if value is not None}
    source = f"dynamodb:{_table(record)}"
    return {"specversion": "1.0", "source": source, "id": record.get("eventID"), **own}


def _table(record: Mapping[str, Any]) -> str:
    # arn:aws:dynamodb:<region>:<account>:table/<table>/stream/<label>
    parts = str(record.get("eventSourceARN", "")).split("/")
    return parts[1] if len(parts) > 1 else "unknown"


def _receipt(change: Mapping[str, Any]) -> Receipt:
    seconds = change.get("ApproximateCreationDateTime", 0)
    return receive_at("change", datetime.fromtimestamp(float(seconds), UTC))
