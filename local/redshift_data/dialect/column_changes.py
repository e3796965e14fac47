"""RENAME COLUMN and DROP COLUMN, with what depends on the column."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from local.redshift_data.catalog import MATERIALIZED_VIEW, Constraint, Table, quoted
from local.redshift_data.dialect.dropping import drop_with_dependents
from local.redshift_data.dialect.plans import Outcome, Session, Values, change_catalog
from local.redshift_data.dialect.views import uses_column
from local.redshift_data.errors import NotEmulated, StatementError


@dataclass(frozen=True)
class RenameColumn:
    """Gives a column another name."""

    table: Table
    old: str
    new: str

    def run(self, session: Session, values: Values) -> Outcome:
        """Rename it in DuckDB and in the catalog, with its comment."""
        del values
        catalog, table = session.catalog, self.table
        for view in catalog.dependents(table):
            if view.kind != MATERIALIZED_VIEW and uses_column(view, table, self.old, catalog):
                raise NotEmulated("RENAME of a column that a bound view uses")
        if any(self.old in c.referenced for _, c in catalog.referencing(table)):
            raise NotEmulated("RENAME of a column that a foreign key references")
        session.connection.execute(
            f"ALTER TABLE {table.sql} RENAME COLUMN {quoted(self.old)} TO {quoted(self.new)}"
        )
        old_key, new_key = (("column", table.schema, table.name, c) for c in (self.old, self.new))
        comments = {new_key if k == old_key else k: v for k, v in catalog.comments.items()}
        renamed = replace(catalog, comments=comments)
        after = _with_renamed(table, self.old, self.new)
        change_catalog(session, renamed.with_table(after))
        return Outcome()


@dataclass(frozen=True)
class DropColumn:
    """Drops a column, and with CASCADE the views and keys that use it."""

    table: Table
    name: str
    cascade: bool

    def run(self, session: Session, values: Values) -> Outcome:
        """Drop it in DuckDB and in the catalog."""
        del values
        catalog = session.catalog
        bound = [v for v in catalog.dependents(self.table) if v.kind != MATERIALIZED_VIEW]
        views = [v for v in bound if uses_column(v, self.table, self.name, catalog)]
        keys = [c for c in self.table.constraints if self.name in c.columns]
        referencing = [c for _, c in catalog.referencing(self.table) if self.name in c.referenced]
        if not self.cascade and (views or referencing or any(len(c.columns) > 1 for c in keys)):
            raise StatementError(
                f"cannot drop table {self.table.name} column {self.name} "
                "because other objects depend on it"
            )
        for view in views:
            drop_with_dependents(session, view)
        session.connection.execute(f"ALTER TABLE {self.table.sql} DROP COLUMN {quoted(self.name)}")
        self._forget(session, keys, referencing)
        return Outcome()

    def _forget(
        self, session: Session, keys: list[Constraint], referencing: list[Constraint]
    ) -> None:
        for other, constraint in list(session.catalog.referencing(self.table)):
            if constraint in referencing:
                kept = tuple(c for c in other.constraints if c != constraint)
                changed = replace(other, constraints=kept)
                change_catalog(session, session.catalog.with_table(changed))
        columns = tuple(c for c in self.table.columns if c.name != self.name)
        constraints = tuple(c for c in self.table.constraints if c not in keys)
        after = replace(self.table, columns=columns, constraints=constraints)
        change_catalog(session, session.catalog.with_table(after))


def _with_renamed(table: Table, old: str, new: str) -> Table:
    def moved(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(new if name == old else name for name in names)

    layout = table.layout
    (distkey,) = moved([layout.distkey])
    return replace(
        table,
        columns=tuple(replace(c, name=new) if c.name == old else c for c in table.columns),
        layout=replace(layout, distkey=distkey, sortkey=moved(layout.sortkey)),
        constraints=tuple(replace(c, columns=moved(c.columns)) for c in table.constraints),
    )
