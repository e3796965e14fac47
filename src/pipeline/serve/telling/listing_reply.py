"""Answers to questions for events: as many as an answer holds, and the cursors that go on from it."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from itertools import chain, groupby
from typing import Any
from urllib.parse import urlencode

from pipeline.serve.asking.contract import MAX_ANSWER_BYTES
from pipeline.serve.asking.cursor import PARAMETER, Position, write_cursor
from pipeline.serve.asking.listing import Listing
from pipeline.serve.asking.moments import format_moment
from pipeline.serve.asking.signing import MAX_TOKEN, Signer
from pipeline.serve.telling.answers import (
    CONTENT_TYPES,
    Answer,
    limited,
    provenance,
    splice,
    to_json,
)
from pipeline.serve.telling.record import Record, write_json

Line = list[str]

PLACE = 2  # data_version, found, place: the event's own columns come after them
COLUMNS = (
    "event_key", "version", "source", "id", "type", "time", "received_at", "entrance", "batch_id",
    "subject", "dataschema", "extensions", "data",
)  # fmt: skip
TIMES = ("time", "received_at")
JSON_TEXTS = ("extensions", "data")
# What an answer has beside its head and events: two cursors, names, the header line of CSV.
RESERVED_BYTES = 2 * MAX_TOKEN + 500
SEPARATOR_BYTES = 2
# API Gateway gives 10,240 bytes to all headers together.
MAX_LINK = 4_096


def answer_listing(
    listing: Listing, lines: Iterable[Line], as_of: datetime, signer: Signer
) -> Answer:
    """Write the answer; it holds one event at least, if there is one.

    `next` is the cursor of those that are there already, `resume` that of whatever is not in this
    answer, there or yet to come.
    """
    read = iter(lines)
    first = next(read)
    version, found = int(first[0] or 0), int(first[1])
    head = {**provenance(as_of, version), **listing.described()}
    room = MAX_ANSWER_BYTES - RESERVED_BYTES - len(to_json(head).encode())
    records = read_records(chain([first], read))
    texts, last = _fill(room, records, WRITERS[listing.format], listing.after)
    resume = write_cursor(signer, last, listing.described()) if last else None
    cursors = {"next": resume if found > len(texts) else None, "resume": resume}
    return Answer(
        limited(_body(listing.format, {**head, **cursors}, texts)),
        CONTENT_TYPES[listing.format],
        as_of,
        version,
        _headers(listing, version, cursors),
    )


def read_records(lines: Iterable[Line]) -> Iterator[Record]:
    """Join the pieces of each event; its JSON stays text, so that every digit stays."""
    for place, group in groupby(lines, key=lambda line: line[PLACE]):
        if place:
            yield _record([dict(zip(COLUMNS, line[PLACE + 1 :], strict=True)) for line in group])


def _record(pieces: list[dict[str, str]]) -> Record:
    texts = pieces[0]
    record: Record = {name: text[1:] if text else None for name, text in texts.items()}
    record["event_key"], record["version"] = texts["event_key"], int(texts["version"])
    for name in TIMES:
        text = texts[name]
        record[name] = format_moment(datetime.fromisoformat(text)) if text else None
    for name in JSON_TEXTS:
        record[name] = "".join(piece[name][1:] for piece in pieces) or None
    return record


def _fill(
    room: int,
    records: Iterable[Record],
    write: Callable[[Record], str],
    after: Position | None,
) -> tuple[list[str], Position | None]:
    """Write events while there is room; tells the position of the last of them too."""
    texts: list[str] = []
    for record in records:
        text = write(record)
        room -= len(text.encode()) + SEPARATOR_BYTES
        if texts and room < 0:
            break
        texts.append(text)
        after = Position(record["version"], record["event_key"])
    return texts, after


def _write_json(record: Record) -> str:
    plain = {name: record[name] for name in COLUMNS if name not in JSON_TEXTS}
    kept = {name: value for name, value in plain.items() if value is not None}
    return write_json(kept, {name: record[name] for name in JSON_TEXTS})


def _write_line(record: Record) -> str:
    return _write_json(record) + "\n"


def _write_csv(record: Mapping[str, Any]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(record[name] for name in COLUMNS)
    return text.getvalue()


WRITERS: Mapping[str, Callable[[Record], str]] = {
    "json": _write_json,
    "csv": _write_csv,
    "ndjson": _write_line,
}


def _body(format_: str, head: Mapping[str, Any], texts: list[str]) -> str:
    if format_ == "json":
        return splice(head, "events", texts)
    header = _write_csv({name: name for name in COLUMNS}) if format_ == "csv" else ""
    return header + "".join(texts)


def _headers(listing: Listing, version: int, cursors: Mapping[str, str | None]) -> dict[str, str]:
    # Cursors expire, so an answer is only the same while they are.
    told = json.dumps([listing.normal(), cursors], sort_keys=True)
    headers = {"ETag": f'W/"{version}-{sha256(told.encode()).hexdigest()[:20]}"'}
    if cursors["resume"]:
        headers["Resume-Cursor"] = cursors["resume"]
    if cursors["next"]:
        headers["Next-Cursor"] = cursors["next"]
        link = f'<?{urlencode({**listing.given, PARAMETER: cursors["next"]})}>; rel="next"'
        if len(link) <= MAX_LINK:
            headers["Link"] = link
    return headers
