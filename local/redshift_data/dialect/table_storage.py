"""What DuckDB keeps of a table: its columns, and a sequence for each IDENTITY column."""

import re
from collections.abc import Sequence
from dataclasses import replace

from local.redshift_data.catalog import Column, Table, quoted
from local.redshift_data.dialect.plans import Session

_QUOTED = r'"(?:[^"]|"")*"'
_LEAST, _GREATEST = -(2**63), 2**63 - 1


def create_storage(
    session: Session, stored: str, columns: Sequence[Column], *, temporary: bool = False
) -> None:
    """Create a table in DuckDB, with a sequence for each IDENTITY column."""
    kind = "TEMP " if temporary else ""
    for column in columns:
        if column.identity:
            session.connection.execute(
                f"CREATE {kind}SEQUENCE {_sequence(stored, column)} "
                f"START {column.identity.seed} INCREMENT {column.identity.step} "
                f"MINVALUE {_LEAST} MAXVALUE {_GREATEST}"
            )
    written = ", ".join(definition(column) for column in numbered(columns, stored))
    session.connection.execute(f"CREATE {kind}TABLE {stored} ({written})")


def numbered(columns: Sequence[Column], stored: str) -> tuple[Column, ...]:
    """Return columns as a table's: IDENTITY columns take their values from sequences."""
    return tuple(_numbered(column, stored) for column in columns)


def _numbered(column: Column, stored: str) -> Column:
    if not column.identity:
        return column
    name = _sequence(stored, column).replace("'", "''")
    return replace(column, default=f"CAST(nextval('{name}') AS {column.type.duckdb})")


def _sequence(stored: str, column: Column) -> str:
    """Return the name in DuckDB of the sequence that numbers a table's column."""
    escaped = column.name.replace('"', '""')
    return f'{stored[:-1]} {escaped}"'


def numbering_sequence(column: Column) -> str:
    """Return the name in DuckDB of an IDENTITY column's sequence, which a rename leaves."""
    found = re.search(r"nextval\('(.*)'\)", column.default or "")
    return found[1].replace("''", "'") if found else ""


def rebuilt(before: Table, after: Table) -> tuple[str, ...]:
    """Return what gives a table a new column that is NOT NULL.

    DuckDB adds one only once no transaction can see the rows from before they were committed.
    """
    found = re.fullmatch(rf"(?:{_QUOTED}|\w+)\.({_QUOTED})", before.sql)
    bare = found[1] if found else quoted(before.name)
    new = f'{before.sql[:-1]} rebuilt"'
    kind = "TEMP TABLE" if before.is_temporary else "TABLE"
    columns = ", ".join(definition(column) for column in after.columns)
    listed = ", ".join(quoted(column.name) for column in before.columns)
    return (
        f"CREATE {kind} {new} ({columns})",
        f"INSERT INTO {new} ({listed}) SELECT {listed} FROM {before.sql}",
        f"DROP TABLE {before.sql}",
        f"ALTER TABLE {new} RENAME TO {bare}",
    )


def definition(column: Column) -> str:
    """Return a column's definition for DuckDB."""
    default = f" DEFAULT {column.default}" if column.default else ""
    required = " NOT NULL" if column.not_null else ""
    return f"{quoted(column.name)} {column.type.duckdb}{default}{required}"
