"""GROUP BY with SUPER values: equal ones make a group, however each of them is written."""

from collections.abc import Sequence

from sqlglot import exp

from local.redshift_data.catalog import quoted
from local.redshift_data.dialect.expressions import compile_expression
from local.redshift_data.dialect.scope import GroupedValue, Scope, name_of
from local.redshift_data.dialect.super_unnesting import ROWS, wrapped_rows
from local.redshift_data.dialect.super_values import super_key
from local.redshift_data.dialect.types import SUPER


def super_groups(node: exp.Select, scope: Scope) -> list[exp.Expr]:
    """Return the SUPER paths that a query groups by."""
    group = node.args.get("group")
    keys = (_meant(key, node, scope) for key in (group.expressions if group else []))
    paths = [key for key in keys if isinstance(key, exp.Column | exp.Dot | exp.Bracket)]
    return [p for p in paths if not p.is_star and compile_expression(p, scope).type == SUPER]


def group_rows(sql: str, paths: Sequence[exp.Expr], scope: Scope) -> str:
    """Return FROM the rows with the values and keys to group by, which the scope then knows.

    They become columns first: DuckDB cannot group by an expression that has lambdas in it.
    """
    values = [compile_expression(path, scope) for path in paths]
    added = [f"{value.sql} AS {quoted(f'group {at}')}" for at, value in enumerate(values)]
    added += [f"{super_key(value)} AS {quoted(f'key {at}')}" for at, value in enumerate(values)]
    wrapped = wrapped_rows(sql, added, scope)
    scope.grouped = {
        compile_expression(path, scope).sql: GroupedValue(
            f"any_value({quoted(ROWS)}.{quoted(f'group {at}')})",
            f"{quoted(ROWS)}.{quoted(f'key {at}')}",
        )
        for at, path in enumerate(paths)
    }
    return wrapped


def _meant(key: exp.Expr, node: exp.Select, scope: Scope) -> exp.Expr:
    """Return what a position or an alias of the select list stands for."""
    listed = node.expressions
    if isinstance(key, exp.Literal) and str(key.this).isdigit():
        has_star = any(entry.is_star for entry in listed)
        at = int(str(key.this))
        return listed[at - 1].unalias() if 1 <= at <= len(listed) and not has_star else key
    if not isinstance(key, exp.Column) or len(key.parts) > 1:
        return key
    name = name_of(key.parts[0])
    if any(name in source.columns for source in scope.sources):
        return key
    return next(
        (e.this for e in listed if isinstance(e, exp.Alias) and name_of(e.alias) == name), key
    )
