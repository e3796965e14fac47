"""Compiles the FROM clause: tables, named queries, subqueries and joins."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeGuard

from sqlglot import exp

from local.redshift_data.catalog import Column, quoted
from local.redshift_data.dialect.conversions import coerce, common_type
from local.redshift_data.dialect.expressions import compile_condition
from local.redshift_data.dialect.operators import compare
from local.redshift_data.dialect.scope import Compiled, Scope, Source, name_of
from local.redshift_data.dialect.super_unnesting import as_unnesting, unnest
from local.redshift_data.dialect.syntax import only
from local.redshift_data.errors import NotEmulated, StatementError

_SIDES = {"": "INNER", "LEFT": "LEFT", "RIGHT": "RIGHT", "FULL": "FULL"}


def compile_from(node: exp.Select, scope: Scope) -> str:
    """Compile FROM with its joins, and fill the scope with their sources."""
    from_ = node.args.get("from_")
    if not from_:
        return ""
    only(from_, "this")
    return _joined(from_.this, node.args.get("joins") or [], scope)


def _joined(first: exp.Expr, joins: Iterable[exp.Join], scope: Scope) -> str:
    start = len(scope.sources)
    sql = _first(first, scope)
    for join in joins:
        if unnesting := as_unnesting(join.this, scope):
            sql, start = unnest(sql, unnesting, join, scope), 0
        elif _is_comma(join):
            start = len(scope.sources)
            sql = f"{sql}, {compile_item(join.this, scope)}"
        else:
            sql = f"{sql} {_join(join, start, scope)}"
    return sql


def _first(node: exp.Expr, scope: Scope) -> str:
    if unnesting := as_unnesting(node, scope):
        return unnest("", unnesting, None, scope)
    return f"FROM {compile_item(node, scope)}"


def _is_comma(join: exp.Join) -> bool:
    return not any(join.args.get(part) for part in ("side", "kind", "on", "using", "method"))


def compile_item(node: exp.Expr, scope: Scope) -> str:
    """Compile one item of FROM, and add its sources to the scope."""
    if node.args.get("pivots"):
        # The cycle queries -> relations -> pivots -> queries is broken at the call.
        from local.redshift_data.dialect.pivots import compile_pivot  # noqa: PLC0415

        sql, source = compile_pivot(node, scope)
    elif _is_parenthesised(node):
        return _parenthesised(node, scope)
    elif isinstance(node, exp.Subquery):
        sql, source = _subquery(node, scope)
    else:
        sql, source = _table(node, scope)
    if any(other.name == source.name for other in scope.sources):
        raise StatementError(f'table name "{source.name}" specified more than once')
    scope.sources.append(source)
    return f"{sql} AS {quoted(source.name)}"


def _is_parenthesised(node: exp.Expr) -> TypeGuard[exp.Subquery]:
    """Whether an item is joins in parentheses, or one item in more parentheses than needed."""
    if not isinstance(node, exp.Subquery):
        return False
    inner = node.this
    if isinstance(inner, exp.Subquery):
        return bool(inner.alias or inner.args.get("joins") or inner.args.get("pivots"))
    return not isinstance(inner, exp.Query)


def _parenthesised(node: exp.Subquery, scope: Scope) -> str:
    """Compile joins in parentheses: their sources are seen from outside as well."""
    only(node, "this")
    inner = node.this
    joins = inner.args.get("joins") or []
    alone = inner.copy()
    alone.set("joins", None)
    if any(as_unnesting(item, scope) for item in (alone, *(join.this for join in joins))):
        raise NotEmulated("SUPER in joins in parentheses")
    return f"({_joined(alone, joins, scope).removeprefix('FROM ')})"


def _subquery(node: exp.Subquery, scope: Scope) -> tuple[str, Source]:
    # The cycle queries -> relations -> queries is broken at the call.
    from local.redshift_data.dialect.named_queries import renamed as renamed_query  # noqa: PLC0415
    from local.redshift_data.dialect.queries import (  # noqa: PLC0415
        compile_query,
        converted,
        settled,
    )

    only(node, "this", "alias")
    # "An alias isn't required": without one nothing can name it.
    name = name_of(node.alias) if node.alias else f"subquery {len(scope.sources)}"
    inner = Scope(scope.reads, [], scope.outer, dict(scope.queries))
    query = settled(compile_query(node.this, inner))
    sql = f"({query.sql})"
    if names := _listed(node):
        query = renamed_query(query, names, name)
        sql = converted(query, query.columns)
    return sql, Source(name, query.by_name())


def _table(node: exp.Expr, scope: Scope) -> tuple[str, Source]:
    if isinstance(node, exp.Lateral):
        raise StatementError('syntax error at or near "LATERAL"')
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise NotEmulated(f"FROM item {node.sql(dialect='redshift')}")
    only(node, "this", "alias", "db")
    name, alias = name_of(node.this), name_of(node.alias or node.this)
    if not node.db and name in scope.queries:
        return quoted(name), _renamed(node, Source(alias, scope.queries[name]))
    table = scope.reads.table(name, name_of(node.db) if node.db else None)
    return table.sql, _renamed(node, Source(alias, table.shown()))


def _renamed(node: exp.Expr, source: Source) -> Source:
    names = _listed(node)
    return renamed(source, names) if names else source


def _listed(node: exp.Expr) -> list[str]:
    """Return the column names that an item's alias lists."""
    alias = node.args.get("alias")
    if not alias:
        return []
    only(alias, "this", "columns")
    return [name_of(column) for column in alias.args.get("columns") or []]


