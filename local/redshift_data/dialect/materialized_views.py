"""CREATE, ALTER and REFRESH MATERIALIZED VIEW; none is ever refreshed by itself here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from local.redshift_data.catalog import (
    MATERIALIZED_VIEW,
    TABLE,
    Catalog,
    Column,
    Layout,
    Table,
)
from local.redshift_data.dialect.layout import read_layout, settle_layout
from local.redshift_data.dialect.plans import (
    Checked,
    Outcome,
    Plan,
    Session,
    Values,
    change_catalog,
)
from local.redshift_data.dialect.queries import compile_query
from local.redshift_data.dialect.scope import Reads, Scope
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.table_storage import create_storage
from local.redshift_data.dialect.tables import NewName, read_new_name, renamed
from local.redshift_data.dialect.users import find_user
from local.redshift_data.dialect.views import bound_query, parsed, under_names
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

_UNORDERED = (exp.Window, exp.WithinGroup)


@dataclass(frozen=True)
class CreateMaterializedView:
    """Makes a materialised view with the rows that its query has now."""

    named: NewName
    columns: tuple[Column, ...]
    layout: Layout
    definition: str
    filling: str
    bases: tuple[str, ...]
    path: tuple[str, ...]

    def run(self, session: Session, values: Values) -> Outcome:
        """Create a table for the rows in DuckDB, and fill it."""
        del values
        catalog = session.catalog
        self.named.check_free(catalog)
        schema, stored = self.named.place(catalog)
        create_storage(session, stored, self.columns)
        view = Table(
            self.named.name, self.columns, schema, MATERIALIZED_VIEW, stored, self.layout,
            owner=catalog.user, definition=self.definition, filling=self.filling,
            bases=self.bases, base_columns=tuple(_columns_of(catalog, self.bases)),
            path=self.path,
        )  # fmt: skip
        session.connection.execute(f"INSERT INTO {stored} {self.filling}")
        change_catalog(session, catalog.with_new(view))
        return Outcome()


@dataclass(frozen=True)
class Refresh:
    """Gives a materialised view, and with CASCADE those on it, the rows of now."""

    view: Table
    cascade: bool

    def run(self, session: Session, values: Values) -> Outcome:
        """Compute every row anew."""
        del values
        if session.in_block:
            # An incremental refresh would not see what the transaction itself has changed.
            raise NotEmulated("REFRESH MATERIALIZED VIEW beside other statements")
        for view in [self.view, *(_above(self.view, session.catalog) if self.cascade else ())]:
            _check_bases(view, session.catalog)
            session.connection.execute(f"DELETE FROM {view.sql}")
            session.connection.execute(f"INSERT INTO {view.sql} {view.filling}")
        return Outcome()


@dataclass(frozen=True)
class Give:
    """Makes another user the owner of a materialised view."""

    view: Table
    owner: str

    def run(self, session: Session, values: Values) -> Outcome:
        """Note the owner; it must be a user."""
        del values
        find_user(session.catalog, self.owner)
        change_catalog(session, session.catalog.with_table(replace(self.view, owner=self.owner)))
        return Outcome()


def _above(view: Table, catalog: Catalog) -> list[Table]:
    """Return the materialised views on a view, each after all that it is based on."""
    order: list[Table] = []

    def visit(base: Table) -> None:
        for other in catalog.dependents(base):
            if other.kind == MATERIALIZED_VIEW:
                visit(other)
                if other not in order:
                    order.insert(0, other)

    visit(view)
    return order


def _columns_of(catalog: Catalog, bases: tuple[str, ...]) -> Iterator[str]:
    for table in catalog.permanent.values():
        if table.sql in bases:
            yield f"{table.schema}.{table.name}"
            for column in table.columns:
                yield f"{table.schema}.{table.name}.{column.name} {column.type.spelled}"


def _check_bases(view: Table, catalog: Catalog) -> None:
    """Raise StatementError where a base table lost something since the view was made."""
    if set(view.base_columns) - set(_columns_of(catalog, view.bases)):
        raise StatementError(
            f"Materialized view {view.name} cannot be refreshed: "
            "a base table, its schema or a column was renamed, dropped or changed"
        )


def create_materialized_view(text: Text, reads: Reads) -> Plan:
    """Read CREATE MATERIALIZED VIEW name [attributes] [AUTO REFRESH NO] AS query."""
    words = Words(text)
    words.expect("CREATE", "MATERIALIZED", "VIEW")
    named = read_new_name(words, reads.catalog)
    if named.is_temporary:
        raise StatementError("a materialized view cannot be temporary")
    written = read_layout(words)
    if words.take("AUTO", "REFRESH"):
        _refuse_automatic(words)
    words.expect("AS")
    definition = words.rest()
    _check_query(definition, reads)
    query, bases = bound_query(definition, reads)
    columns = renamed(query.columns, ())
    if not written.distkey and not written.diststyle:
        # "If you omit this clause, the distribution style is EVEN."
        written = replace(written, diststyle="EVEN")
    layout = settle_layout(written, columns)
    return CreateMaterializedView(
        named, columns, layout, definition, under_names(query, columns), bases,
        reads.catalog.path(),
    )  # fmt: skip


def _refuse_automatic(words: Words) -> None:
    if words.take("NO"):
        return
    words.expect("YES")
    raise NotEmulated("AUTO REFRESH YES: use REFRESH MATERIALIZED VIEW")


def _check_query(definition: str, reads: Reads) -> None:
    tree = parsed(definition)
    ordered = [o for o in tree.find_all(exp.Order) if not isinstance(o.parent, _UNORDERED)]
    if ordered or tree.find(exp.Limit, exp.Offset, exp.Fetch):
        raise StatementError("a materialized view cannot have ORDER BY, LIMIT or OFFSET")
    own = Reads(reads.catalog)
    compile_query(tree, Scope(own))
    for table in filter(None, own.found.values()):
        kind = "temporary table" if table.is_temporary else table.kind
        if kind not in (TABLE, MATERIALIZED_VIEW):
            raise StatementError(f"a materialized view cannot be based on {kind} {table.name}")


def _materialized(words: Words, reads: Reads) -> Table:
    name, schema = words.table_name()
    view = reads.entry(name, schema)
    if view.kind != MATERIALIZED_VIEW:
        raise StatementError(f'"{name}" is not a materialized view')
    return view


def refresh(text: Text, reads: Reads) -> Plan:
    """Read REFRESH MATERIALIZED VIEW name [RESTRICT | CASCADE]."""
    words = Words(text)
    words.expect("REFRESH", "MATERIALIZED", "VIEW")
    view = _materialized(words, reads)
    cascade = words.one_of("RESTRICT", "CASCADE") == "CASCADE"
    words.end()
    return Refresh(view, cascade)


def alter_materialized_view(text: Text, reads: Reads) -> Plan:
    """Read ALTER MATERIALIZED VIEW name OWNER TO user, or AUTO REFRESH NO."""
    words = Words(text)
    words.expect("ALTER", "MATERIALIZED", "VIEW")
    view = _materialized(words, reads)
    if words.take("AUTO", "REFRESH"):
        _refuse_automatic(words)
        words.end()
        return Checked()
    if not words.take("OWNER", "TO"):
        raise NotEmulated("ALTER MATERIALIZED VIEW other than OWNER TO")
    plan = Give(view, words.quoted_name())
    words.end()
    return plan
