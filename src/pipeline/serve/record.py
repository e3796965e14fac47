"""One event with its history, as JSON text in which the event's data are exactly as stored."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from pipeline.errors import NothingFound
from pipeline.serve.moments import format_moment

Row = Mapping[str, Any]
Record = dict[str, Any]

ENVELOPE = ("source", "id", "type", "time", "subject", "dataschema", "fingerprint")
ARRIVAL = ("received_at", "entrance", "batch_id")
JUDGEMENT = ("reason", "path", "detail")


def write_record(event_key: str, rows: Iterable[Row], as_of: datetime) -> str:
    """Write what is known of an event key from the rows of serve/event.

    Raises NothingFound when there are none.
    """
    records = [_join(list(pieces)) for _, pieces in groupby(rows, lambda row: row["place"])]
    if not records:
        raise NothingFound("no event with this key has been loaded")
    standing = next((record for record in records if not record["place"]), None)
    head = {
        "event_key": event_key,
        "status": "loaded" if standing else "quarantined",
        "as_of": format_moment(as_of),
        "quarantined": [_quarantined(record) for record in records if record["place"]],
    }
    text = json.dumps(head, ensure_ascii=False)
    return f'{text[:-1]}, "event": {_standing(standing) if standing else "null"}}}'


def _join(pieces: list[Row]) -> Record:
    whole = dict(pieces[0])
    for name in ("body", "extensions"):
        texts = [piece[name] for piece in pieces if piece[name] is not None]
        whole[name] = "".join(texts) if texts else None
    return whole


def _standing(record: Record) -> str:
    text = json.dumps(_named(record, ENVELOPE + ARRIVAL), ensure_ascii=False)
    # Parsing and writing the data again would lose digits and the order of keys.
    parts = {"extensions": record["extensions"], "data": record["body"]}
    spliced = "".join(f', "{name}": {json_text}' for name, json_text in parts.items() if json_text)
    return f"{text[:-1]}{spliced}}}"


def _quarantined(record: Record) -> Record:
    envelope = _named(record, (*JUDGEMENT, "source", "id", "type", "fingerprint", *ARRIVAL))
    return envelope | {"payload": record["body"]}


def _named(record: Record, names: Iterable[str]) -> Record:
    found = ((name, record[name]) for name in names)
    return {
        name: format_moment(value) if isinstance(value, datetime) else value
        for name, value in found
        if value is not None
    }
