"""Compiles the FROM clause: tables, named queries, subqueries and joins."""

from sqlglot import exp

from local.redshift_data.catalog import quoted
from local.redshift_data.dialect.expressions import compile_condition
from local.redshift_data.dialect.operators import compare
from local.redshift_data.dialect.scope import Scope, Source, name_of
from local.redshift_data.dialect.syntax import only
from local.redshift_data.errors import NotEmulated, StatementError

_SIDES = {"": "INNER", "LEFT": "LEFT", "RIGHT": "RIGHT", "FULL": "FULL"}


def compile_from(node: exp.Select, scope: Scope) -> str:
    """Compile FROM with its joins, and fill the scope with their sources."""
    from_ = node.args.get("from_")
    if not from_:
        return ""
    only(from_, "this")
    written = [f"FROM {_item(from_.this, scope)}"]
    written += [_join(join, scope) for join in node.args.get("joins") or []]
    return " ".join(written)


def _item(node: exp.Expr, scope: Scope) -> str:
    if node.args.get("joins"):
        raise NotEmulated("nested joins")
    sql, source = _subquery(node, scope) if isinstance(node, exp.Subquery) else _table(node, scope)
    if any(other.name == source.name for other in scope.sources):
        raise StatementError(f'table name "{source.name}" specified more than once')
    scope.sources.append(source)
    return f"{sql} AS {quoted(source.name)}"


def _subquery(node: exp.Subquery, scope: Scope) -> tuple[str, Source]:
    # The cycle queries -> relations -> queries is broken at the call.
    from local.redshift_data.dialect.queries import compile_query, settled  # noqa: PLC0415

    only(node, "this", "alias")
    if not node.alias:
        raise StatementError("subquery in FROM must have an alias")
    only(node.args["alias"], "this")
    inner = Scope(scope.reads, [], scope.outer, dict(scope.queries))
    query = settled(compile_query(node.this, inner))
    return f"({query.sql})", Source(name_of(node.alias), query.by_name())


def _table(node: exp.Expr, scope: Scope) -> tuple[str, Source]:
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise NotEmulated(f"FROM item {node.sql(dialect='redshift')}")
    only(node, "this", "alias", "db")
    if node.args.get("alias"):
        only(node.args["alias"], "this")
    name, alias = name_of(node.this), name_of(node.alias or node.this)
    if not node.db and name in scope.queries:
        return quoted(name), Source(alias, scope.queries[name])
    table = scope.reads.table(name, name_of(node.db) if node.db else None)
    return table.sql, Source(alias, {column.name: column.type for column in table.columns})


def _join(node: exp.Join, scope: Scope) -> str:
    only(node, "this", "side", "kind", "on", "using")
    earlier = list(scope.sources)
    item = _item(node.this, scope)
    side = node.side.upper()
    if using := node.args.get("using"):
        return f"{_SIDES[side]} JOIN {item} ON {_using(using, side, earlier, scope)}"
    if on := node.args.get("on"):
        return f"{_SIDES[side]} JOIN {item} ON {compile_condition(on, scope)}"
    if side or node.kind.upper() not in ("", "CROSS"):
        raise StatementError("a join needs ON or USING")
    return f"CROSS JOIN {item}"


def _using(names: list[exp.Expr], side: str, earlier: list[Source], scope: Scope) -> str:
    if side not in ("", "LEFT"):
        raise NotEmulated(f"{side} JOIN with USING")
    joined = scope.sources.pop()
    keys = [name_of(name) for name in names]
    scope.sources.append(Source(joined.name, joined.columns, frozenset(keys)))
    return " AND ".join(_equal(key, earlier, joined) for key in keys)


def _equal(key: str, earlier: list[Source], joined: Source) -> str:
    owners = [s for s in earlier if key in s.columns and key not in s.hidden]
    if len(owners) != 1 or key not in joined.columns:
        raise StatementError(f'column "{key}" specified in USING clause is missing or ambiguous')
    return compare(owners[0].column(key), "=", joined.column(key))
