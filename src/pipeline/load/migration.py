"""Brings a warehouse's schema up to date: what is there is read, what is missing is added."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.load import ddl
from pipeline.sql import statement

MAX_STATEMENTS = 40  # of one transaction, a quota of the Data API


@dataclass(frozen=True)
class Names:
    """The database, and the IAM roles as which the loader, the reader and the check come in."""

    database: str
    loader_role: str
    reader_role: str
    checker_role: str

    def users(self) -> ddl.Users:
        """Name the database users of these roles; raises ValueError for what is no role's name."""
        roles = (self.loader_role, self.reader_role, self.checker_role)
        return ddl.Users(*map(ddl.user_name, roles))


class Administered(Protocol):
    """What a migration needs of the warehouse."""

    def execute(self, sql: str, *, seconds: float) -> Any:
        """Run one statement to its end."""

    def execute_batch(
        self,
        statements: Sequence[str],
        parameters: Mapping[str, str] | None = None,
        *,
        seconds: float,
    ) -> Any:
        """Run one transaction to its end."""

    def result(self, statement_id: str) -> list[dict[str, Any]]:
        """Fetch the rows of a finished statement."""


def update_schema(
    warehouse: Administered, catalogue: ddl.Catalogue, names: Names, left: Callable[[], float]
) -> None:
    """Create what is missing, users and grants too; running it again changes nothing.

    `left` tells the seconds that remain. Raises SchemaConflict before anything is changed.
    """
    users = names.users()
    existing = _read_existing(warehouse, users, left())
    alone = ddl.widen_columns(catalogue, existing)
    tables = [
        *ddl.create_tables(catalogue),
        *ddl.add_columns(catalogue, existing),
        *ddl.add_later_columns(existing),
        *ddl.create_users(users, existing),
    ]
    granted = ddl.grant(catalogue, names.database, users)
    for batch in (*_batches(tables), *ddl.rebuild_rollups(catalogue, existing), granted):
        warehouse.execute_batch(batch, seconds=left())
    for sql in alone:
        warehouse.execute(sql, seconds=left())


def _batches(statements: Sequence[str]) -> list[Sequence[str]]:
    starts = range(0, len(statements), MAX_STATEMENTS)
    return [statements[start : start + MAX_STATEMENTS] for start in starts]


def _read_existing(warehouse: Administered, users: ddl.Users, seconds: float) -> ddl.Existing:
    questions = [statement("schema/read_columns"), statement("schema/read_users")]
    names = {name: user.lower() for name, user in users._asdict().items()}
    done = warehouse.execute_batch(questions, names, seconds=seconds)
    columns, found = (warehouse.result(f"{done.id}:{number}") for number in (1, 2))
    return ddl.read_existing(columns, found)
