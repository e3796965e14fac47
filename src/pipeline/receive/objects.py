"""Turns an uploaded object, whatever its format, into rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.errors import MalformedEvent
from pipeline.event import Catalogue, Receipt, Row, keep_row, locate, quarantine
from pipeline.exact_json import decode
from pipeline.receive.lines import (
    MAX_LINE_BYTES,
    Body,
    open_stream,
    read_document,
    read_lines,
)
from pipeline.receive.table import read_records

LINE_FORMATS = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class Origin:
    """Where the events of one object come from; `version` tells its contents apart."""

    name: str
    source: str
    version: str
    receipt: Receipt

    def identify(self, event: Any, number: int) -> Any:
        """Give an event the identity of its place, as far as it brings none itself."""
        if not isinstance(event, dict):
            return event
        own = {name: value for name, value in event.items() if value is not None}
        place = {"specversion": "1.0", "source": self.source, "id": f"{self.version}:{number}"}
        return {**place, **own}

    def place(self, number: int | str) -> str:
        """Name one line of the object, the same at every delivery."""
        return f"{self.source}\n{self.version}:{number}"


def read_rows(body: Body, origin: Origin, catalogue: Catalogue) -> Iterator[Row]:
    """Yield the rows of an object, by its name: JSON Lines, one JSON document or CSV.

    Raises MalformedEvent if the object as a whole cannot be read, maybe only at its end: nothing of
    it counts then.
    """
    name = origin.name.lower().removesuffix(".gz")
    if not name.endswith((*LINE_FORMATS, ".json", ".csv")):
        message = "is not named .jsonl, .ndjson, .json or .csv, with .gz or without"
        raise MalformedEvent("UNKNOWN_FORMAT", "$", message)
    stream = open_stream(body, origin.name)
    if name.endswith(".json"):
        yield from _document_rows(read_document(stream), origin, catalogue)
    elif name.endswith(".csv"):
        yield from _table_rows(read_lines(stream), origin, catalogue)
    else:
        yield from _line_rows(read_lines(stream), origin, catalogue)


def broken_object(origin: Origin, fault: MalformedEvent) -> Row:
    """Make the one row that stands for an object of which nothing can be taken."""
    return quarantine(origin.receipt, origin.place("object"), None, fault)


def _line_rows(
    lines: Iterator[bytes | None], origin: Origin, catalogue: Catalogue
) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if line is None or line.strip():
            yield _line_row(line, number, origin, catalogue)


def _line_row(line: bytes | None, number: int, origin: Origin, catalogue: Catalogue) -> Row:
    at, place = f"line {number}", origin.place(number)
    if line is None:
        fault = MalformedEvent("TOO_LONG", at, f"holds more than {MAX_LINE_BYTES} bytes")
        return quarantine(origin.receipt, place, None, fault)
    try:
        event = decode(line.rstrip(b"\r\n"))
    except MalformedEvent as fault:
        text = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
        return quarantine(origin.receipt, place, text, locate(fault, at))
    return keep_row(origin.identify(event, number), origin.receipt, catalogue, place, at)


def _document_rows(document: bytes, origin: Origin, catalogue: Catalogue) -> Iterator[Row]:
    value = decode(document)
    for index, event in enumerate(value if isinstance(value, list) else [value]):
        number, at = index + 1, f"$[{index}]" if isinstance(value, list) else ""
        identified = origin.identify(event, number)
        yield keep_row(identified, origin.receipt, catalogue, origin.place(number), at)


def _table_rows(
    lines: Iterator[bytes | None], origin: Origin, catalogue: Catalogue
) -> Iterator[Row]:
    for record in read_records(lines, catalogue):
        at, place = f"line {record.line}", origin.place(record.line)
        if record.fault:
            yield quarantine(origin.receipt, place, record.readable, locate(record.fault, at))
        else:
            event = origin.identify(record.event, record.line)
            yield keep_row(event, origin.receipt, catalogue, place, at)
