"""INSERT, UPDATE and DELETE: every value is assigned to its column's Redshift type."""

from collections.abc import Sequence

from sqlglot import exp

from local.redshift_data.catalog import Column, Table, quoted
from local.redshift_data.dialect.conversions import assign
from local.redshift_data.dialect.expressions import compile_condition, compile_expression
from local.redshift_data.dialect.queries import Query, compile_query
from local.redshift_data.dialect.scope import Compiled, Scope, Source, name_of
from local.redshift_data.dialect.syntax import only
from local.redshift_data.errors import NotEmulated, StatementError


def target_table(node: exp.Expr, scope: Scope) -> Table:
    """Return the table that a statement changes; it has no alias on Redshift."""
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise NotEmulated(f"target {node.sql(dialect='redshift')}")
    if node.alias:
        raise StatementError(f'syntax error at or near "{node.alias}"')
    only(node, "this", "db")
    table = scope.reads.table(name_of(node.this), name_of(node.db) if node.db else None)
    if table.schema == "redshift":
        raise StatementError(f"permission denied: {table.name} is a system table")
    return table


def as_source(table: Table) -> Source:
    """Return a table as a FROM item under its own name."""
    return Source(table.name, {column.name: column.type for column in table.columns})


def insert(node: exp.Insert, scope: Scope) -> str:
    """Compile INSERT ... VALUES and INSERT ... SELECT."""
    only(node, "this", "expression")
    listed = node.this.expressions if isinstance(node.this, exp.Schema) else []
    named = node.this.this if isinstance(node.this, exp.Schema) else node.this
    table = target_table(named, scope)
    columns = chosen_columns(table, [name_of(name) for name in listed])
    names = ", ".join(quoted(column.name) for column in columns)
    rows = _inserted(node.expression, columns, scope)
    return f"INSERT INTO {table.sql} ({names}) {rows}"


def chosen_columns(table: Table, names: Sequence[str]) -> Sequence[Column]:
    """Return the columns named, or all of them; raises for one twice or not there."""
    if len(set(names)) != len(names):
        raise StatementError("a column is specified more than once")
    return [table.column(name) for name in names] if names else table.columns


def _inserted(node: exp.Expr, columns: Sequence[Column], scope: Scope) -> str:
    if isinstance(node, exp.Values):
        only(node, "expressions")
        written = (_row(row, columns, scope) for row in node.expressions)
        return f"VALUES {', '.join(written)}"
    query = compile_query(node, scope)
    _check_count(len(query.columns), columns)
    return assigned(query, columns)


def assigned(query: Query, columns: Sequence[Column]) -> str:
    """Return the query with each column as it goes into a table's."""
    pairs = enumerate(zip(query.columns, columns, strict=True))
    values = [assign(Compiled(f"c{at}", have.type), to) for at, (have, to) in pairs]
    return f"SELECT {', '.join(values)} FROM {query.relation()}"


def _check_count(count: int, columns: Sequence[Column]) -> None:
    if count > len(columns):
        raise StatementError("INSERT has more expressions than target columns")
    if count < len(columns):
        raise StatementError("INSERT has more target columns than expressions")


def _row(row: exp.Expr, columns: Sequence[Column], scope: Scope) -> str:
    cells = row.expressions
    _check_count(len(cells), columns)
    pairs = zip(cells, columns, strict=True)
    values = (assign(compile_expression(cell, scope), column) for cell, column in pairs)
    return f"({', '.join(values)})"


def delete(node: exp.Delete, scope: Scope) -> str:
    """Compile DELETE FROM ... WHERE."""
    only(node, "this", "where")
    table = target_table(node.this, scope)
    scope.sources.append(as_source(table))
    return f"DELETE FROM {table.sql}{_where(node, scope)}"


def update(node: exp.Update, scope: Scope) -> str:
    """Compile UPDATE ... SET ... WHERE."""
    only(node, "this", "expressions", "where")
    table = target_table(node.this, scope)
    scope.sources.append(as_source(table))
    return f"UPDATE {table.sql} SET {assignments(node, table, scope)}{_where(node, scope)}"


def assignments(node: exp.Update, table: Table, scope: Scope) -> str:
    """Return the SET list, each value as its column takes it."""
    return ", ".join(_assignment(pair, table, scope) for pair in node.expressions)


def _assignment(pair: exp.Expr, table: Table, scope: Scope) -> str:
    if not isinstance(pair, exp.EQ) or not isinstance(pair.this, exp.Column):
        raise NotEmulated(pair.sql(dialect="redshift"))
    only(pair.this, "this")
    column = table.column(name_of(pair.this.this))
    value = compile_expression(pair.expression, scope)
    return f"{quoted(column.name)} = {assign(value, column)}"


def _where(node: exp.Expr, scope: Scope) -> str:
    where = node.args.get("where")
    return f" WHERE {compile_condition(where.this, scope)}" if where else ""
