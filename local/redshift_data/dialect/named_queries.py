"""WITH: queries that have a name, recursive ones too."""

from dataclasses import replace

from sqlglot import exp

from local.redshift_data.catalog import Column, quoted
from local.redshift_data.dialect.queries import Query, compile_query, converted, settled
from local.redshift_data.dialect.scope import Scope, name_of
from local.redshift_data.dialect.super_unnesting import refuse_unnesting_of
from local.redshift_data.dialect.syntax import only
from local.redshift_data.errors import NotEmulated, StatementError


def compile_with(node: exp.Expr, scope: Scope) -> str:
    """Compile WITH, and have the scope know its queries; empty where there is none."""
    with_ = node.args.get("with_")
    if not with_:
        return ""
    only(with_, "expressions", "recursive")
    recursive = bool(with_.args.get("recursive"))
    if recursive and scope.outer:
        raise StatementError("WITH RECURSIVE is not allowed in a subquery")
    names = [name_of(named.args["alias"].this) for named in with_.expressions]
    for name in names:
        if names.count(name) > 1:
            raise StatementError(f'WITH query name "{name}" specified more than once')
    written = [_named(named, scope, recursive=recursive) for named in with_.expressions]
    if recursive:
        refuse_unnesting_of(names, node)
    return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(written)}"


def _named(named: exp.CTE, scope: Scope, *, recursive: bool) -> str:
    only(named, "this", "alias")
    name = name_of(named.args["alias"].this)
    aliases = [name_of(column) for column in named.args["alias"].args.get("columns") or []]
    if isinstance(named.this, exp.Query) and named.this.args.get("with_"):
        raise StatementError("a WITH clause cannot be inside of a WITH clause")
    if not isinstance(named.this, exp.Query):
        raise NotEmulated("WITH of other than a query")
    if recursive and _refers_to(named.this, name):
        query = _recursive(named.this, name, aliases, scope)
    else:
        query = settled(compile_query(named.this, scope.inner()))
        query = renamed(query, aliases, name)
    scope.queries[name] = query.by_name()
    columns = ", ".join(quoted(column.name) for column in query.columns)
    return f"{quoted(name)}({columns}) AS ({query.sql})"


def _refers_to(node: exp.Expr, name: str) -> bool:
    return any(not t.db and name_of(t.this) == name for t in node.find_all(exp.Table))


def renamed(query: Query, names: list[str], where: str) -> Query:
    """Return a query with new names for its first columns."""
    if len(names) > len(query.columns):
        raise StatementError(
            f'"{where}" has {len(query.columns)} columns available '
            f"but {len(names)} columns specified"
        )
    rest = query.columns[len(names) :]
    first = (replace(c, name=n) for c, n in zip(query.columns, names, strict=False))
    return Query(query.sql, (*first, *rest))


def _recursive(node: exp.Expr, name: str, names: list[str], scope: Scope) -> Query:
    """Compile the seed, then what refers to it: both give the seed's columns."""
    if not isinstance(node, exp.Union) or node.args.get("distinct"):
        raise StatementError("a recursive common table expression must be a UNION ALL")
    if not names:
        raise StatementError(f'recursive common table expression "{name}" needs column names')
    for clause in ("order", "limit", "offset"):
        if node.args.get(clause) or node.expression.args.get(clause):
            raise StatementError(f"{clause.upper()} in a recursive query is not supported")
    if _refers_to(node.this, name):
        raise StatementError(f'the initial member of "{name}" must not refer to itself')
    seed = renamed(settled(compile_query(node.this, scope.inner())), names, name)
    columns = tuple(Column(column.name, column.type) for column in seed.columns)
    scope.queries[name] = {column.name: column for column in columns}
    step = compile_query(node.expression, scope.inner())
    if len(step.columns) != len(columns):
        raise StatementError("each UNION query must have the same number of columns")
    sql = f"{converted(seed, columns)} UNION ALL {converted(step, columns)}"
    return Query(sql, columns)
