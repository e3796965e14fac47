"""A statement's result as the API shows it: column metadata, JSON fields and CSV."""

import base64
import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from local.redshift_data.catalog import Column
from local.redshift_data.dialect.types import RedshiftType
from local.redshift_data.errors import StatementError, ValidationException
from local.redshift_data.limits import RESULT_BYTES, ROW_BYTES, Limits

Row = tuple[Any, ...]
JSON_PAGE_ROWS = 1_000
CSV_CHUNK_CHARACTERS = 1024 * 1024
CSV_PAGE_CHUNKS = 15
"""CSV comes in chunks of 1 MB, up to 15 MB a call."""

_BYTES_OF_A_SCALAR = 8
_PRECISION = {
    "int2": (5, 0),
    "int4": (10, 0),
    "int8": (19, 0),
    "float4": (8, 8),
    "float8": (17, 17),
    "bool": (1, 0),
    "date": (13, 0),
    "timestamp": (29, 6),
    "timestamptz": (35, 6),
}


@dataclass(frozen=True)
class ResultSet:
    """Rows as DuckDB returned them: numbers, booleans, and text for all else."""

    columns: tuple[Column, ...]
    rows: Sequence[Row]
    size: int

    def metadata(self) -> list[dict[str, Any]]:
        """Return the ColumnMetadata list."""
        return [_metadata(column) for column in self.columns]

    def json_page(self, token: str | None) -> dict[str, Any]:
        """Return one page of GetStatementResult."""
        start = _offset(token)
        end = start + JSON_PAGE_ROWS
        fields = [_field_name(column.type) for column in self.columns]
        records = [_record(row, fields) for row in self.rows[start:end]]
        return {"Records": records, **self._rest(end, len(self.rows))}

    def csv_page(self, token: str | None) -> dict[str, Any]:
        """Return one page of GetStatementResultV2; the first line of the first is the header."""
        chunks = list(self._csv_chunks())
        start = _offset(token)
        end = start + CSV_PAGE_CHUNKS
        records = [{"CSVRecords": chunk} for chunk in chunks[start:end]]
        return {"Records": records, "ResultFormat": "CSV", **self._rest(end, len(chunks))}

    def _rest(self, end: int, count: int) -> dict[str, Any]:
        shared = {"ColumnMetadata": self.metadata(), "TotalNumRows": len(self.rows)}
        return {**shared, "NextToken": _token(end)} if end < count else shared

    def _csv_chunks(self) -> Iterable[str]:
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\r\n")
        writer.writerow([column.name for column in self.columns])
        for row in self.rows:
            writer.writerow([_csv_cell(value) for value in row])
            if written.tell() >= CSV_CHUNK_CHARACTERS:
                yield written.getvalue()
                written.seek(0)
                written.truncate()
        if written.tell():
            yield written.getvalue()


def result_set(columns: tuple[Column, ...], rows: Sequence[Row], limits: Limits) -> ResultSet:
    """Measure a result; raises StatementError for a row or a result over the quota."""
    sizes = [_row_bytes(row) for row in rows]
    if limits.row_bytes and any(size > ROW_BYTES for size in sizes):
        raise StatementError("Packet for query is too large: a row is larger than 64 KB")
    if limits.row_bytes and sum(sizes) > RESULT_BYTES:
        raise StatementError("Database response exceeded size limit: 500 MB")
    return ResultSet(columns, rows, sum(sizes))


def _row_bytes(row: Row) -> int:
    return sum(len(v.encode()) if isinstance(v, str) else _BYTES_OF_A_SCALAR for v in row)


def _field_name(type_: RedshiftType) -> str:
    if type_.is_integer:
        return "longValue"
    if type_.is_float:
        return "doubleValue"
    return "booleanValue" if type_.name == "bool" else "stringValue"


def _record(row: Row, fields: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"isNull": True} if value is None else {field: value}
        for field, value in zip(fields, row, strict=True)
    ]


def _csv_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _metadata(column: Column) -> dict[str, Any]:
    type_ = column.type
    precision, scale = _PRECISION.get(type_.name, (type_.size, type_.scale))
    return {
        "isCaseSensitive": type_.is_text or type_.name == "super",
        "isCurrency": False,
        "isSigned": type_.is_number,
        "label": column.name,
        "length": 0,
        "name": column.name,
        "nullable": 1,
        "precision": precision,
        "scale": scale,
        "schemaName": "",
        "tableName": "",
        "typeName": type_.name,
    }


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(str(offset).encode()).decode()


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise ValidationException("Invalid NextToken") from error
