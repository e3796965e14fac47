"""The select list: its entries, `*` with EXCLUDE, and what refers to entries from elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from local.redshift_data.dialect.aggregates import aggregates_in
from local.redshift_data.dialect.expressions import compile_expression
from local.redshift_data.dialect.labels import label
from local.redshift_data.dialect.scope import Compiled, Scope, name_of
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import SUPER
from local.redshift_data.errors import NotEmulated, StatementError


@dataclass(frozen=True)
class Item:
    """One entry of a select list."""

    name: str
    value: Compiled
    aggregated: bool = False
    subquery_correlated: bool = False


def select_list(node: exp.Select, scope: Scope) -> list[Item]:
    """Compile the select list; each alias can be used by the entries after it."""
    items: list[Item] = []
    entries = list(node.expressions)
    for at, entry in enumerate(entries):
        star = entry.this if isinstance(entry, exp.Column) else entry
        if isinstance(star, exp.Star):
            excluded = _excluded(star, entries[at + 1 :], alone=at == 0)
            items += _star(entry, excluded, scope)
            if excluded:
                break
        else:
            items.append(_entry(entry, scope))
    return items


def _entry(entry: exp.Expr, scope: Scope) -> Item:
    node, name = entry, ""
    if isinstance(entry, exp.Alias):
        node, alias = entry.this, entry.args["alias"]
        if alias.name.startswith("#") and not alias.args.get("quoted"):
            raise NotEmulated("operator #")
        name = name_of(alias)
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Boolean):
        # "You can't use the IS comparison with a Boolean value in the SELECT list."
        raise StatementError("Not implemented")
    value = compile_expression(node, scope)
    subqueries = any(True for _ in node.find_all(exp.Query))
    item = Item(name or label(node), value, any(aggregates_in(node)), subqueries)
    if name:
        scope.aliases.setdefault(name, Compiled(f"({value.sql})", value.type, value.literal))
    return item


def _excluded(star: exp.Star, after: list[exp.Expr], *, alone: bool) -> list[str]:
    """Return what EXCLUDE lists: without parentheses the parser takes it for more entries."""
    only(star, "except_")
    listed = star.args.get("except_") or []
    if not listed:
        return []
    names = [*listed, *after]
    if not alone or not all(isinstance(n, exp.Column) and len(n.parts) == 1 for n in names):
        raise NotEmulated("EXCLUDE with other entries in the select list")
    return [name_of(name.parts[0]) for name in names]


def _star(entry: exp.Expr, excluded: list[str], scope: Scope) -> Iterator[Item]:
    table = entry.args.get("table")
    columns: list[tuple[str, Compiled]] = []
    if table:
        source = scope.source(name_of(table))
        columns = [(name, source.column(name)) for name in source.columns]
    elif not scope.sources:
        raise StatementError("SELECT * with no tables specified is not valid")
    else:
        columns = [(name, s.column(name)) for s in scope.sources for name in s.visible()]
    names = {name for name, _ in columns}
    for name in excluded:
        if name not in names:
            raise StatementError(f'column "{name}" does not exist')
    return (Item(name, value) for name, value in columns if name not in excluded)


def position(key: exp.Expr, items: list[Item]) -> int:
    """Return which entry a number in GROUP BY or ORDER BY means, 0 for anything else."""
    if not isinstance(key, exp.Literal) or key.is_string:
        return 0
    if not str(key.this).isdigit():
        raise StatementError("non-integer constant in GROUP BY or ORDER BY")
    at = int(str(key.this))
    if not 1 <= at <= len(items):
        raise StatementError(f"position {at} is not in select list")
    return at


def bare_name(node: exp.Expr) -> str | None:
    """Return a name that stands alone, which may be an entry's."""
    if isinstance(node, exp.Column) and len(node.parts) == 1:
        return name_of(node.parts[0])
    return None


def refuse_super(where: str, *values: Compiled) -> None:
    """Refuse SUPER values where they would be compared."""
    if any(value.type == SUPER for value in values):
        raise NotEmulated(f"{where} on SUPER: cast it first")
