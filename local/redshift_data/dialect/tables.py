"""CREATE TABLE, with columns or AS a query, and SELECT INTO."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from local.redshift_data.catalog import (
    TABLE,
    Catalog,
    Column,
    Constraint,
    Layout,
    Table,
    quoted,
)
from local.redshift_data.dialect.changes import assigned
from local.redshift_data.dialect.columns import check_columns, read_definitions
from local.redshift_data.dialect.layout import Written, read_layout, settle_layout
from local.redshift_data.dialect.names import cut_name
from local.redshift_data.dialect.plans import (
    Bound,
    Outcome,
    Plan,
    Session,
    Values,
    change_catalog,
)
from local.redshift_data.dialect.queries import Query, compile_query, settled
from local.redshift_data.dialect.scope import Reads, Scope, name_of
from local.redshift_data.dialect.syntax import Text, only, parse, read
from local.redshift_data.dialect.table_storage import create_storage, numbered
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

_SCAN = {"expressions", "from_", "where", "kind"}
"""The clauses of a query that only scans its table."""


@dataclass(frozen=True)
class NewName:
    """What a statement calls the thing it makes; the schema may be the search path's first."""

    name: str
    schema: str | None

    @property
    def is_temporary(self) -> bool:
        """Whether it ends with its session."""
        return self.schema == "temp"

    def place(self, catalog: Catalog) -> tuple[str, str]:
        """Return its schema and its name for DuckDB; raises StatementError."""
        if self.is_temporary:
            return "temp", f"temp.{quoted(self.name)}"
        schema = catalog.schema(self.schema or catalog.current_schema())
        return schema.name, catalog.free_place(f"{schema.stored}.{quoted(self.name)}")

    def check_free(self, catalog: Catalog) -> None:
        """Raise StatementError where the name is taken."""
        if self.taken_by(catalog):
            raise StatementError(f'Relation "{self.name}" already exists')

    def taken_by(self, catalog: Catalog) -> Table | None:
        """Return what has the name already."""
        if self.is_temporary:
            return catalog.temporary.get(self.name)
        schema = catalog.schema(self.schema or catalog.current_schema()).name
        return catalog.permanent.get((schema, self.name))


def read_new_name(words: Words, catalog: Catalog, *, temporary: bool = False) -> NewName:
    """Read `[[database.]schema.]name`; a name that starts with # is temporary."""
    parts = [words.new_name()]
    while words.take("."):
        parts.append(words.new_name())
    *before, name = parts
    if len(before) > 1 and before.pop(0) != catalog.database:
        raise StatementError("cross-database reference not supported: " + ".".join(parts))
    if len(before) > 1:
        raise StatementError(f"improper qualified name (too many dotted names): {'.'.join(parts)}")
    if not temporary and not name.startswith("#"):
        return NewName(name, before[0] if before else None)
    if before:
        raise StatementError("temporary tables may not specify a schema name")
    return NewName(name, "temp")


@dataclass(frozen=True)
class CreateTable:
    """Makes a table, filled by a query or empty."""

    named: NewName
    columns: tuple[Column, ...]
    layout: Layout
    constraints: tuple[Constraint, ...] = ()
    if_not_exists: bool = False
    filling: Bound | None = None

    def run(self, session: Session, values: Values) -> Outcome:
        """Create it in DuckDB and in the catalog."""
        if self.if_not_exists and self.named.taken_by(session.catalog):
            return Outcome()
        self.named.check_free(session.catalog)
        schema, stored = self.named.place(session.catalog)
        create_storage(session, stored, self.columns, temporary=self.named.is_temporary)
        table = Table(
            self.named.name, numbered(self.columns, stored), schema, TABLE, stored,
            self.layout, self.constraints, session.catalog.user,
        )  # fmt: skip
        change_catalog(session, session.catalog.with_new(table))
        if not self.filling:
            return Outcome()
        filling = replace(self.filling, sql=f"INSERT INTO {stored} {self.filling.sql}")
        counted = filling.execute(session, values).fetchone()
        return Outcome(changed=int(counted[0]) if counted else 0)


def create_table(text: Text, reads: Reads) -> Plan:
    """Read CREATE TABLE: with columns, LIKE another table, or AS a query."""
    words = Words(text)
    words.expect("CREATE")
    local = words.take("LOCAL")
    temporary = words.one_of("TEMP", "TEMPORARY") is not None
    if local and not temporary:
        raise words.unexpected()
    words.expect("TABLE")
    if_not_exists = words.take("IF", "NOT", "EXISTS")
    named = read_new_name(words, reads.catalog, temporary=temporary)
    if words.ahead("(") and not words.is_name_list():
        return _create_empty(words, reads, named, if_not_exists=if_not_exists)
    listed = words.new_names() if words.ahead("(") else ()
    written = read_layout(words)
    words.expect("AS")
    if if_not_exists:
        raise NotEmulated("CREATE TABLE IF NOT EXISTS ... AS")
    return _create_as(words.rest(), reads, named, listed, written)


