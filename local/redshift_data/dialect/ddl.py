"""CREATE, ALTER and DROP TABLE; keys and layout are read but, as on Redshift, not enforced."""

from dataclasses import dataclass, replace

from sqlglot import exp

from local.redshift_data import catalog
from local.redshift_data.catalog import Column, Table, quoted
from local.redshift_data.dialect.changes import assigned, target_table
from local.redshift_data.dialect.conversions import assign
from local.redshift_data.dialect.expressions import compile_expression
from local.redshift_data.dialect.plans import (
    Bound,
    Outcome,
    Plan,
    Session,
    Values,
    names,
    refuse_in_block,
)
from local.redshift_data.dialect.queries import compile_query, settled
from local.redshift_data.dialect.scope import Scope, name_of
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import from_node
from local.redshift_data.errors import NotEmulated, StatementError

_LAYOUT = (exp.DistStyleProperty, exp.DistKeyProperty, exp.SortKeyProperty)
_UNENFORCED = (exp.PrimaryKey, exp.ForeignKey, exp.UniqueColumnConstraint)
_UNENFORCED_OF_COLUMN = (exp.PrimaryKeyColumnConstraint, exp.UniqueColumnConstraint, exp.Reference)


@dataclass(frozen=True)
class CreateTable:
    """Makes a table, filled by a query or empty."""

    table: Table
    if_not_exists: bool = False
    filling: Bound | None = None

    def run(self, session: Session, values: Values) -> Outcome:
        """Create it in DuckDB and in the catalog."""
        known = session.catalog.temporary if self.table.is_temporary else session.catalog.permanent
        if self.table.name in known:
            return self._already_there()
        kind = "TEMP TABLE" if self.table.is_temporary else "TABLE"
        session.connection.execute(f"CREATE {kind} {self.table.sql} ({_columns(self.table)})")
        _remember(session, self.table)
        if not self.filling:
            return Outcome()
        counted = self.filling.execute(session, values).fetchone()
        return Outcome(changed=int(counted[0]) if counted else 0)

    def _already_there(self) -> Outcome:
        if self.if_not_exists:
            return Outcome()
        raise StatementError(f'Relation "{self.table.name}" already exists')


@dataclass(frozen=True)
class AddColumn:
    """Adds a column to a table."""

    table: Table
    column: Column

    def run(self, session: Session, values: Values) -> Outcome:
        """Add it in DuckDB and in the catalog."""
        del values
        session.connection.execute(
            f"ALTER TABLE {self.table.sql} ADD COLUMN {_definition(self.column)}"
        )
        _remember(session, replace(self.table, columns=(*self.table.columns, self.column)))
        return Outcome()


@dataclass(frozen=True)
class ResizeColumn:
    """Changes the length of a VARCHAR column."""

    table: Table
    column: Column

    def run(self, session: Session, values: Values) -> Outcome:
        """Note the new length; DuckDB keeps text without one."""
        del values
        refuse_in_block(session, "ALTER TABLE ALTER COLUMN")
        name, size = quoted(self.column.name), self.column.type.size
        longer = session.connection.execute(
            f"SELECT 1 FROM {self.table.sql} WHERE strlen({name}) > {size} LIMIT 1"
        ).fetchone()
        if longer:
            raise StatementError("target column size should be different")
        columns = (self.column if c.name == self.column.name else c for c in self.table.columns)
        _remember(session, replace(self.table, columns=tuple(columns)))
        return Outcome()


@dataclass(frozen=True)
class DropTables:
    """Drops tables."""

    tables: tuple[Table, ...]

    def run(self, session: Session, values: Values) -> Outcome:
        """Drop them in DuckDB and in the catalog."""
        del values
        for table in self.tables:
            session.connection.execute(f"DROP TABLE {table.sql}")
            session.catalog = session.catalog.without_table(table)
            if not table.is_temporary:
                catalog.forget_table(session.connection, table)
        return Outcome()


def _remember(session: Session, table: Table) -> None:
    session.catalog = session.catalog.with_table(table)
    if not table.is_temporary:
        catalog.save_table(session.connection, table)


def _columns(table: Table) -> str:
    return ", ".join(_definition(column) for column in table.columns)


def _definition(column: Column) -> str:
    default = f" DEFAULT {column.default}" if column.default else ""
    required = " NOT NULL" if column.not_null else ""
    return f"{quoted(column.name)} {column.type.duckdb}{default}{required}"


def create(node: exp.Create, scope: Scope, parameters: tuple[str, ...]) -> Plan:
    """Compile CREATE TABLE: with columns, LIKE another table, or AS a query."""
    only(node, "this", "kind", "exists", "properties", "expression")
    if node.kind != "TABLE":
        raise NotEmulated(f"CREATE {node.kind}")
    named = node.this.this if isinstance(node.this, exp.Schema) else node.this
    schema = "temp" if _is_temporary(node, named) else "public"
    table = Table(_new_name(named), (), schema)
    exists = bool(node.args.get("exists"))
    if node.expression:
        return _create_as(node, replace(table), scope, Bound("", parameters), exists=exists)
    if not isinstance(node.this, exp.Schema):
        raise StatementError("CREATE TABLE needs columns")
    return CreateTable(replace(table, columns=_declared(node.this, scope)), exists)


def _new_name(node: exp.Table) -> str:
    only(node, "this", "db")
    if node.db and name_of(node.db) != "public":
        raise NotEmulated(f"schema {node.db}")
    return name_of(node.this)


