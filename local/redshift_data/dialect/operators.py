"""Compiles operators: comparison, logic, arithmetic and membership."""

from sqlglot import exp

from local.redshift_data.dialect.conversions import as_text, coerce, common_type, settle
from local.redshift_data.dialect.expressions import (
    compile_condition,
    compile_expression,
    unify,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import (
    BOOL,
    FLOAT8,
    SUPER,
    UNKNOWN,
    WIDEST_NUMERIC,
    RedshiftType,
    as_numeric,
    numeric,
    varchar,
)
from local.redshift_data.errors import NotEmulated, StatementError

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}


def compare(left: Compiled, operator: str, right: Compiled) -> str:
    """Compare two values; a SUPER value compares with text only."""
    if SUPER in (left.type, right.type):
        return _compare_super(left, operator, right)
    common = common_type(left.type, right.type)
    first, second = settle(coerce(left, common)), settle(coerce(right, common))
    return f"({first.sql} {operator} {second.sql})"


def _compare_super(left: Compiled, operator: str, right: Compiled) -> str:
    if left.type != SUPER:
        mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator, operator)
        return _compare_super(right, mirrored, left)
    if not right.type.is_text:
        raise NotEmulated("comparison of SUPER with other than text: cast it first")
    text = settle(right).sql
    if operator in ("=", "<>"):
        return f"({'NOT ' if operator == '<>' else ''}rs_super_equals({left.sql}, {text}))"
    return f"(rs_super_string({left.sql}) {operator} {text})"


def _comparison(node: exp.Binary, scope: Scope) -> Compiled:
    only(node, "this", "expression")
    left, right = _operands(node, scope)
    return Compiled(compare(left, _COMPARISONS[type(node)], right), BOOL)


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
        word = "TRUE" if node.expression.this else "FALSE"
        return Compiled(f"({compile_condition(node.this, scope)} IS {word})", BOOL)
    if not isinstance(node.expression, exp.Null):
        raise NotEmulated(node.sql(dialect="redshift"))
    value = compile_expression(node.this, scope)
    # JSON's null is NULL to IS NULL as well.
    sql = f"nullif(CAST({value.sql} AS VARCHAR), 'null')" if value.type == SUPER else value.sql
    return Compiled(f"({sql} IS NULL)", BOOL)


def _arithmetic(node: exp.Binary, scope: Scope) -> Compiled:
    only(node, "this", "expression", "typed", "safe")
    operator = _ARITHMETIC[type(node)]
    left, right = unify_numbers(*_operands(node, scope))
    type_ = _result(operator, left.type, right.type)
    # Integers divide to an integer, as the engine's integer_division setting has it.
    return Compiled(f"CAST(({left.sql} {operator} {right.sql}) AS {type_.duckdb})", type_)


for _kind in _ARITHMETIC:
    compile_expression.register(_kind, _arithmetic)


def unify_numbers(left: Compiled, right: Compiled) -> tuple[Compiled, Compiled]:
    """Bring two operands to number types that an operator accepts together."""
    if left.type == UNKNOWN:
        left = coerce(left, right.type)
    if right.type == UNKNOWN:
        right = coerce(right, left.type)
    if not (left.type.is_number and right.type.is_number):
        raise NotEmulated(f"arithmetic on {left.type.spelled} and {right.type.spelled}")
    if "numeric" not in (left.type.name, right.type.name) or FLOAT8 in (left.type, right.type):
        common = common_type(left.type, right.type)
        return coerce(left, common), coerce(right, common)
    if left.type.is_float or right.type.is_float:
        return coerce(left, FLOAT8), coerce(right, FLOAT8)
    return coerce(left, as_numeric(left.type)), coerce(right, as_numeric(right.type))


def _result(operator: str, left: RedshiftType, right: RedshiftType) -> RedshiftType:
    """Return the type of a result, by the table of precisions in "Computations with numeric"."""
    if left.name != "numeric":
        return FLOAT8 if left.is_float else left
    if operator in "+-":
        scale = max(left.scale, right.scale)
        whole = max(left.size - left.scale, right.size - right.scale)
        return _numeric_result(whole + scale + 1, scale)
    if operator == "*":
        return _numeric_result(left.size + right.size + 1, left.scale + right.scale)
    raise NotEmulated("division of NUMERIC: cast to FLOAT first")


def _numeric_result(precision: int, scale: int) -> RedshiftType:
    if precision > WIDEST_NUMERIC:
        raise NotEmulated("arithmetic on NUMERIC wider than 38 digits: cast the operands first")
    return numeric(precision, scale)


