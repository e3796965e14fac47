"""CREATE VIEW, bound to its tables or WITH NO SCHEMA BINDING, and DROP VIEW."""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace

from sqlglot import exp

from local.redshift_data.catalog import (
    LATE_VIEW,
    MATERIALIZED_VIEW,
    SYSTEM_SCHEMAS,
    SYSTEM_VIEW,
    VIEW,
    Catalog,
    Column,
    Table,
    quoted,
)
from local.redshift_data.dialect.dropping import DropTables, read_dropped
from local.redshift_data.dialect.plans import (
    Outcome,
    Plan,
    Session,
    Values,
    change_catalog,
    names,
)
from local.redshift_data.dialect.queries import Query, compile_query, settled
from local.redshift_data.dialect.scope import Reads, Scope
from local.redshift_data.dialect.syntax import Text, parse, read
from local.redshift_data.dialect.tables import NewName, read_new_name, renamed
from local.redshift_data.dialect.types import UNKNOWN
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

_OF_A_SESSION = frozenset(
    (
        "CURRENT_USER", "SESSION_USER", "USER", "CURRENT_USER_ID", "CURRENT_SCHEMA",
        "CURRENT_SCHEMAS", "CURRENT_SETTING", "CURRENT_DATABASE", "PG_BACKEND_PID",
    )
)  # fmt: skip


_describing = ContextVar("describing", default=False)


@dataclass(frozen=True)
class CreateView:
    """Makes a view, or gives one another query with the same columns."""

    named: NewName
    columns: tuple[Column, ...]
    definition: str
    sql: str
    """The query for DuckDB; empty for a late-binding view, which is compiled at each read."""
    bases: tuple[str, ...]
    named_by_query: tuple[str, ...]
    """What the query itself calls its columns."""
    path: tuple[str, ...]
    replaces: bool

    def run(self, session: Session, values: Values) -> Outcome:
        """Create it in DuckDB and in the catalog."""
        del values
        existing = self.named.taken_by(session.catalog)
        if existing and self.replaces:
            self._check_same(existing)
            schema, stored = existing.schema, existing.sql
        else:
            self.named.check_free(session.catalog)
            schema, stored = self.named.place(session.catalog)
        if self.sql:
            session.connection.execute(f"CREATE OR REPLACE VIEW {stored} AS {self.sql}")
        view = Table(
            self.named.name, self.columns, schema, VIEW if self.sql else LATE_VIEW, stored,
            owner=existing.owner if existing else session.catalog.user,
            definition=self.definition, bases=self.bases, base_columns=self.named_by_query,
            path=self.path,
        )  # fmt: skip
        made = session.catalog.with_table(view) if existing else session.catalog.with_new(view)
        change_catalog(session, made)
        return Outcome()

    def _check_same(self, existing: Table) -> None:
        if not existing.is_view:
            raise StatementError(f'"{existing.name}" is not a view')
        if (existing.kind == VIEW) != bool(self.sql):
            raise NotEmulated("CREATE OR REPLACE of a bound view by a late-binding one")
        if existing.sql in self.bases:
            raise StatementError(f'infinite recursion detected in view "{existing.name}"')
        if self.sql and [(c.name, c.type) for c in existing.columns] != [
            (c.name, c.type) for c in self.columns
        ]:
            raise StatementError("cannot change the columns of a view with CREATE OR REPLACE")


def create_view(text: Text, reads: Reads) -> Plan:
    """Read CREATE [OR REPLACE] VIEW name [(columns)] AS query [WITH NO SCHEMA BINDING]."""
    words = Words(text)
    words.expect("CREATE")
    replaces = words.take("OR", "REPLACE")
    words.expect("VIEW")
    is_late = words.without_last("WITH", "NO", "SCHEMA", "BINDING")
    named = read_new_name(words, reads.catalog)
    if named.is_temporary:
        raise NotEmulated("a temporary view")
    listed = words.new_names() if words.ahead("(") else ()
    words.expect("AS")
    definition = words.rest()
    path = reads.catalog.path()
    if is_late:
        _check_late(parsed(definition), reads.catalog)
        columns = tuple(Column(name, UNKNOWN) for name in listed)
        return CreateView(named, columns, definition, "", (), (), path, replaces)
    query, bases = bound_query(definition, reads)
    columns = renamed(query.columns, listed)
    sql = under_names(query, columns)
    return CreateView(named, columns, definition, sql, bases, names(query.columns), path, replaces)


def parsed(definition: str) -> exp.Expr:
    """Return a view's query as a tree; raises StatementError for anything else."""
    text = read(definition)
    if text.parameters:
        raise NotEmulated("a parameter in a view")
    tree = parse(text)
    if not isinstance(tree, exp.Query):
        raise StatementError(f'syntax error at or near "{text.words[0]}"')
    if tree.args.get("into"):
        raise StatementError("a view's query cannot have INTO")
    return tree


