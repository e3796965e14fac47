"""UNION, INTERSECT and EXCEPT (MINUS)."""

from sqlglot import exp

from local.redshift_data.catalog import Column, quoted
from local.redshift_data.dialect.conversions import common_type
from local.redshift_data.dialect.named_queries import compile_with
from local.redshift_data.dialect.ordering import order_by, rows
from local.redshift_data.dialect.queries import Query, compile_query, converted
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.select_lists import Item, refuse_super
from local.redshift_data.dialect.syntax import only
from local.redshift_data.errors import StatementError


def _set_operation(node: exp.SetOperation, scope: Scope) -> Query:
    only(node, "with_", "this", "expression", "distinct", "order", "limit", "offset")
    clauses = [compile_with(node, scope)]
    left = compile_query(node.this, scope.inner())
    right = compile_query(node.expression, scope.inner())
    columns = _columns(node.key.upper(), left, right)
    distinct = bool(node.args.get("distinct"))
    if distinct:
        refuse_super(node.key.upper(), *(Compiled("", c.type) for c in columns))
    if not isinstance(node, exp.Union) and not distinct:
        raise StatementError(f"{node.key.upper()} ALL is not supported")
    operator = node.key.upper() + ("" if distinct else " ALL")
    clauses += [converted(left, columns), operator, converted(right, columns)]
    items = [Item(c.name, Compiled(quoted(c.name), c.type)) for c in columns]
    clauses += [order_by(node, items, None), rows("LIMIT", node), rows("OFFSET", node)]
    return Query(" ".join(clause for clause in clauses if clause), columns)


def _columns(operator: str, left: Query, right: Query) -> tuple[Column, ...]:
    if len(left.columns) != len(right.columns):
        raise StatementError(f"each {operator} query must have the same number of columns")
    pairs = zip(left.columns, right.columns, strict=True)
    return tuple(Column(a.name, common_type(a.type, b.type)) for a, b in pairs)


for _kind in (exp.Union, exp.Intersect, exp.Except):
    compile_query.register(_kind, _set_operation)
