"""Compiles conditions on sets: BETWEEN, IN, ANY, ALL, EXISTS and subqueries as values."""

from collections.abc import Sequence

from sqlglot import exp

from local.redshift_data.dialect.aggregates import aggregates_in
from local.redshift_data.dialect.conversions import coerce, comparable_type, settle
from local.redshift_data.dialect.expressions import (
    compile_expression,
    redshift_keyword,
    unify,
)
from local.redshift_data.dialect.operators import compare, without_blanks
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import BOOL, SUPER, UNKNOWN
from local.redshift_data.errors import NotEmulated, StatementError


@redshift_keyword("BETWEEN")
@compile_expression.register
def _between(node: exp.Between, scope: Scope) -> Compiled:
    only(node, "this", "low", "high", "negate")
    value = compile_expression(node.this, scope)
    low = compare(value, ">=", compile_expression(node.args["low"], scope))
    high = compare(value, "<=", compile_expression(node.args["high"], scope))
    negated = "NOT " if node.args.get("negate") else ""
    return Compiled(f"({negated}({low} AND {high}))", BOOL)


@redshift_keyword("IN")
@compile_expression.register
def _in(node: exp.In, scope: Scope) -> Compiled:
    only(node, "this", "expressions", "query", "negate")
    negated = "NOT " if node.args.get("negate") else ""
    if isinstance(node.this, exp.Tuple):
        return Compiled(f"({negated}{_row_in(node, scope)})", BOOL)
    value = compile_expression(node.this, scope)
    if query := node.args.get("query"):
        return Compiled(f"({negated}{_in_query(value, query, scope)})", BOOL)
    members = [compile_expression(member, scope) for member in node.expressions]
    if SUPER in (value.type, *(member.type for member in members)):
        any_of = " OR ".join(compare(value, "=", member) for member in members)
        return Compiled(f"({negated}({any_of}))", BOOL)
    first, *rest = (settle(member) for member in unify([value, *members]))
    if first.type.is_text:
        first, *rest = (without_blanks(member) for member in (first, *rest))
    return Compiled(f"({negated}{first.sql} IN ({', '.join(m.sql for m in rest)}))", BOOL)


def _row_in(node: exp.In, scope: Scope) -> str:
    """Compile (a, b) IN ((1, 2), (3, 4)): a subquery has one column on Redshift."""
    if node.args.get("query"):
        raise StatementError("subquery has too many columns")
    row = _cells(node.this, scope)
    return f"({' OR '.join(_same_row(row, _cells(each, scope)) for each in node.expressions)})"


def _cells(node: exp.Expr, scope: Scope) -> list[Compiled]:
    if not isinstance(node, exp.Tuple):
        raise StatementError("each set must have as many expressions as the first one")
    return [compile_expression(cell, scope) for cell in node.expressions]


def _same_row(left: Sequence[Compiled], right: Sequence[Compiled]) -> str:
    if len(left) != len(right):
        raise StatementError("unequal number of entries in row expressions")
    pairs = zip(left, right, strict=True)
    return f"({' AND '.join(compare(first, '=', second) for first, second in pairs)})"


def compare_rows(node: exp.Binary, scope: Scope) -> Compiled:
    """Compile (a, b) = (c, d) or <>."""
    if not isinstance(node, exp.EQ | exp.NEQ):
        raise NotEmulated("an order of rows")
    same = _same_row(_cells(node.this, scope), _cells(node.expression, scope))
    return Compiled(same if isinstance(node, exp.EQ) else f"(NOT {same})", BOOL)


@redshift_keyword("ANY", "SOME", "ALL")
def quantified(node: exp.Binary, scope: Scope) -> Compiled:
    """Compile = ANY, = SOME and <> ALL of a subquery, which are IN and NOT IN."""
    quantifier = node.expression
    wanted = exp.EQ if isinstance(quantifier, exp.Any) else exp.NEQ
    query = quantifier.this
    if not isinstance(node, wanted):
        raise StatementError("only = ANY, = SOME and <> ALL are supported")
    if not isinstance(query, exp.Query):
        raise NotEmulated(quantifier.sql(dialect="redshift"))
    negated = "NOT " if wanted is exp.NEQ else ""
    value = compile_expression(node.this, scope)
    return Compiled(f"({negated}{_in_query(value, query, scope)})", BOOL)


def _in_query(value: Compiled, node: exp.Expr, scope: Scope) -> str:
    # The cycle expressions -> queries -> expressions is broken at the call.
    from local.redshift_data.dialect.queries import compile_query  # noqa: PLC0415

    own = scope.inner()
    query = compile_query(node, own)
    if len(query.columns) != 1:
        raise StatementError("subquery has too many columns")
    if own.correlated and _sums_groups(node):
        raise StatementError("This type of correlated subquery pattern is not supported yet")
    (column,) = query.columns
    if SUPER in (value.type, column.type):
        raise NotEmulated("IN with a subquery on SUPER")
    common = comparable_type(value.type, column.type)
    member = settle(coerce(value, common))
    listed = settle(coerce(Compiled("c0", column.type), member.type))
    if member.type.is_text:
        member, listed = without_blanks(member), without_blanks(listed)
    return f"{member.sql} IN (SELECT {listed.sql} FROM {query.relation()})"


def _sums_groups(node: exp.Expr) -> bool:
    """Whether a subquery groups, and aggregates other than by MIN and MAX."""
    select = node.unnest()
    return bool(select.args.get("group")) and any(
        str(call.this).upper() not in ("MIN", "MAX")
        for entry in select.expressions
        for call in aggregates_in(entry)
    )


@redshift_keyword("EXISTS")
@compile_expression.register
def _exists(node: exp.Exists, scope: Scope) -> Compiled:
    from local.redshift_data.dialect.queries import compile_query  # noqa: PLC0415

    return Compiled(f"EXISTS ({compile_query(node.this, scope.inner()).sql})", BOOL)


@compile_expression.register
def _scalar_subquery(node: exp.Subquery, scope: Scope) -> Compiled:
    from local.redshift_data.dialect.queries import compile_query  # noqa: PLC0415

    only(node, "this")
    query = compile_query(node.this, scope.inner())
    if len(query.columns) != 1:
        raise StatementError("subquery must return only one column")
    (column,) = query.columns
    value = Compiled(f"({query.sql})", column.type)
    return settle(value) if column.type == UNKNOWN else value
