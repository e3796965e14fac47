"""One event with its history, as JSON text in which the event's data are exactly as stored."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from pipeline.errors import NothingFound
from pipeline.serve.asking.moments import format_moment
from pipeline.serve.telling.answers import provenance, to_json
from pipeline.sql import statement

Row = Mapping[str, Any]
Record = dict[str, Any]

ENVELOPE = ("source", "id", "type", "time", "subject", "dataschema", "fingerprint")
ARRIVAL = ("received_at", "entrance", "batch_id")
JUDGEMENT = ("reason", "path", "detail")


def event_query() -> str:
    """Make the statement that finds all that is known of the event :event_key."""
    return statement("serve/event", parts=statement("serve/parts"))


def write_record(event_key: str, rows: Iterable[Row], as_of: datetime) -> tuple[int, str]:
    """Write what is known of an event key from the rows of event_query.

    Returns the version of the data and the JSON text. Raises NothingFound when there are no rows.
    """
    records = [_join(list(pieces)) for _, pieces in groupby(rows, lambda row: row["place"])]
    if not records:
        raise NothingFound(
            "no event with this key is loaded: it is on its way, or it was never received"
        )
    standing = next((record for record in records if not record["place"]), None)
    version = int(records[0]["data_version"] or 0)
    head = {
        **provenance(as_of, version),
        "event_key": event_key,
        "status": "loaded" if standing else "quarantined",
        "history": list(_history(records[0])),
        "quarantined": [_quarantined(record) for record in records if record["place"]],
    }
    return version, write_json(head, {"event": _standing(standing) if standing else "null"})


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
    return write_json(_named(record, ENVELOPE + ARRIVAL), texts)


def _quarantined(record: Record) -> Record:
    envelope = _named(record, (*JUDGEMENT, "source", "id", "type", "fingerprint", *ARRIVAL))
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


def _step(name: str, at: datetime | None, **more: Any) -> Record:
    return {"step": name, "at": format_moment(at) if at else None, **more}


def _named(record: Record, names: Iterable[str]) -> Record:
    found = ((name, record[name]) for name in names)
    return {
        name: format_moment(value) if isinstance(value, datetime) else value
        for name, value in found
        if value is not None
    }
