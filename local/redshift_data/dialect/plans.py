"""What a translated statement is: something that runs in a session and has an outcome."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

import duckdb

from local.redshift_data import catalog_storage
from local.redshift_data.catalog import Catalog, Column
from local.redshift_data.dialect.temporal import STATEMENT_TIME, read_plainly
from local.redshift_data.errors import StatementError

Values = Mapping[str, str]
"""Parameter values by name."""

_ROWS_AT_A_TIME = 10_000
"""Between two looks whether the statement was cancelled."""


class ObjectStore(Protocol):
    """Where COPY reads from and UNLOAD writes to."""

    def list(self, bucket: str, prefix: str) -> Sequence[str]:
        """Return the keys that start with a prefix, in order."""

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is no such object."""

    def write(self, bucket: str, key: str, body: bytes) -> None:
        """Store an object, in place of the one that has its key."""

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object if it is there."""


class Session(Protocol):
    """What a plan can use: one connection in a transaction, and the catalog it sees."""

    connection: duckdb.DuckDBPyConnection
    catalog: Catalog
    objects: ObjectStore
    in_block: bool
    """Whether other statements share the transaction."""
    number: int
    """The query's number, as errors and system views show it."""

    @property
    def settings(self) -> Mapping[str, str | None]:
        """Each parameter's value as SHOW prints it; None is a variable's that was reset."""

    def configure(self, settings: Mapping[str, str | None], *, local: bool = False) -> None:
        """Change settings, until the end of the session or, where `local`, the transaction."""

    def check(self) -> None:
        """Raise StatementAborted where the statement must not go on; for loops of long work."""

    def commit(self) -> None:
        """Commit what the transaction did so far and go on in a new one, its locks still held."""


@dataclass(frozen=True)
class Outcome:
    """What a statement did: its result set, or how many rows it changed."""

    columns: tuple[Column, ...] | None = None
    rows: tuple[tuple[Any, ...], ...] = ()
    changed: int = 0


class Plan(Protocol):
    """A statement ready to run."""

    def run(self, session: Session, values: Values) -> Outcome:
        """Run it; raises StatementError or duckdb.Error."""


def _note_time(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a statement know when it began: DuckDB knows that of the transaction only."""
    began = datetime.now(UTC).replace(tzinfo=None)
    connection.execute(f"SET VARIABLE {STATEMENT_TIME} = TIMESTAMP '{began}'")


@dataclass(frozen=True)
class Bound:
    """SQL for DuckDB, and the parameters that it calls bound0, bound1 and so on."""

    sql: str
    parameters: tuple[str, ...] = ()

    def execute(self, session: Session, values: Values) -> duckdb.DuckDBPyConnection:
        """Run the SQL with the values its parameters have in this request."""
        for name in self._used.values():
            if name not in values:
                raise StatementError(f'syntax error at or near ":{name}"')
        bound = {placeholder: values[name] for placeholder, name in self._used.items()}
        sql = read_plainly(self.sql, bound)
        if STATEMENT_TIME in sql:
            _note_time(session.connection)
        return session.connection.execute(self._parsed(session.connection, sql), bound or None)

    @cached_property
    def _used(self) -> Mapping[str, str]:
        """The parameters' names by placeholder."""
        numbers = sorted({int(found) for found in re.findall(r"\$bound(\d+)", self.sql)})
        return {f"bound{number}": self.parameters[number] for number in numbers}

    @cached_property
    def _statements(self) -> dict[str, duckdb.Statement | str]:
        """What was parsed, by its SQL: parameters in another format need other SQL."""
        return {}

    def _parsed(self, connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement | str:
        """Have DuckDB parse the SQL once, in whatever connection comes first."""
        if sql not in self._statements:
            statements = connection.extract_statements(sql)
            self._statements[sql] = statements[0] if len(statements) == 1 else sql
        return self._statements[sql]


@dataclass(frozen=True)
class Select:
    """A query whose rows are the result."""

    bound: Bound
    columns: tuple[Column, ...]

    def run(self, session: Session, values: Values) -> Outcome:
        """Return every row."""
        result = self.bound.execute(session, values)
        rows = chunk = result.fetchmany(_ROWS_AT_A_TIME)
        while len(chunk) == _ROWS_AT_A_TIME:
            session.check()
            chunk = result.fetchmany(_ROWS_AT_A_TIME)
            rows += chunk
        return Outcome(self.columns, tuple(rows), len(rows))


@dataclass(frozen=True)
class Change:
    """A statement that changes rows."""

    bound: Bound

    def run(self, session: Session, values: Values) -> Outcome:
        """Return how many rows it changed."""
        counted = self.bound.execute(session, values).fetchone()
        return Outcome(changed=int(counted[0]) if counted else 0)


@dataclass(frozen=True)
class Checked:
    """A statement that has no effect here once its names are known to exist."""

    alone: str = ""
    """The statement's name, where it must not share a transaction."""

    def run(self, session: Session, values: Values) -> Outcome:
        """Do nothing."""
        del values
        if self.alone:
            refuse_in_block(session, self.alone)
        return Outcome()


def change_catalog(session: Session, catalog: Catalog) -> None:
    """Go on with another state of the catalog, which commits or rolls back with the rest."""
    catalog_storage.save(session.connection, session.catalog, catalog)
    session.catalog = catalog


def refuse_in_block(session: Session, name: str) -> None:
    """Raise StatementError for a statement that Redshift runs only outside of a block."""
    if session.in_block:
        raise StatementError(f"{name} cannot run inside a transaction block")


def names(found: Iterable[Column]) -> tuple[str, ...]:
    """Return the columns' names."""
    return tuple(column.name for column in found)
