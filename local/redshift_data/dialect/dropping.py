"""DROP TABLE with what depends on it, and TRUNCATE."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from local.redshift_data.catalog import (
    MATERIALIZED_VIEW,
    SYSTEM_VIEW,
    TABLE,
    VIEW,
    Catalog,
    Table,
)
from local.redshift_data.dialect.plans import Outcome, Plan, Session, Values, change_catalog
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.table_storage import numbering_sequence
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError


@dataclass(frozen=True)
class DropTables:
    """Drops tables, and what depends on them where CASCADE says so."""

    names: tuple[tuple[str, str | None], ...]
    if_exists: bool
    cascade: bool
    kinds: tuple[str, ...] = (TABLE,)
    noun: str = "table"

    def run(self, session: Session, values: Values) -> Outcome:
        """Drop them in DuckDB and in the catalog."""
        del values
        tables = [t for name in self.names if (t := self._find(session.catalog, *name))]
        if not self.cascade:
            refuse_dependents(session.catalog, tables, self.noun)
        for table in tables:
            drop_with_dependents(session, table)
        return Outcome()

    def _find(self, catalog: Catalog, name: str, schema: str | None) -> Table | None:
        table = catalog.find(name, schema)
        if table is None:
            if self.if_exists:
                return None
            kind = "relation" if self.noun == "table" else self.noun
            raise StatementError(f'{kind} "{name}" does not exist')
        if table.kind not in self.kinds:
            if table.kind == SYSTEM_VIEW:
                table.check_writable()
            raise StatementError(f'"{name}" is not a {self.noun}')
        return table


def refuse_dependents(catalog: Catalog, tables: Iterable[Table], noun: str) -> None:
    """Raise StatementError where something outside of the list depends on one in it."""
    tables = list(tables)
    going = {table.sql for table in tables}
    for table in tables:
        views = any(view.sql not in going for view in catalog.dependents(table))
        keys = any(other.sql not in going for other, _ in catalog.referencing(table))
        if views or keys:
            raise StatementError(
                f"cannot drop {noun} {table.name} because other objects depend on it"
            )


def drop_with_dependents(session: Session, table: Table) -> None:
    """Drop a table or view, the views bound to it and the foreign keys that reference it."""
    found = session.catalog.find(table.name, "pg_temp" if table.is_temporary else table.schema)
    if found != table:
        return  # an earlier one took it along
    for view in session.catalog.dependents(table):
        drop_with_dependents(session, view)
    for other, constraint in list(session.catalog.referencing(table)):
        kept = tuple(each for each in other.constraints if each != constraint)
        change_catalog(session, session.catalog.with_table(replace(other, constraints=kept)))
    drop_storage(session, table)
    change_catalog(session, session.catalog.without_table(table))


def drop_storage(session: Session, table: Table) -> None:
    """Drop what DuckDB keeps of a table or view."""
    if table.kind in (TABLE, MATERIALIZED_VIEW):
        session.connection.execute(f"DROP TABLE {table.sql}")
    elif table.kind == VIEW:
        session.connection.execute(f"DROP VIEW {table.sql}")
    for column in table.columns:
        if column.identity:
            session.connection.execute(f"DROP SEQUENCE {numbering_sequence(column)}")


@dataclass(frozen=True)
class Truncate:
    """Empties a table, and commits what the transaction did so far with it."""

    table: Table

    def run(self, session: Session, values: Values) -> Outcome:
        """Delete every row and commit."""
        del values
        session.connection.execute(f"DELETE FROM {self.table.sql}")
        session.commit()
        return Outcome()


def truncate(text: Text, reads: Reads) -> Plan:
    """Read TRUNCATE [TABLE] name."""
    words = Words(text)
    words.expect("TRUNCATE")
    words.take("TABLE")
    table = reads.table(*words.table_name())
    words.end()
    if table.kind == MATERIALIZED_VIEW:
        raise NotEmulated("TRUNCATE of a materialized view")
    return Truncate(table.check_writable())


def drop_table(text: Text, reads: Reads) -> Plan:
    """Read DROP TABLE [IF EXISTS] name, ... [CASCADE | RESTRICT]."""
    del reads
    words = Words(text)
    words.expect("DROP", "TABLE")
    return DropTables(*read_dropped(words))


def read_dropped(words: Words) -> tuple[tuple[tuple[str, str | None], ...], bool, bool]:
    """Read what follows DROP and a kind: the names, and whether IF EXISTS and CASCADE hold."""
    if_exists = words.take("IF", "EXISTS")
    names = [words.table_name()]
    while words.take(","):
        names.append(words.table_name())
    cascade = words.one_of("CASCADE", "RESTRICT") == "CASCADE"
    words.end()
    return tuple(names), if_exists, cascade