def bound_query(definition: str, reads: Reads) -> tuple[Query, tuple[str, ...]]:
    """Compile a query that is to last, and return the tables that it depends on."""
    tree = parsed(definition)
    if words := sorted(_OF_A_SESSION.intersection(read(definition).words)):
        raise NotEmulated(f"{words[0]} in a view")
    own = Reads(reads.catalog)
    query = settled(compile_query(tree, Scope(own)))
    reads.found.update(own.found)
    found = [table for table in own.found.values() if table]
    for table in found:
        if table.kind == SYSTEM_VIEW:
            raise NotEmulated(f"a bound view on {table.name}: use WITH NO SCHEMA BINDING")
        if table.is_temporary:
            raise NotEmulated("a view on a temporary table")
    return query, tuple(dict.fromkeys(t.sql for t in found if t.kind != LATE_VIEW))


def under_names(query: Query, columns: Sequence[Column]) -> str:
    """Return a query under other names for its columns."""
    shown = ", ".join(f"c{at} AS {quoted(column.name)}" for at, column in enumerate(columns))
    return f"SELECT {shown} FROM {query.relation()}"


def _check_late(tree: exp.Expr, catalog: Catalog) -> None:
    """Have every table qualified with a schema that exists; the table itself need not."""
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    if any(with_.args.get("recursive") for with_ in tree.find_all(exp.With)):
        raise StatementError("recursive CTE in a late-binding view is not supported")
    for table in tree.find_all(exp.Table):
        if not table.db and table.name.lower() not in named:
            raise StatementError(
                "All the relation names inside should be qualified "
                "when creating VIEW WITH NO SCHEMA BINDING"
            )
        if table.db and table.db.lower() not in SYSTEM_SCHEMAS and not _is_path(table, named):
            catalog.schema(table.db.lower())


def _is_path(table: exp.Table, named: set[str]) -> bool:
    """Whether a dotted FROM item may navigate into a named source, as unnesting SUPER does."""
    select = table.find_ancestor(exp.Select)
    sources = select.find_all(exp.Table) if select else ()
    aliases = {other.alias_or_name.lower() for other in sources if other is not table}
    return table.db.lower() in aliases | named


def late_binding(view: Table, reads: Reads) -> Table:
    """Return a late-binding view as its tables are now: its query, and the columns of it."""
    if view.sql in reads.expanding:
        raise StatementError(f'infinite recursion detected in view "{view.name}"')
    inner = Reads(reads.catalog, reads.found, {*reads.expanding, view.sql})
    query = settled(compile_query(parsed(view.definition), Scope(inner)))
    columns = renamed(query.columns, [column.name for column in view.columns])
    return replace(view, columns=columns, stored=f"({under_names(query, columns)})")


def current_columns(view: Table, catalog: Catalog) -> tuple[Column, ...]:
    """Return a table's or view's columns; none for a late-binding view that cannot be read."""
    if view.kind != LATE_VIEW:
        return view.columns
    if _describing.get():
        # A late-binding view on svv_columns would describe itself without end.
        return ()
    token = _describing.set(True)
    try:
        return late_binding(view, Reads(catalog)).columns
    except StatementError:
        return ()
    finally:
        _describing.reset(token)


def uses_column(view: Table, table: Table, name: str, catalog: Catalog) -> bool:
    """Whether a bound view needs a column: without it, its query is another one or none."""
    less = replace(table, columns=tuple(c for c in table.columns if c.name != name))
    before = replace(catalog.with_table(less), search_path=view.path, temporary={})
    try:
        query = settled(compile_query(parsed(view.definition), Scope(Reads(before))))
    except StatementError:
        return True
    had = zip(view.base_columns, (column.type for column in view.columns), strict=True)
    return [(c.name, c.type) for c in query.columns] != list(had)


def drop_view(text: Text, reads: Reads) -> Plan:
    """Read DROP VIEW [IF EXISTS] name, ... [CASCADE | RESTRICT]."""
    del reads
    words = Words(text)
    words.expect("DROP", "VIEW")
    return DropTables(*read_dropped(words), (VIEW, LATE_VIEW), "view")


def drop_materialized_view(text: Text, reads: Reads) -> Plan:
    """Read DROP MATERIALIZED VIEW [IF EXISTS] name, ... [CASCADE | RESTRICT]."""
    del reads
    words = Words(text)
    words.expect("DROP", "MATERIALIZED", "VIEW")
    return DropTables(*read_dropped(words), (MATERIALIZED_VIEW,), "materialized view")