def _is_temporary(node: exp.Create, named: exp.Table) -> bool:
    temporary = named.name.startswith("#")
    properties = node.args.get("properties")
    for each in properties.expressions if properties else []:
        if isinstance(each, exp.TemporaryProperty):
            temporary = True
        elif not isinstance(each, _LAYOUT):
            raise NotEmulated(f"CREATE TABLE with {each.sql(dialect='redshift')}")
    return temporary


def _create_as(node: exp.Create, table: Table, scope: Scope, bound: Bound, *, exists: bool) -> Plan:
    if exists or isinstance(node.this, exp.Schema):
        raise NotEmulated("CREATE TABLE ... AS with IF NOT EXISTS or a column list")
    query = settled(compile_query(node.expression, scope))
    if len(set(names(query.columns))) != len(query.columns):
        raise StatementError("a column is specified more than once")
    created = replace(table, columns=query.columns)
    filling = f"INSERT INTO {created.sql} {assigned(query, query.columns)}"
    return CreateTable(created, filling=replace(bound, sql=filling))


def _declared(schema: exp.Schema, scope: Scope) -> tuple[Column, ...]:
    columns: list[Column] = []
    for entry in schema.expressions:
        if isinstance(entry, exp.LikeProperty):
            columns += _like(entry, scope)
        elif isinstance(entry, exp.ColumnDef):
            columns.append(_column(entry, scope))
        elif not isinstance(entry, _UNENFORCED):
            raise NotEmulated(entry.sql(dialect="redshift"))
    if len({column.name for column in columns}) != len(columns):
        raise StatementError("a column is specified more than once")
    keys = _primary_key(schema)
    return tuple(replace(c, not_null=c.not_null or c.name in keys) for c in columns)


def _primary_key(schema: exp.Schema) -> set[str]:
    """Return the key's columns: not unique here, as on Redshift, but never NULL."""
    keys = (entry for entry in schema.expressions if isinstance(entry, exp.PrimaryKey))
    return {name_of(column) for key in keys for column in key.expressions}


def _like(entry: exp.LikeProperty, scope: Scope) -> list[Column]:
    """Copy another table's columns; defaults come along only where they are asked for."""
    options = [option.sql(dialect="redshift") for option in entry.expressions]
    if options not in ([], ["INCLUDING=DEFAULTS"]):
        raise NotEmulated(f"LIKE with {options}")
    other = target_table(entry.this, scope)
    return [c if options else replace(c, default=None) for c in other.columns]


def _column(entry: exp.ColumnDef, scope: Scope) -> Column:
    only(entry, "this", "kind", "constraints")
    column = Column(name_of(entry.this), from_node(entry.args["kind"]))
    for constraint in entry.args.get("constraints") or []:
        column = _constrained(column, constraint.kind, scope)
    return column


def _constrained(column: Column, kind: exp.Expr, scope: Scope) -> Column:
    if isinstance(kind, exp.NotNullColumnConstraint):
        return replace(column, not_null=not kind.args.get("allow_null"))
    if isinstance(kind, exp.PrimaryKeyColumnConstraint):
        return replace(column, not_null=True)
    if isinstance(kind, exp.DefaultColumnConstraint):
        value = compile_expression(kind.this, Scope(scope.reads))
        return replace(column, default=f"({assign(value, column)})")
    if isinstance(kind, (exp.EncodeColumnConstraint, *_UNENFORCED_OF_COLUMN)):
        return column
    raise NotEmulated(f"column constraint {kind.sql(dialect='redshift')}")


def alter(node: exp.Alter, scope: Scope) -> Plan:
    """Compile ALTER TABLE ... ADD COLUMN and ... ALTER COLUMN ... TYPE VARCHAR."""
    only(node, "this", "kind", "actions")
    actions = node.args["actions"]
    if node.args.get("kind") != "TABLE" or len(actions) != 1:
        raise NotEmulated("ALTER other than of one thing in one table")
    table = target_table(node.this, scope)
    if isinstance(actions[0], exp.AlterColumn):
        return _resize(actions[0], table)
    if isinstance(actions[0], exp.ColumnDef):
        return _add(_column(actions[0], scope), table)
    raise NotEmulated(f"ALTER TABLE {actions[0].sql(dialect='redshift')}")


def _resize(action: exp.AlterColumn, table: Table) -> Plan:
    only(action, "this", "dtype")
    column, type_ = table.column(name_of(action.this)), from_node(action.args["dtype"])
    if column.type.name != "varchar" or type_.name != "varchar":
        raise StatementError(f'cannot alter type of column "{column.name}"')
    return ResizeColumn(table, replace(column, type=type_))


def _add(column: Column, table: Table) -> Plan:
    if column.name in names(table.columns):
        raise StatementError(f'column "{column.name}" of relation "{table.name}" already exists')
    if column.not_null and not column.default:
        raise StatementError("ALTER TABLE ADD COLUMN defined as NOT NULL must have a default")
    return AddColumn(table, column)


def drop(node: exp.Drop, scope: Scope) -> Plan:
    """Compile DROP TABLE [IF EXISTS]."""
    only(node, "tables", "kind", "exists", "cascade", "restrict")
    if node.args.get("kind") != "TABLE":
        raise NotEmulated(f"DROP {node.args.get('kind')}")
    found = []
    for named in node.args["tables"]:
        schema = name_of(named.db) if named.db else None
        missing = scope.reads.catalog.find(name_of(named.this), schema) is None
        if missing and node.args.get("exists"):
            scope.reads.found[name_of(named.this), schema] = None
        else:
            found.append(target_table(named, scope))
    return DropTables(tuple(found))
