"""Keeps the catalog in the DuckDB file that holds the data, so that both change together."""

import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, is_dataclass
from typing import Any

import duckdb

from local.redshift_data.catalog import (
    Catalog,
    Column,
    Constraint,
    Grant,
    Identity,
    Layout,
    Schema,
    Table,
    User,
)
from local.redshift_data.dialect.types import RedshiftType

_STORAGE = """
CREATE SCHEMA IF NOT EXISTS public;
CREATE SCHEMA IF NOT EXISTS redshift;
CREATE TABLE IF NOT EXISTS redshift.entries (kind VARCHAR, key VARCHAR, body VARCHAR);
CREATE TABLE IF NOT EXISTS redshift.load_errors (
    user_id INTEGER, query_id BIGINT, transaction_id BIGINT, session_id INTEGER,
    database_name VARCHAR, table_id INTEGER, start_time TIMESTAMP, file_name VARCHAR,
    line_number BIGINT, column_name VARCHAR, column_type VARCHAR, column_length VARCHAR,
    "position" INTEGER, error_code INTEGER, error_message VARCHAR);
CREATE TABLE IF NOT EXISTS redshift.load_errors (
    user_id INTEGER, query_id BIGINT, transaction_id BIGINT, session_id INTEGER,
    database_name VARCHAR, table_id INTEGER, start_time TIMESTAMP, file_name VARCHAR,
    line_number BIGINT, column_name VARCHAR, column_type VARCHAR, column_length VARCHAR,
    position INTEGER, error_code INTEGER, error_message VARCHAR);
"""
_EARLIER = """
SELECT table_name, column_name, type_name, size, scale, not_null, default_sql
FROM redshift.columns ORDER BY table_name, ordinal_position
"""


def prepare_storage(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what the catalog is kept in; a file of an earlier version is taken over."""
    connection.execute(_STORAGE)
    if _has_table(connection, "columns"):
        connection.execute("BEGIN")
        save(connection, Catalog(), _earlier_catalog(connection))
        connection.execute("DROP VIEW redshift.svv_columns; DROP VIEW redshift.pg_user")
        connection.execute("DROP TABLE redshift.columns; DROP TABLE redshift.users")
        connection.execute("COMMIT")


def load(connection: duckdb.DuckDBPyConnection) -> Catalog:
    """Read the catalog that the last committed transaction left."""
    rows = connection.execute("SELECT kind, key, body FROM redshift.entries").fetchall()
    kinds: dict[str, list[Any]] = {}
    for kind, _, body in rows:
        kinds.setdefault(kind, []).append(json.loads(body))
    first = Catalog()
    tables = [_table(body) for body in kinds.get("table", ())]
    schemas = [Schema(**body) for body in kinds.get("schema", ())]
    users = [User(**body) for body in kinds.get("user", ())]
    return Catalog(
        permanent={(table.schema, table.name): table for table in tables},
        schemas={**first.schemas, **{schema.name: schema for schema in schemas}},
        users={**first.users, **{user.name: user for user in users}},
        groups={name: tuple(members) for name, members in kinds.get("group", ())},
        roles=dict(kinds.get("role", ())),
        grants=frozenset(Grant(**body) for body in kinds.get("grant", ())),
        comments={tuple(key): text for key, text in kinds.get("comment", ())},
    )


def save(connection: duckdb.DuckDBPyConnection, before: Catalog, after: Catalog) -> None:
    """Write what differs between two states, in the open transaction."""
    old, new = _differing(before, after), _differing(after, before)
    if old:
        connection.executemany("DELETE FROM redshift.entries WHERE kind = ? AND key = ?", list(old))
    if new:
        rows = [(*key, body) for key, body in new.items()]
        connection.executemany("INSERT INTO redshift.entries VALUES (?, ?, ?)", rows)


def _differing(catalog: Catalog, other: Catalog) -> dict[tuple[str, str], str]:
    """Return the entries that the other catalog has not, or has otherwise."""
    theirs = _parts(other)
    found: dict[tuple[str, str], str] = {}
    for kind, entries in _parts(catalog).items():
        for key, entry in entries.items():
            if theirs[kind].get(key) != entry:
                stands_alone = is_dataclass(entry) and not isinstance(entry, type)
                body = asdict(entry) if stands_alone else (key, entry)
                found[kind, json.dumps(key)] = json.dumps(body)
    return found


def _parts(catalog: Catalog) -> dict[str, Mapping[Any, Any]]:
    return {
        "table": catalog.permanent,
        "schema": catalog.schemas,
        "user": catalog.users,
        "group": catalog.groups,
        "role": catalog.roles,
        "grant": {astuple(grant): grant for grant in catalog.grants},
        "comment": catalog.comments,
    }


def _table(body: dict[str, Any]) -> Table:
    layout = body.pop("layout")
    layout["sortkey"] = tuple(layout["sortkey"])
    return Table(
        columns=tuple(_column(column) for column in body.pop("columns")),
        layout=Layout(**layout),
        constraints=tuple(_constraint(each) for each in body.pop("constraints")),
        bases=tuple(body.pop("bases")),
        base_columns=tuple(body.pop("base_columns")),
        path=tuple(body.pop("path")),
        **body,
    )


def _column(body: dict[str, Any]) -> Column:
    identity = body.pop("identity")
    body["type"] = RedshiftType(**body["type"])
    return Column(**body, identity=Identity(**identity) if identity else None)


def _constraint(body: Mapping[str, Any]) -> Constraint:
    lists = {key: tuple(value) for key, value in body.items() if isinstance(value, list)}
    return Constraint(**{**body, **lists})


def _has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'redshift' AND table_name = ?", [name]
    )
    return found.fetchone() is not None


def _earlier_catalog(connection: duckdb.DuckDBPyConnection) -> Catalog:
    columns: dict[str, list[Column]] = {}
    for table, name, type_name, size, scale, not_null, default in connection.execute(
        _EARLIER
    ).fetchall():
        type_ = RedshiftType(type_name, size, scale)
        columns.setdefault(table, []).append(Column(name, type_, not_null, default))
    tables = {("public", name): Table(name, tuple(found)) for name, found in columns.items()}
    users = dict(Catalog().users)
    for (name,) in connection.execute("SELECT usename FROM redshift.users").fetchall():
        users.setdefault(name, User(name, max(user.id for user in users.values()) + 1))
    return Catalog(permanent=tables, users=users)
