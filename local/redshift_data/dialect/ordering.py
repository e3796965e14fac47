"""ORDER BY, LIMIT and OFFSET."""

from sqlglot import exp

from local.redshift_data.dialect.conversions import coerce
from local.redshift_data.dialect.expressions import compile_expression
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.select_lists import Item, bare_name, position, refuse_super
from local.redshift_data.dialect.super_values import super_rank
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import INT8, SUPER, UNKNOWN
from local.redshift_data.errors import NotEmulated, StatementError

_MOST_ROWS = 2**31 - 1


def order_by(node: exp.Expr, items: list[Item], scope: Scope | None) -> str:
    """Compile ORDER BY; without a scope its keys can only be result columns."""
    order = node.args.get("order")
    if not order:
        return ""
    only(order, "expressions")
    listed_only = bool(node.args.get("distinct")) and scope is not None
    keys = (_key(key, items, scope, listed_only) for key in order.expressions)
    return "ORDER BY " + ", ".join(keys)


def _key(ordered: exp.Ordered, items: list[Item], scope: Scope | None, listed_only: bool) -> str:  # noqa: FBT001
    if isinstance(ordered.this, exp.Literal) and ordered.this.is_string:
        raise StatementError("non-integer constant in ORDER BY")
    at = position(ordered.this, items) or _named_position(ordered.this, items)
    if at:
        key = Compiled(str(at), items[at - 1].value.type)
    elif scope:
        key = compile_expression(ordered.this, scope)
        if listed_only and all(item.value.sql != key.sql for item in items):
            raise StatementError(
                "for SELECT DISTINCT, ORDER BY expressions must appear in select list"
            )
    else:
        raise StatementError("ORDER BY of a set operation must name a result column")
    if key.type == SUPER and scope:
        return super_rank(items[at - 1].value if at else key) + direction(ordered)
    refuse_super("ORDER BY", key)
    return key.sql + direction(ordered)


def _named_position(node: exp.Expr, items: list[Item]) -> int:
    name = bare_name(node)
    return next((at for at, item in enumerate(items, start=1) if item.name == name), 0)


def direction(ordered: exp.Ordered) -> str:
    """Return the direction with where NULLs go: last ascending, first descending."""
    only(ordered, "this", "desc", "nulls_first")
    way = " DESC" if ordered.args.get("desc") else " ASC"
    return way + (" NULLS FIRST" if ordered.args.get("nulls_first") else " NULLS LAST")


def rows(keyword: str, node: exp.Expr) -> str:
    """Compile LIMIT (TOP is the same) or OFFSET."""
    clause = node.args.get(keyword.lower())
    if not clause:
        return ""
    if isinstance(clause, exp.Fetch):
        raise NotEmulated("FETCH FIRST: use LIMIT")
    only(clause, "expression")
    count = clause.expression
    if isinstance(count, exp.Var) and count.name.upper() == "ALL" and keyword == "LIMIT":
        return ""
    if isinstance(count, exp.Placeholder):
        return f"{keyword} {coerce(Compiled(f'${count.this}', UNKNOWN), INT8).sql}"
    if isinstance(count, exp.Neg):
        raise StatementError(f"{keyword} must not be negative")
    if not isinstance(count, exp.Literal) or not str(count.this).isdigit():
        raise NotEmulated(f"{keyword} of an expression")
    if int(str(count.this)) > _MOST_ROWS:
        raise StatementError(f"{keyword} must not be greater than {_MOST_ROWS}")
    return f"{keyword} {count.this}"