def renamed(source: Source, names: Sequence[str]) -> Source:
    """Return a source with new names for its first columns."""
    old = list(source.columns)
    if len(names) > len(old):
        raise StatementError(
            f'table "{source.name}" has {len(old)} columns available '
            f"but {len(names)} columns specified"
        )
    new = [*names, *old[len(names) :]]
    if len(set(new)) != len(new):
        raise NotEmulated("a FROM item with two columns of one name")
    pairs = list(zip(new, old, strict=True))
    columns = {now: replace(source.columns[before], name=now) for now, before in pairs}
    return replace(
        source,
        columns=columns,
        expressions={now: source.column(before).sql for now, before in pairs},
    )


def _join(node: exp.Join, start: int, scope: Scope) -> str:
    only(node, "this", "side", "kind", "on", "using", "method")
    method = node.method.upper()
    if method not in ("", "NATURAL") or node.kind.upper() not in ("", "INNER", "OUTER", "CROSS"):
        raise NotEmulated(f"{method} {node.kind} JOIN".strip())
    added = len(scope.sources)
    item = compile_item(node.this, scope)
    side = node.side.upper()
    keys = [name_of(name) for name in node.args.get("using") or []]
    if method:
        keys = _common(scope.sources[start:added], scope.sources[added:])
    if keys:
        return f"{_SIDES[side]} JOIN {item} ON {_using(keys, side, (start, added), scope)}"
    if on := node.args.get("on"):
        return f"{_SIDES[side]} JOIN {item} ON {_on(on, start, scope)}"
    if method and side:
        raise NotEmulated("NATURAL outer join without columns in common")
    if side or (node.kind.upper() not in ("", "CROSS") and not method):
        raise StatementError("a join needs ON or USING")
    return f"CROSS JOIN {item}"


def _on(on: exp.Expr, start: int, scope: Scope) -> str:
    """Compile a condition that sees the joined items only, not those before a comma."""
    every = scope.sources
    scope.sources, scope.joining = every[start:], True
    try:
        return compile_condition(on, scope)
    finally:
        scope.sources, scope.joining = every, False


def _common(left: Iterable[Source], right: Iterable[Source]) -> list[str]:
    shown = {name for source in right for name in source.visible()}
    return [name for source in left for name in source.visible() if name in shown]


def _using(keys: list[str], side: str, bounds: tuple[int, int], scope: Scope) -> str:
    """Join by equal names; each pair is shown once, before the other columns of the join."""
    start, added = bounds
    left, right = scope.sources[start:added], scope.sources[added:]
    columns, expressions, conditions = {}, {}, []
    for key in keys:
        first, second = _owner(key, left), _owner(key, right)
        conditions.append(compare(first, "=", second))
        value = _merged(first, second, side)
        columns[key] = Column(key, value.type, origin=value.origin)
        expressions[key] = value.sql
    hidden = frozenset(keys)
    merged = Source(f"using {len(scope.sources)}", columns, expressions=expressions)
    sources = [replace(s, hidden=s.hidden | hidden) for s in (*left, *right)]
    scope.sources[start:] = [merged, *sources]
    return " AND ".join(conditions)


def _owner(key: str, sources: Iterable[Source]) -> Compiled:
    owners = [s for s in sources if key in s.columns and key not in s.hidden]
    if len(owners) != 1:
        raise StatementError(f'column "{key}" specified in USING clause is missing or ambiguous')
    return owners[0].column(key)


def _merged(left: Compiled, right: Compiled, side: str) -> Compiled:
    type_ = common_type(left.type, right.type)
    if side == "FULL":
        both = (coerce(left, type_).sql, coerce(right, type_).sql)
        return Compiled(f"coalesce({', '.join(both)})", type_)
    return coerce(right if side == "RIGHT" else left, type_)