def _create_empty(words: Words, reads: Reads, named: NewName, *, if_not_exists: bool) -> Plan:
    found = read_definitions(words, reads, named.name)
    written = read_layout(words)
    words.end()
    columns = found.checked_columns()
    if found.like:
        if not written.is_empty or found.distkeys or found.sortkeys:
            raise StatementError("CREATE TABLE LIKE inherits its table attributes")
        layout = found.like.layout
    else:
        layout = settle_layout(_with_column_keys(written, found.distkeys, found.sortkeys), columns)
    return CreateTable(named, columns, layout, tuple(found.constraints), if_not_exists)


def _with_column_keys(written: Written, distkeys: list[str], sortkeys: list[str]) -> Written:
    if len(distkeys) + bool(written.distkey) > 1:
        raise StatementError("only one column in a table can be the distribution key")
    if len(sortkeys) + bool(written.sort_style) > 1:
        raise StatementError("a sort key of several columns must be set for the table")
    if distkeys:
        written = replace(written, distkey=distkeys[0])
    if sortkeys:
        written = replace(written, sort_style="COMPOUND", sortkey=tuple(sortkeys))
    return written


def _create_as(
    sql: str, reads: Reads, named: NewName, listed: Sequence[str], written: Written
) -> Plan:
    text = read(sql)
    tree = parse(text)
    own = Reads(reads.catalog)
    query = settled(compile_query(tree, Scope(own)))
    reads.found.update(own.found)
    columns = renamed(query.columns, listed)
    layout = settle_layout(_by_position(written, columns), columns)
    if written.diststyle is None and not written.distkey and not written.sort_style:
        layout = _inherited(tree, own, query, columns) or layout
    filling = Bound(assigned(query, columns), text.parameters)
    return CreateTable(named, columns, layout, filling=filling)


def renamed(columns: Sequence[Column], listed: Sequence[str]) -> tuple[Column, ...]:
    """Return a query's columns as a table's, under the names listed for the first of them."""
    if len(listed) > len(columns):
        raise StatementError("too many column names were specified")
    names = [*listed, *(cut_name(column.name) for column in columns[len(listed) :])]
    made = tuple(Column(n, c.type) for n, c in zip(names, columns, strict=True))
    check_columns(made)
    return made


def _by_position(written: Written, columns: Sequence[Column]) -> Written:
    """Let numbers stand for columns of the query in the keys."""
    distkey = written.distkey and _at_position(written.distkey, columns)
    sortkey = tuple(_at_position(name, columns) for name in written.sortkey)
    return replace(written, distkey=distkey, sortkey=sortkey)


def _at_position(name: str, columns: Sequence[Column]) -> str:
    if not name.isdigit():
        return name
    if not 1 <= int(name) <= len(columns):
        raise StatementError(f"position {name} is not in select list")
    return columns[int(name) - 1].name


def _inherited(
    tree: exp.Expr, reads: Reads, query: Query, columns: Sequence[Column]
) -> Layout | None:
    """Return the source's layout where the query does nothing but scan one table.

    What Redshift chooses for another query depends on its plan; AUTO stands for that here.
    """
    tables = [table for table in reads.found.values() if table]
    plain = {key for key, value in tree.args.items() if value} <= _SCAN
    if not plain or len(tables) != 1 or tables[0].kind != TABLE:
        return None
    now = {
        c.origin.column: made.name
        for c, made in zip(query.columns, columns, strict=True)
        if c.origin
    }
    old = tables[0].layout
    if not {old.distkey, *old.sortkey} <= {"", *now}:
        return None
    sortkey = tuple(now[name] for name in old.sortkey)
    return replace(old, distkey=now.get(old.distkey, ""), sortkey=sortkey, encode_auto=True)


def select_into(node: exp.Select, text: Text, reads: Reads) -> Plan:
    """Compile SELECT ... INTO [TEMP] [TABLE] name ...: CREATE TABLE AS in other words."""
    into = node.args["into"]
    only(into, "this", "temporary")
    node.set("into", None)
    query: Query = settled(compile_query(node, Scope(reads)))
    schema = "temp" if into.args.get("temporary") or into.this.name.startswith("#") else None
    if schema and into.this.db:
        raise StatementError("temporary tables may not specify a schema name")
    named = NewName(
        name_of(into.this.this), schema or (into.this.db and into.this.db.lower()) or None
    )
    columns = renamed(query.columns, ())
    filling = Bound(assigned(query, columns), text.parameters)
    return CreateTable(named, columns, Layout(), filling=filling)
