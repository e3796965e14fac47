"""What a load could not read: its message, and the rows that sys_load_error_detail shows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from local.redshift_data.catalog import Column, Table
from local.redshift_data.dialect.load.records import Flaw
from local.redshift_data.dialect.plans import Session
from local.redshift_data.errors import StatementError

_CODES = {
    "int2": (1207, "Invalid digit"),
    "int4": (1207, "Invalid digit"),
    "int8": (1207, "Invalid digit"),
    "float4": (1208, "Invalid float value"),
    "float8": (1208, "Invalid float value"),
    "numeric": (1209, "Invalid decimal value"),
    "bool": (1210, "Unknown boolean format"),
    "bpchar": (1215, "Invalid CHAR value"),
    "date": (1205, "Invalid Date Format"),
    "timestamp": (1206, "Invalid timestamp format or value"),
    "timestamptz": (1206, "Invalid timestamp format or value"),
}
_OVERFLOW, _TOO_LONG, _MISSING = 1222, 1204, 1213
_NAMED = {"int2": "Short", "int4": "Integer", "int8": "Long"}
_LONGEST_MESSAGE = 512


@dataclass(frozen=True)
class LoadError:
    """One row of sys_load_error_detail."""

    file: str
    line: int
    flaw: Flaw
    column: Column | None = None
    reason: str = ""
    """What the conversion said, in the words of INSERT."""


def load_failed(table: Table, reason: str) -> StatementError:
    """Return the error of a failed COPY; the part in brackets is this server's."""
    return StatementError(
        f"Load into table '{table.name}' failed.  Check 'sys_load_error_detail' system table "
        f"for details. [{reason.removeprefix('ERROR: ')}]"
    )


def missing(column: Column) -> tuple[Flaw, str]:
    """Return what is wrong with NULL for a NOT NULL column, also as INSERT says it."""
    flaw = Flaw(_MISSING, "Missing data for not-null field")
    return flaw, f"Cannot insert a NULL value into column {column.name}"


def rejected(column: Column, field: str | None, reason: str) -> Flaw:
    """Return what is wrong with a field that a column's type does not take."""
    text = field or ""
    if "too long" in reason:
        return Flaw(_TOO_LONG, "String length exceeds DDL length")
    if "overflow" in reason.lower() and column.type.is_integer:
        return Flaw(_OVERFLOW, f"Overflow, Value '{text}'")
    code, message = _CODES.get(column.type.name, (1200, reason))
    if column.type.is_integer:
        at = _first_wrong(text)
        named = _NAMED[column.type.name]
        wrong = f"Invalid digit, Value '{text[at : at + 1]}', Pos {at}, Type: {named}"
        return Flaw(code, wrong, at)
    return Flaw(code, f"{message}: {text}")


def _first_wrong(text: str) -> int:
    found = re.match(r"\s*[-+]?\d*", text)
    return found.end() if found else 0


def record_errors(session: Session, errors: Sequence[LoadError]) -> None:
    """Keep the errors, whether or not the transaction around the load commits."""
    catalog = session.catalog
    user = catalog.users.get(catalog.user)
    by = (user.id if user else None, session.number, catalog.database)
    started = datetime.now(UTC).replace(tzinfo=None)
    rows = [(*by, started, *_row(error)) for error in errors]
    marks = ", ".join("?" * len(_COLUMNS))
    with session.connection.cursor() as apart:
        apart.executemany(
            f"INSERT INTO redshift.load_errors ({', '.join(_COLUMNS)}) VALUES ({marks})", rows
        )


_COLUMNS = (
    "user_id", "query_id", "database_name", "start_time", "file_name", "line_number",
    "column_name", "column_type", "column_length", "position", "error_code", "error_message",
)  # fmt: skip


def _row(error: LoadError) -> tuple[object, ...]:
    column, flaw = error.column, error.flaw
    sized = column and column.type.name in ("varchar", "bpchar")
    return (
        error.file,
        error.line,
        column.name if column else "",
        column.type.name if column else "",
        str(column.type.size) if column and sized else "",
        flaw.position,
        flaw.code,
        flaw.message[:_LONGEST_MESSAGE],
    )