@compile_expression.register
def _negative(node: exp.Neg, scope: Scope) -> Compiled:
    value = compile_expression(node.this, scope)
    if not value.type.is_number:
        raise StatementError(f"operator does not exist: - {value.type.spelled}")
    return Compiled(f"(-{value.sql})", value.type)


@compile_expression.register
def _concatenation(node: exp.DPipe, scope: Scope) -> Compiled:
    only(node, "this", "expression", "safe")
    left, right = (as_text(value) for value in _operands(node, scope))
    return Compiled(f"({left.sql} || {right.sql})", varchar(left.type.size + right.type.size))


@compile_expression.register
def _like(node: exp.Like, scope: Scope) -> Compiled:
    return _matches(node, "LIKE", scope)


@compile_expression.register
def _ilike(node: exp.ILike, scope: Scope) -> Compiled:
    return _matches(node, "ILIKE", scope)


@compile_expression.register
def _escape(node: exp.Escape, scope: Scope) -> Compiled:
    if not isinstance(node.this, exp.Like | exp.ILike):
        raise NotEmulated(node.sql(dialect="redshift"))
    operator = "LIKE" if isinstance(node.this, exp.Like) else "ILIKE"
    return _matches(node.this, operator, scope, str(node.expression.this))


def _matches(node: exp.Binary, operator: str, scope: Scope, escape: str = "\\") -> Compiled:
    only(node, "this", "expression", "negate")
    left, right = (settle(value) for value in _operands(node, scope))
    if not (left.type.is_text and right.type.is_text):
        raise NotEmulated(f"{operator} on {left.type.spelled}")
    quote = escape.replace("'", "''")
    matches = f"({left.sql} {operator} {right.sql} ESCAPE '{quote}')"
    return Compiled(f"(NOT {matches})" if node.args.get("negate") else matches, BOOL)


@compile_expression.register
def _between(node: exp.Between, scope: Scope) -> Compiled:
    only(node, "this", "low", "high", "negate")
    value = compile_expression(node.this, scope)
    low = compare(value, ">=", compile_expression(node.args["low"], scope))
    high = compare(value, "<=", compile_expression(node.args["high"], scope))
    negated = "NOT " if node.args.get("negate") else ""
    return Compiled(f"({negated}({low} AND {high}))", BOOL)


@compile_expression.register
def _in(node: exp.In, scope: Scope) -> Compiled:
    only(node, "this", "expressions", "query", "negate")
    value = compile_expression(node.this, scope)
    negated = "NOT " if node.args.get("negate") else ""
    if query := node.args.get("query"):
        return Compiled(f"({negated}{_in_query(value, query, scope)})", BOOL)
    members = [compile_expression(member, scope) for member in node.expressions]
    if value.type == SUPER:
        any_of = " OR ".join(compare(value, "=", member) for member in members)
        return Compiled(f"({negated}({any_of}))", BOOL)
    first, *rest = (settle(member) for member in unify([value, *members]))
    return Compiled(f"({negated}{first.sql} IN ({', '.join(m.sql for m in rest)}))", BOOL)


def _in_query(value: Compiled, query: exp.Expr, scope: Scope) -> str:
    inner = compile_expression(query, scope)
    if SUPER in (value.type, inner.type):
        raise NotEmulated("IN with a subquery on SUPER")
    common = common_type(value.type, inner.type)
    if inner.type not in (common, UNKNOWN) and not (inner.type.is_text and common.is_text):
        raise NotEmulated("IN with a subquery of another type: cast it first")
    return f"{settle(coerce(value, common)).sql} IN {inner.sql}"


@compile_expression.register
def _any_value(node: exp.Exists, scope: Scope) -> Compiled:
    inner = compile_as_query(node.this, scope)
    return Compiled(f"EXISTS {inner}", BOOL)


def compile_as_query(node: exp.Expr, scope: Scope) -> str:
    """Return a subquery in parentheses, whatever it selects."""
    # The cycle expressions -> queries -> expressions is broken at the call.
    from local.redshift_data.dialect.queries import compile_query  # noqa: PLC0415

    return f"({compile_query(node, scope.inner()).sql})"


@compile_expression.register
def _scalar_subquery(node: exp.Subquery, scope: Scope) -> Compiled:
    from local.redshift_data.dialect.queries import compile_query  # noqa: PLC0415

    only(node, "this")
    query = compile_query(node.this, scope.inner())
    if len(query.columns) != 1:
        raise StatementError("subquery must return only one column")
    return Compiled(f"({query.sql})", query.columns[0].type)
