"""What exists in the database in Redshift's terms, kept in the same DuckDB file as the data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import duckdb

from local.redshift_data.dialect.types import INT4, NAME, RedshiftType
from local.redshift_data.errors import StatementError

ADMINISTRATOR = "admin"

_STORAGE = """
CREATE SCHEMA IF NOT EXISTS public;
CREATE SCHEMA IF NOT EXISTS redshift;
CREATE TABLE IF NOT EXISTS redshift.columns (
    table_name VARCHAR, ordinal_position INTEGER, column_name VARCHAR, type_name VARCHAR,
    size INTEGER, scale INTEGER, not_null BOOLEAN, default_sql VARCHAR, data_type VARCHAR);
CREATE TABLE IF NOT EXISTS redshift.users (usename VARCHAR);
CREATE OR REPLACE VIEW redshift.svv_columns AS
    SELECT 'public' AS table_schema, table_name, column_name, ordinal_position,
           CASE WHEN not_null THEN 'NO' ELSE 'YES' END AS is_nullable, data_type,
           CASE WHEN type_name IN ('varchar', 'bpchar') THEN size END AS character_maximum_length,
           CASE WHEN type_name = 'numeric' THEN size END AS numeric_precision,
           CASE WHEN type_name = 'numeric' THEN scale END AS numeric_scale
    FROM redshift.columns;
CREATE OR REPLACE VIEW redshift.pg_user AS SELECT usename FROM redshift.users;
"""


@dataclass(frozen=True)
class Column:
    """A column; the default is an expression in DuckDB's SQL, if there is one."""

    name: str
    type: RedshiftType
    not_null: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Table:
    """A table or system view, and where DuckDB keeps it."""

    name: str
    columns: tuple[Column, ...]
    schema: str = "public"

    @property
    def sql(self) -> str:
        """Its qualified name for DuckDB."""
        return f"{self.schema}.{quoted(self.name)}"

    @property
    def is_temporary(self) -> bool:
        """Whether it ends with its session."""
        return self.schema == "temp"

    def column(self, name: str) -> Column:
        """Return a column by name; raises StatementError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise StatementError(f'column "{name}" of relation "{self.name}" does not exist')


def quoted(name: str) -> str:
    """Quote an identifier for DuckDB."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _view(name: str, **columns: RedshiftType) -> Table:
    return Table(name, tuple(Column(key, type_) for key, type_ in columns.items()), "redshift")


_SYSTEM_VIEWS = {
    "svv_columns": _view(
        "svv_columns",
        table_schema=NAME,
        table_name=NAME,
        column_name=NAME,
        ordinal_position=INT4,
        is_nullable=RedshiftType("varchar", 3),
        data_type=NAME,
        character_maximum_length=INT4,
        numeric_precision=INT4,
        numeric_scale=INT4,
    ),
    "pg_user": _view("pg_user", usename=NAME),
}


@dataclass(frozen=True)
class Catalog:
    """One state of the catalog; a change makes another, so that a rollback is to forget it."""

    permanent: Mapping[str, Table] = field(default_factory=dict)
    temporary: Mapping[str, Table] = field(default_factory=dict)
    users: frozenset[str] = frozenset({ADMINISTRATOR})

    def find(self, name: str, schema: str | None = None) -> Table | None:
        """Return the table that a name means: a temporary one hides a permanent one."""
        if schema == "public":
            return self.permanent.get(name)
        if schema == "pg_catalog":
            return _SYSTEM_VIEWS.get(name)
        if schema is not None:
            return None
        return self.temporary.get(name) or self.permanent.get(name) or _SYSTEM_VIEWS.get(name)

    def with_table(self, table: Table) -> "Catalog":
        """Return the catalog with a table added or replaced."""
        if table.is_temporary:
            return replace(self, temporary={**self.temporary, table.name: table})
        return replace(self, permanent={**self.permanent, table.name: table})

    def without_table(self, table: Table) -> "Catalog":
        """Return the catalog without a table."""
        kept = dict(self.temporary if table.is_temporary else self.permanent)
        del kept[table.name]
        if table.is_temporary:
            return replace(self, temporary=kept)
        return replace(self, permanent=kept)

    def with_user(self, name: str) -> "Catalog":
        """Return the catalog with a user added."""
        return replace(self, users=self.users | {name})


def prepare_storage(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the catalog's own tables and the administrator, where they are missing."""
    connection.execute(_STORAGE)
    connection.execute(
        "INSERT INTO redshift.users SELECT $name WHERE NOT EXISTS (FROM redshift.users)",
        {"name": ADMINISTRATOR},
    )


def load(connection: duckdb.DuckDBPyConnection) -> Catalog:
    """Read the catalog that the last committed transaction left."""
    columns: dict[str, list[Column]] = {}
    rows = connection.execute(
        "SELECT table_name, column_name, type_name, size, scale, not_null, default_sql "
        "FROM redshift.columns ORDER BY table_name, ordinal_position"
    ).fetchall()
    for table, name, type_name, size, scale, not_null, default in rows:
        type_ = RedshiftType(type_name, size, scale)
        columns.setdefault(table, []).append(Column(name, type_, not_null, default))
    users = connection.execute("SELECT usename FROM redshift.users").fetchall()
    tables = {name: Table(name, tuple(found)) for name, found in columns.items()}
    return Catalog(tables, {}, frozenset(user for (user,) in users))


def save_table(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Write a permanent table's columns, replacing what was there."""
    forget_table(connection, table)
    rows = [
        (
            table.name,
            position,
            column.name,
            column.type.name,
            column.type.size,
            column.type.scale,
            column.not_null,
            column.default,
            column.type.family,
        )
        for position, column in enumerate(table.columns, start=1)
    ]
    connection.executemany("INSERT INTO redshift.columns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def forget_table(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Remove a permanent table's columns."""
    connection.execute("DELETE FROM redshift.columns WHERE table_name = ?", [table.name])


def save_user(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Write a new user."""
    connection.execute("INSERT INTO redshift.users VALUES (?)", [name])
