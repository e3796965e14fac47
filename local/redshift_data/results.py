"""A statement's result as the API shows it: JSON fields and CSV, in pages."""

import base64
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from local.redshift_data import columns
from local.redshift_data.catalog import Column
from local.redshift_data.dialect.types import RedshiftType
from local.redshift_data.errors import StatementError, ValidationException
from local.redshift_data.limits import RESULT_BYTES, ROW_BYTES, Limits

Row = tuple[Any, ...]
JSON_PAGE_ROWS = 1_000
CSV_CHUNK_BYTES = 1024 * 1024
CSV_PAGE_CHUNKS = 15
"""CSV comes in chunks of up to 1 MB, up to 15 MB a call."""

_BYTES_OF_A_ROW = 6
_BYTES_OF_A_LENGTH = 4
"""Of PostgreSQL's DataRow message: so the guide's 11 bytes for `select 1` come about."""
_MEMORY_OF_A_ROW = 64
_MEMORY_OF_A_VALUE = 48


@dataclass(frozen=True)
class ResultSet:
    """Rows as DuckDB returned them: numbers, booleans, and text for all else."""

    columns: tuple[Column, ...]
    rows: Sequence[Row]
    size: int
    """Bytes as the database sent them."""
    limits: Limits = field(default_factory=Limits)
    _starts: list[int] = field(default_factory=list)
    """The first row of each CSV chunk, once anybody asked."""

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes."""
        values = len(self.rows) * len(self.columns)
        return self.size + len(self.rows) * _MEMORY_OF_A_ROW + values * _MEMORY_OF_A_VALUE

    def metadata(self) -> list[dict[str, Any]]:
        """Return the ColumnMetadata list."""
        return [columns.of_result(column) for column in self.columns]

    def json_page(self, token: str | None) -> dict[str, Any]:
        """Return one page of GetStatementResult."""
        start = offset_of(token)
        end = start + JSON_PAGE_ROWS
        fields = [_field_name(column.type) for column in self.columns]
        records = [_record(row, fields) for row in self.rows[start:end]]
        return {"Records": records, **self._rest(end, len(self.rows))}

    def csv_page(self, token: str | None) -> dict[str, Any]:
        """Return one page of GetStatementResultV2; the first line of the first is the header."""
        if not self._starts:
            self._starts.extend(self._chunk_starts())
        start = offset_of(token)
        end = start + CSV_PAGE_CHUNKS
        records = [
            {"CSVRecords": self._chunk(number)}
            for number in range(start, min(end, len(self._starts)))
        ]
        return {"Records": records, "ResultFormat": "CSV", **self._rest(end, len(self._starts))}

    def _rest(self, end: int, count: int) -> dict[str, Any]:
        shared = {"ColumnMetadata": self.metadata(), "TotalNumRows": len(self.rows)}
        return {**shared, "NextToken": token_of(end)} if end < count else shared

    def _chunk_starts(self) -> list[int]:
        """Cut the rows where a chunk would become larger than 1 MB."""
        if not self.limits.csv_bytes or self._fits_one_chunk():
            return [0]
        starts, room = [0], CSV_CHUNK_BYTES - len(_csv([self._header()]).encode())
        for number, row in enumerate(self.rows):
            size = len(_csv([row]).encode())
            if size > room and number > starts[-1]:
                starts.append(number)
                room = CSV_CHUNK_BYTES
            room -= size
        return starts

    def _fits_one_chunk(self) -> bool:
        """Tell, of most results, that they need no cutting: writing each row alone takes long."""
        # Quotes at most double what is in them; every value has two and a comma.
        most = 2 * self.size + 3 * len(self.columns) * len(self.rows)
        return most + len(_csv([self._header()]).encode()) <= CSV_CHUNK_BYTES

    def _chunk(self, number: int) -> str:
        ends = [*self._starts[1:], len(self.rows)]
        rows = self.rows[self._starts[number] : ends[number]]
        return _csv(rows) if number else _csv([self._header(), *rows])

    def _header(self) -> Row:
        return tuple(column.name for column in self.columns)


def result_set(columns: tuple[Column, ...], rows: Sequence[Row], limits: Limits) -> ResultSet:
    """Measure a result; raises StatementError for a row or a result over the quota."""
    sizes = [_row_bytes(row) for row in rows]
    if limits.row_bytes and any(size > ROW_BYTES for size in sizes):
        raise StatementError("Packet for query is too large: a row is larger than 64 KB")
    size = sum(sizes)
    # AWS measures after gzip; this is stricter, and spares compressing what is never sent so.
    if limits.result_bytes and size > RESULT_BYTES:
        raise StatementError("Database response exceeded size limit: 500 MB")
    return ResultSet(columns, rows, size, limits)


def _row_bytes(row: Row) -> int:
    return _BYTES_OF_A_ROW + sum(_BYTES_OF_A_LENGTH + _text_bytes(value) for value in row)


def _text_bytes(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, bool):
        return 1
    if isinstance(value, bytes):
        # In hexadecimal digits.
        return 2 * len(value)
    text = value if isinstance(value, str) else str(value)
    return len(text) if text.isascii() else len(text.encode())


def _field_name(type_: RedshiftType) -> str:
    if type_.is_integer:
        return "longValue"
    if type_.is_float:
        return "doubleValue"
    return {"bool": "booleanValue", "varbyte": "blobValue"}.get(type_.name, "stringValue")


def _record(row: Row, fields: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"isNull": True} if value is None else {name: _on_the_wire(value)}
        for name, value in zip(fields, row, strict=True)
    ]


def _on_the_wire(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _csv(rows: Sequence[Row]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    return written.getvalue()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.hex() if isinstance(value, bytes) else value


def token_of(offset: int) -> str:
    """Return a NextToken."""
    return base64.urlsafe_b64encode(str(offset).encode()).decode()


def offset_of(token: str | None) -> int:
    """Return what a NextToken stands for, 0 for none; raises ValidationException."""
    if not token:
        return 0
    try:
        offset = int(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise ValidationException("Invalid NextToken") from error
    if offset < 0:
        raise ValidationException("Invalid NextToken")
    return offset
