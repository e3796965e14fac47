"""The statements that bring the warehouse's schema to what the catalogue says; they only add."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipeline.catalogue import Column, EventType
from pipeline.errors import SchemaConflict
from pipeline.load.summing import fill_rollups, rollup_tables
from pipeline.sql import quoted, statement

BASE_TABLES = ("events", "quarantine", "loads", "load_mutex", "versions")
READ_TABLES = ("events", "quarantine", "loads", "versions")
CHECKED_TABLES = ("events", "quarantine", "loads")
# Columns that tables of the first release lack.
LATER_COLUMNS = {
    "events": {"version": "BIGINT DEFAULT 0", "correlation_id": "VARCHAR(64)"},
    "quarantine": {"correlation_id": "VARCHAR(64)"},
    "loads": {"announced_at": "TIMESTAMPTZ"},
}
ROLLUPS = re.compile(r"(?:rollup|histogram)_")
ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}\Z", re.ASCII)
# What svv_columns calls the types of the catalogue.
DATA_TYPES = {
    "BIGINT": "bigint",
    "DOUBLE PRECISION": "double precision",
    "BOOLEAN": "boolean",
    "TIMESTAMPTZ": "timestamp with time zone",
}
TEXT = "character varying"

Catalogue = Mapping[str, EventType]


class Users(NamedTuple):
    """The database users that the functions come in as."""

    loader: str
    reader: str
    checker: str


@dataclass(frozen=True)
class Existing:
    """What the warehouse holds now: (type, length) of columns by table and name, and users."""

    columns: Mapping[str, Mapping[str, tuple[str, int | None]]]
    users: frozenset[str]


def read_existing(
    columns: Iterable[Mapping[str, Any]], users: Iterable[Mapping[str, Any]]
) -> Existing:
    """Make sense of the rows of read_columns and read_users."""
    tables: dict[str, dict[str, tuple[str, int | None]]] = {}
    for row in columns:
        kind = (row["data_type"], row["character_maximum_length"])
        tables.setdefault(row["table_name"], {})[row["column_name"]] = kind
    return Existing(tables, frozenset(row["user_name"].lower() for row in users))


def user_name(role: str) -> str:
    """Name the database user as which an IAM role comes in.

    Raises ValueError for a text that is no role's name: it goes into statements.
    """
    if not ROLE_NAME.match(role):
        raise ValueError("a role's name may only have letters, digits and +=,.@_-")
    return f"IAMR:{role}"


def create_tables(catalogue: Catalogue) -> list[str]:
    """Create the tables that are not there yet."""
    base = [statement(f"schema/create_{table}") for table in BASE_TABLES]
    return base + [_create_facts(event_type) for event_type in catalogue.values()]


def _create_facts(event_type: EventType) -> str:
    columns = "".join(f",\n    {_definition(column)}" for column in event_type.columns)
    return statement("schema/create_facts", table=quoted(event_type.table), columns=columns)


def _definition(column: Column) -> str:
    return f"{quoted(column.name)} {column.sql_type}"


def add_columns(catalogue: Catalogue, existing: Existing) -> list[str]:
    """Add the columns that existing facts tables lack."""
    return [
        statement("schema/add_column", table=quoted(table), column=_definition(column))
        for table, column, found in _kept_columns(catalogue, existing)
        if found is None
    ]


def add_later_columns(existing: Existing) -> list[str]:
    """Add the columns that tables of an earlier release lack."""
    return [
        statement("schema/add_column", table=quoted(table), column=f"{quoted(name)} {kind}")
        for table, columns in LATER_COLUMNS.items()
        for name, kind in columns.items()
        if table in existing.columns and name not in existing.columns[table]
    ]


def rebuild_rollups(catalogue: Catalogue, existing: Existing) -> list[list[str]]:
    """Make the transactions that replace rollups of other definitions; each is complete at once.

    The old ones go first: a load by the code that knew them then fails and comes again, where it
    would otherwise leave hours out of the new ones.
    """
    kept = {table for event_type in catalogue.values() for table in rollup_tables(event_type)}
    old = [table for table in existing.columns if ROLLUPS.match(table) and table not in kept]
    drops = [statement("schema/drop_table", table=quoted(table)) for table in sorted(old)]
    fills = [
        fill_rollups(event_type)
        for event_type in catalogue.values()
        if not set(rollup_tables(event_type)) <= set(existing.columns)
    ]
    return [[statement("load/lock"), *part] for part in (drops, *fills) if part]


def widen_columns(catalogue: Catalogue, existing: Existing) -> list[str]:
    """Widen texts whose longest value has grown; each must run outside of a transaction.

    Raises SchemaConflict naming every column whose type has changed otherwise.
    """
    wider, faults = [], []
    for table, column, found in _kept_columns(catalogue, existing):
        if found is None:
            continue
        kind, length = found
        if kind != DATA_TYPES.get(column.sql_type, TEXT):
            faults.append(f"{table}.{column.name} is {kind}, not {column.sql_type}")
        elif kind == TEXT and (length or 0) < column.max_bytes:
            names = {"table": quoted(table), "column": quoted(column.name)}
            wider.append(statement("schema/widen_column", type=column.sql_type, **names))
    if faults:
        raise SchemaConflict("; ".join(faults))
    return wider


def _kept_columns(
    catalogue: Catalogue, existing: Existing
) -> Iterable[tuple[str, Column, tuple[str, int | None] | None]]:
    for event_type in catalogue.values():
        if found := existing.columns.get(event_type.table):
            for column in event_type.columns:
                yield event_type.table, column, found.get(column.name)


def create_users(users: Iterable[str], existing: Existing) -> list[str]:
    """Create the users that are not there yet."""
    return [
        statement("schema/create_user", user=f'"{user}"')
        for user in users
        if user.lower() not in existing.users
    ]


def grant(catalogue: Catalogue, database: str, users: Users) -> list[str]:
    """Grant each user what it needs, and no more."""
    types = catalogue.values()
    own = [quoted(table) for one in types for table in (one.table, *rollup_tables(one))]
    written, read = (", ".join([*tables, *own]) for tables in (BASE_TABLES, READ_TABLES))
    checked = ", ".join(CHECKED_TABLES)
    return [
        statement("schema/grant_loader", tables=written, user=f'"{users.loader}"'),
        statement("schema/grant_temp", database=quoted(database), user=f'"{users.loader}"'),
        statement("schema/grant_temp", database=quoted(database), user=f'"{users.reader}"'),
        statement("schema/grant_reader", tables=read, user=f'"{users.reader}"'),
        statement("schema/grant_reader", tables=checked, user=f'"{users.checker}"'),
    ]
