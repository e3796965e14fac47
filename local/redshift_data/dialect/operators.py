"""Compiles operators: comparison, logic, arithmetic and membership."""

from sqlglot import exp

from local.redshift_data.dialect.conversions import as_text, coerce, comparable_type, settle
from local.redshift_data.dialect.expressions import (
    compile_as,
    compile_condition,
    compile_expression,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.super_values import super_key
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.texts import concatenate
from local.redshift_data.dialect.types import (
    BOOL,
    SUPER,
)
from local.redshift_data.errors import NotEmulated

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}


def compare(left: Compiled, operator: str, right: Compiled) -> str:
    """Compare two values; a SUPER value compares by what it is."""
    if SUPER in (left.type, right.type):
        return _compare_super(left, operator, right)
    left, right = _beside_text(left, right), _beside_text(right, left)
    common = comparable_type(left.type, right.type)
    first, second = settle(coerce(left, common)), settle(coerce(right, common))
    if first.type.is_text:
        first, second = without_blanks(first), without_blanks(second)
    return f"({first.sql} {operator} {second.sql})"


def _beside_text(value: Compiled, other: Compiled) -> Compiled:
    """Make text of a number that is compared with text; a DECIMAL would go the other way."""
    if not value.type.is_number or other.type.name not in ("varchar", "bpchar"):
        return value
    if not value.type.is_integer:
        raise NotEmulated(f"comparison of {value.type.spelled} with text: cast one of them")
    return as_text(value)


def without_blanks(text: Compiled) -> Compiled:
    """Return a text as comparisons see it: blanks at its end do not count."""
    if text.literal is not None:
        shortened = text.literal.rstrip(" ").replace("'", "''")
        return Compiled(f"'{shortened}'", text.type, text.literal)
    # A CHAR is kept without them.
    sql = text.sql if text.type.name == "bpchar" else f"rtrim({text.sql}, ' ')"
    return Compiled(sql, text.type)


def _compare_super(left: Compiled, operator: str, right: Compiled) -> str:
    if operator in ("=", "<>"):
        return f"({super_key(left)} {operator} {super_key(right)})"
    return f"(rs_super_order({super_key(left)}, {super_key(right)}) {operator} 0)"


def _comparison(node: exp.Binary, scope: Scope) -> Compiled:
    only(node, "this", "expression")
    if special := _special_comparison(node, scope):
        return special
    left, right = _operands(node, scope)
    return Compiled(compare(left, _COMPARISONS[type(node)], right), BOOL)


def _special_comparison(node: exp.Binary, scope: Scope) -> Compiled | None:
    """Compile a comparison with ANY, SOME or ALL, or of rows; None for any other."""
    # The cycle operators -> memberships -> operators is broken at the call.
    from local.redshift_data.dialect import memberships  # noqa: PLC0415

    if isinstance(node.expression, exp.Any | exp.All):
        return memberships.quantified(node, scope)
    if isinstance(node.this, exp.Tuple):
        return memberships.compare_rows(node, scope)
    return None


for _kind in _COMPARISONS:
    compile_expression.register(_kind, _comparison)


def _operands(node: exp.Binary, scope: Scope) -> tuple[Compiled, Compiled]:
    return compile_expression(node.this, scope), compile_expression(node.expression, scope)


def _logic(node: exp.Connector, scope: Scope) -> Compiled:
    only(node, "this", "expression")
    left, right = compile_condition(node.this, scope), compile_condition(node.expression, scope)
    return Compiled(f"({left} {'AND' if isinstance(node, exp.And) else 'OR'} {right})", BOOL)


compile_expression.register(exp.And, _logic)
compile_expression.register(exp.Or, _logic)


@compile_expression.register
def _not(node: exp.Not, scope: Scope) -> Compiled:
    return Compiled(f"(NOT {compile_condition(node.this, scope)})", BOOL)


@compile_expression.register
def _is(node: exp.Is, scope: Scope) -> Compiled:
    only(node, "this", "expression")
    if isinstance(node.expression, exp.Boolean):
        # "Non-zero values equate to TRUE, 0 equates to FALSE, and null equates to UNKNOWN."
        value = coerce(compile_as(node.this, scope, "bool", "int2", "int4", "int8"), BOOL)
        negated = "" if node.expression.this else "NOT "
        return Compiled(f"coalesce({negated}{value.sql}, false)", BOOL)
    if not isinstance(node.expression, exp.Null):
        raise NotEmulated(node.sql(dialect="redshift"))
    value = compile_expression(node.this, scope)
    # JSON's null is NULL to IS NULL as well.
    sql = f"nullif(CAST({value.sql} AS VARCHAR), 'null')" if value.type == SUPER else value.sql
    return Compiled(f"({sql} IS NULL)", BOOL)


@compile_expression.register
def _concatenation(node: exp.DPipe, scope: Scope) -> Compiled:
    only(node, "this", "expression", "safe")
    return concatenate(*_operands(node, scope))
