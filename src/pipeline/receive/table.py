"""Reads CSV rows as events: envelope columns by name, all others are data of the catalogue's types."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.errors import MalformedEvent
from pipeline.event import Catalogue
from pipeline.exact_json import number
from pipeline.receive.lines import MAX_LINE_BYTES

ENVELOPE = frozenset({"id", "source", "type", "time", "subject"})
DATA_PREFIX = "data."
# Twice what the data of an event may take; a longer row of lines is a quote that was never closed.
MAX_ROW_BYTES = 131_072
DELIMITERS = ",;\t"
NOT_CSV = "its quotes or line ends are not those of CSV"
BOOLEANS = {"true": True, "false": False}
# So that a long cell is judged by what it holds; csv's own limit would call it a fault of quotes.
csv.field_size_limit(MAX_LINE_BYTES)


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a table: its first line, its text, and its event or its fault.

    The text is None where it is too long to hold; bytes that are not UTF-8 are lone surrogates.
    """

    line: int
    text: str | None
    event: dict[str, Any] | None = None
    fault: MalformedEvent | None = None

    @property
    def readable(self) -> str | None:
        """The text with its undecodable bytes spelled out."""
        if self.text is None:
            return None
        return self.text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class _Lines:
    """Feeds a csv.reader, remembers the lines of the row being read and bounds it."""

    def __init__(self, lines: Iterable[bytes | None]) -> None:
        self._lines = iter(lines)
        self._again: deque[bytes | None] = deque()
        self._row: list[bytes | None] = []
        self._size = 0
        self._number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._number += 1
        self._row.append(line)
        if line is None:
            raise _fault("TOO_LONG", f"a line holds at most {MAX_LINE_BYTES} bytes")
        self._size += len(line)
        if len(self._row) > 1 and self._size > MAX_ROW_BYTES:
            raise _fault("TOO_LONG", f"a row of lines holds at most {MAX_ROW_BYTES} bytes")
        return _text(line)

    def take_row(self) -> tuple[int, str | None]:
        """Return the number of the first line and the text of the row, and begin a new one."""
        first = self._number - len(self._row) + 1
        row, self._row, self._size = self._row, [], 0
        text = "".join(_text(line) for line in row if line is not None)
        return first, None if None in row else text.rstrip("\r\n")

    def take_line(self) -> tuple[int, str | None]:
        """Return only the first line of the row; the others are read again as rows of their own.

        So a quote that is never closed costs its line, not all that follow.
        """
        others = self._row[1:]
        self._again.extendleft(reversed(others))
        self._number -= len(others)
        self._row = self._row[:1]
        return self.take_row()


def read_records(lines: Iterable[bytes | None], catalogue: Catalogue) -> Iterator[Record]:
    """Yield the rows of a table as events; a bad row is a fault of its own.

    The first row names the columns; the delimiter (comma, semicolon or tab) is the most frequent
    of them there. Empty cells are absent members.

    Raises MalformedEvent (CSV_...) if the names of the columns cannot be used.
    """
    feed = _Lines(lines)
    names, delimiter = _header(feed)
    feed.take_row()
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except MalformedEvent as fault:
            yield Record(*feed.take_line(), fault=fault)
        except csv.Error:
            yield Record(*feed.take_line(), fault=_fault("SYNTAX", NOT_CSV))
        else:
            line, text = feed.take_row()
            if text and text.strip():
                yield _record(line, text, cells, names, catalogue)


def _header(feed: _Lines) -> tuple[list[str], str]:
    line = next(feed, "")
    delimiter = max(DELIMITERS, key=line.count)
    try:
        [row] = csv.reader([line], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        raise _fault("HEADER", "the first row does not name the columns") from None
    cells = [name.strip() for name in row]
    names = [cell if cell in ENVELOPE else cell.removeprefix(DATA_PREFIX) for cell in cells]
    if "type" not in cells:
        raise _fault("MISSING_HEADER", "the first row names no column `type`")
    if not all(names) or "\0" in line or not _is_utf8(line):
        raise _fault("HEADER", "a column has no name or an unreadable one")
    keys = [(cell in ENVELOPE, name) for cell, name in zip(cells, names, strict=True)]
    if len(set(keys)) < len(keys):
        raise _fault("DUPLICATE_HEADER", "two columns have one name")
    return cells, delimiter


def _record(
    line: int, text: str, cells: list[str], names: list[str], catalogue: Catalogue
) -> Record:
    fault = _row_fault(cells, names, text)
    event = None if fault else _event(names, cells, catalogue)
    return Record(line, text, event, fault)


def _row_fault(cells: list[str], names: list[str], text: str) -> MalformedEvent | None:
    if not _is_utf8(text):
        return _fault("ENCODING", "is not UTF-8")
    if "\0" in text:
        return _fault("NUL", "holds U+0000, which cannot be stored")
    if len(cells) != len(names):
        return _fault("RAGGED", f"has {len(cells)} cells, the first row has {len(names)}")
    return None


def _event(names: list[str], cells: list[str], catalogue: Catalogue) -> dict[str, Any]:
    event = {n: cell for n, cell in zip(names, cells, strict=True) if n in ENVELOPE and cell}
    event_type = catalogue.get(event.get("type", ""))
    kinds = event_type.schema.get("properties", {}) if event_type else {}
    data = {}
    for column, cell in zip(names, cells, strict=True):
        if cell and column not in ENVELOPE:
            name = column.removeprefix(DATA_PREFIX)
            data[name] = convert(cell, kinds.get(name, {}).get("type", "string"))
    return {**event, "data": data}


def convert(cell: str, declared: str | list[str]) -> Any:
    """Turn a cell into the declared JSON type; one that is not of it stays text.

    Checking against the schema then tells so.
    """
    kinds = [declared] if isinstance(declared, str) else declared
    if "integer" in kinds or "number" in kinds:
        try:
            return number(cell)
        except MalformedEvent:
            return cell
    if "boolean" in kinds:
        return BOOLEANS.get(cell.lower(), cell)
    return cell


def _text(line: bytes) -> str:
    # Undecodable bytes become lone surrogates, so that only their own row is refused.
    return line.decode("utf-8", "surrogateescape")


def _is_utf8(text: str) -> bool:
    return text.isascii() or not any("\udc80" <= character <= "\udcff" for character in text)


def _fault(reason: str, message: str) -> MalformedEvent:
    return MalformedEvent(f"CSV_{reason}", "$", message)
