"""What a translated statement is: something that runs in a session and has an outcome."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import duckdb

from local.redshift_data.catalog import Catalog, Column
from local.redshift_data.errors import StatementError

Values = Mapping[str, str]
"""Parameter values by name."""


class ObjectStore(Protocol):
    """Where COPY reads from."""

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is no such object."""


class Session(Protocol):
    """What a plan can use: one connection in a transaction, and the catalog it sees."""

    connection: duckdb.DuckDBPyConnection
    catalog: Catalog
    objects: ObjectStore
    in_block: bool
    """Whether other statements share the transaction."""


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


@dataclass(frozen=True)
class Bound:
    """SQL for DuckDB, and the parameters that it calls bound0, bound1 and so on."""

    sql: str
    parameters: tuple[str, ...] = ()

    def execute(self, session: Session, values: Values) -> duckdb.DuckDBPyConnection:
        """Run the SQL with the values its parameters have in this request."""
        numbers = sorted({int(found) for found in re.findall(r"\$bound(\d+)", self.sql)})
        for name in (self.parameters[number] for number in numbers):
            if name not in values:
                raise StatementError(f'syntax error at or near ":{name}"')
        bound = {f"bound{number}": values[self.parameters[number]] for number in numbers}
        return session.connection.execute(self.sql, bound or None)


@dataclass(frozen=True)
class Select:
    """A query whose rows are the result."""

    bound: Bound
    columns: tuple[Column, ...]

    def run(self, session: Session, values: Values) -> Outcome:
        """Return every row."""
        rows = self.bound.execute(session, values).fetchall()
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


def refuse_in_block(session: Session, name: str) -> None:
    """Raise StatementError for a statement that Redshift runs only outside of a block."""
    if session.in_block:
        raise StatementError(f"{name} cannot run inside a transaction block")


def names(found: Iterable[Column]) -> tuple[str, ...]:
    """Return the columns' names."""
    return tuple(column.name for column in found)
