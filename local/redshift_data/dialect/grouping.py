"""GROUP BY with expressions, positions, aliases, ALL and the aggregation extensions."""

from sqlglot import exp

from local.redshift_data.dialect.aggregates import aggregates_in
from local.redshift_data.dialect.arguments import Arguments
from local.redshift_data.dialect.expressions import (
    allow_keywords,
    compile_expression,
    redshift_function,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.select_lists import Item, bare_name, position, refuse_super
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import INT4
from local.redshift_data.errors import NotEmulated, StatementError

_EXTENSIONS: dict[type[exp.Expr], str] = {
    exp.Rollup: "ROLLUP",
    exp.Cube: "CUBE",
    exp.GroupingSets: "GROUPING SETS",
}
allow_keywords("GROUP BY ALL", *_EXTENSIONS.values())


def group_by(node: exp.Select, items: list[Item], scope: Scope) -> str:
    """Compile GROUP BY; empty where there is none."""
    group = node.args.get("group")
    if not group:
        return ""
    only(group, "expressions", "all")
    if group.args.get("all"):
        return _all(node, items)
    keys = [_set(key, items, scope) for key in group.expressions]
    return "GROUP BY " + ", ".join(keys)


def _all(node: exp.Select, items: list[Item]) -> str:
    """Group by every entry of the select list that is not aggregated."""
    for entry in node.expressions:
        inside = [column for call in aggregates_in(entry) for column in call.find_all(exp.Column)]
        if any(aggregates_in(entry)) and any(c not in inside for c in entry.find_all(exp.Column)):
            raise NotEmulated("GROUP BY ALL with an expression of aggregates and columns")
    keys = [str(at) for at, item in enumerate(items, start=1) if not item.aggregated]
    refuse_super("GROUP BY", *(item.value for item in items if not item.aggregated))
    return "GROUP BY " + ", ".join(keys) if keys else ""


def _set(key: exp.Expr, items: list[Item], scope: Scope) -> str:
    if extension := _EXTENSIONS.get(type(key)):
        only(key, "expressions")
        sets = ", ".join(_set(each, items, scope) for each in key.expressions)
        if scope.grouped:
            raise NotEmulated(f"{extension} with SUPER: cast it first")
        return f"{extension} ({sets})"
    if isinstance(key, exp.Tuple):
        return f"({', '.join(_set(each, items, scope) for each in key.expressions)})"
    value = _key(key, items, scope)
    if of_super := scope.group_key(value):
        return of_super
    refuse_super("GROUP BY", value)
    return value.sql


def _key(key: exp.Expr, items: list[Item], scope: Scope) -> Compiled:
    key = key.unnest() if isinstance(key, exp.Paren) else key
    if isinstance(key, exp.Literal) and key.is_string:
        raise StatementError("non-integer constant in GROUP BY")
    if at := position(key, items):
        return _listed(items[at - 1])
    # A column of that name comes first, then the select list's alias.
    name = bare_name(key)
    named = [item for item in items if item.name == name]
    if named and not any(name in source.columns for source in scope.sources):
        return _listed(named[0])
    return compile_expression(key, scope)


def _listed(item: Item) -> Compiled:
    if item.aggregated:
        raise StatementError("aggregates not allowed in GROUP BY clause")
    if item.subquery_correlated:
        raise StatementError("This type of correlated subquery pattern is not supported yet")
    return item.value


@redshift_function("GROUPING", "GROUPING_ID")
def _grouping(arguments: Arguments, scope: Scope) -> Compiled:
    if not arguments:
        raise StatementError("function grouping does not take 0 arguments")
    columns = ", ".join(compile_expression(argument, scope).sql for argument in arguments)
    return Compiled(f"CAST(grouping({columns}) AS INTEGER)", INT4)
