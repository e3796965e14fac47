"""One event with its history, as JSON text in which the event's data are exactly as stored."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from pipeline.serve.asking.moments import format_moment
from pipeline.serve.telling.answers import provenance, to_json
from pipeline.sql import statement

Row = Mapping[str, Any]
Record = dict[str, Any]

ENVELOPE = ("source", "id", "type", "time", "subject", "dataschema", "fingerprint")
ARRIVAL = ("received_at", "entrance", "batch_id")
CORRELATED = (
    *ARRIVAL,
    "correlation_id",
)  # the id is missing where an earlier release took the event
JUDGEMENT = ("reason", "path", "detail")
MOMENTS = ("received_at", "time")


@dataclass(frozen=True)
class Underway:
    """A row of the lake that is not loaded yet, where it lies, and when it came so far."""

    row: Row
    object_key: str
    staged_at: datetime
    prepared_at: datetime | None = None


def event_query() -> str:
    """Make the statement that finds all that is known of the event :event_key."""
    return statement("serve/event", parts=statement("serve/parts"))


def read_version(rows: Sequence[Row]) -> int:
    """Read the version of the data off the rows of event_query, of which there is always one."""
    return int(rows[0]["data_version"] or 0)


def is_known(rows: Sequence[Row]) -> bool:
    """Tell whether the warehouse knows the event."""
    return rows[0]["place"] is not None


def write_record(event_key: str, rows: Sequence[Row], as_of: datetime) -> str:
    """Write what is known of an event key, as JSON text, from the rows of event_query."""
    records = [_join(list(pieces)) for _, pieces in groupby(rows, lambda row: row["place"])]
    standing = next((record for record in records if not record["place"]), None)
    head = {
        **provenance(as_of, read_version(rows)),
        "event_key": event_key,
        "status": "loaded" if standing else "quarantined",
        "history": list(_history(records[0])),
        "quarantined": [_quarantined(record) for record in records if record["place"]],
    }
    return write_json(head, {"event": _standing(standing) if standing else "null"})


def write_underway(event_key: str, underway: Underway, version: int, as_of: datetime) -> str:
    """Write what is known of an event that lies in the lake and not yet in the warehouse."""
    row = {"extensions": None, "body": None, **underway.row}
    row |= {name: datetime.fromisoformat(row[name]) for name in MOMENTS if name in row}
    judged = "reason" in row
    head = {
        **provenance(as_of, version),
        "event_key": event_key,
        "status": "prepared" if underway.prepared_at else "staged",
        "history": list(_underway_history(row, underway)),
        "quarantined": [_quarantined(row | {"body": row.get("payload")})] if judged else [],
    }
    event = "null" if judged else _standing(row | {"body": row["data"]})
    return write_json(head, {"event": event})


def write_json(head: Mapping[str, Any], texts: Mapping[str, str | None]) -> str:
    """Write an object whose last members are texts that are JSON already; None is left out.

    Parsing and writing them again would lose digits and the order of keys.
    """
    spliced = "".join(f', "{name}": {text}' for name, text in texts.items() if text is not None)
    return f"{to_json(head)[:-1]}{spliced}}}"


def _join(pieces: list[Row]) -> Record:
    whole = dict(pieces[0])
    for name in ("body", "extensions"):
        texts = [piece[name] for piece in pieces if piece[name] is not None]
        whole[name] = "".join(texts) if texts else None
    return whole


def _standing(record: Record) -> str:
    texts = {"extensions": record["extensions"], "data": record["body"]}
    return write_json(_named(record, ENVELOPE + CORRELATED), texts)


def _quarantined(record: Record) -> Record:
    envelope = _named(record, (*JUDGEMENT, "source", "id", "type", "fingerprint", *CORRELATED))
    return envelope | {"payload": record["body"]}


def _history(record: Record) -> Iterator[Record]:
    """Tell the steps that an event has taken; times that the ledger does not know are None."""
    yield _step("received", record["received_at"], entrance=record["entrance"])
    if record["object_key"] is not None:
        staged = {"batch_id": record["batch_id"], "object": record["object_key"]}
        yield _step("staged", record["staged_at"], **staged)
    if record["facts"] is not None:
        yield _step("prepared", record["prepared_at"], facts=record["facts"])
    if record["place"]:
        yield _step("quarantined", record["kept_at"], reason=record["reason"])
    else:
        yield _step("loaded", record["kept_at"], version=record["version"])


def _underway_history(row: Row, underway: Underway) -> Iterator[Record]:
    yield _step("received", row["received_at"], entrance=row["entrance"])
    staged = {"batch_id": row["batch_id"], "object": underway.object_key}
    yield _step("staged", underway.staged_at, **staged)
    if underway.prepared_at:
        yield _step("prepared", underway.prepared_at)


def _step(name: str, at: datetime | None, **more: Any) -> Record:
    return {"step": name, "at": format_moment(at) if at else None, **more}


def _named(record: Record, names: Iterable[str]) -> Record:
    found = ((name, record.get(name)) for name in names)
    return {
        name: format_moment(value) if isinstance(value, datetime) else value
        for name, value in found
        if value is not None
    }
