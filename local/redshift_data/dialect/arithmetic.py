"""Compiles arithmetic with the result types of the guide's page on computations."""

from collections.abc import Callable, Sequence

from sqlglot import exp

from local.redshift_data.dialect.conversions import coerce, common_type
from local.redshift_data.dialect.expressions import (
    LARGEST_INT8,
    compile_expression,
    redshift_function,
    whole_number,
)
from local.redshift_data.dialect.numerics import divide, multiply, numeric_sum, remainder
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import (
    FLOAT4,
    FLOAT8,
    INT4,
    SUPER,
    UNKNOWN,
    RedshiftType,
    as_numeric,
)
from local.redshift_data.errors import NotEmulated, StatementError

_OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
}
_ON_NUMERIC = {
    "+": numeric_sum,
    "-": numeric_sum,
    "*": multiply,
    "/": divide,
    "%": remainder,
}
_ON_BITS = ("&", "|", "<<", ">>")

Arithmetic = Callable[[str, Compiled, Compiled], Compiled | None]
OTHER_ARITHMETIC: list[Arithmetic] = []
"""Arithmetic on other than numbers, as of dates: each takes the operator and both operands."""


def _binary(node: exp.Binary, scope: Scope) -> Compiled:
    only(node, "this", "expression", "typed", "safe")
    left = compile_expression(node.this, scope)
    right = compile_expression(node.expression, scope)
    return compute(_OPERATORS[type(node)], left, right)


for _kind in _OPERATORS:
    compile_expression.register(_kind, _binary)


def compute(operator: str, left: Compiled, right: Compiled) -> Compiled:
    """Apply an arithmetic operator to two values."""
    for other in OTHER_ARITHMETIC:
        if found := other(operator, left, right):
            return found
    left, right = _typed(left, right)
    if operator in _ON_BITS:
        return _on_bits(operator, left, right)
    if left.type.is_float or right.type.is_float:
        return _on_floats(operator, left, right)
    if left.type.is_integer and right.type.is_integer:
        return _on_integers(operator, left, right)
    return _ON_NUMERIC[operator](operator, _widened(left), _widened(right))


def _typed(left: Compiled, right: Compiled) -> tuple[Compiled, Compiled]:
    if left.type == UNKNOWN:
        left = coerce(left, right.type)
    if right.type == UNKNOWN:
        right = coerce(right, left.type)
    if not (left.type.is_number and right.type.is_number):
        raise NotEmulated(f"arithmetic on {left.type.spelled} and {right.type.spelled}")
    return left, right


def _widened(value: Compiled) -> Compiled:
    return coerce(value, as_numeric(value.type))


def _on_floats(operator: str, left: Compiled, right: Compiled) -> Compiled:
    if operator == "%":
        raise _no_operator(operator, left.type, right.type)
    type_ = FLOAT4 if left.type == right.type == FLOAT4 else FLOAT8
    first, second = coerce(left, type_), coerce(right, type_)
    return Compiled(f"CAST(({first.sql} {operator} {second.sql}) AS {type_.duckdb})", type_)


def _on_integers(operator: str, left: Compiled, right: Compiled) -> Compiled:
    common = common_type(left.type, right.type)
    sizes = (left.type.name, right.type.name)
    if operator == "%" and sorted(sizes) == ["int2", "int8"]:
        # "One parameter cannot be a SMALLINT if the other is a BIGINT."
        raise _no_operator(operator, left.type, right.type)
    # Documented for MOD: with one INTEGER the result is an INTEGER too.
    type_ = INT4 if operator == "%" and "int4" in sizes else common
    first, second = coerce(left, common), coerce(right, common)
    # Integers divide to an integer, as the engine's integer_division setting has it.
    return Compiled(f"CAST(({first.sql} {operator} {second.sql}) AS {type_.duckdb})", type_)


def _on_bits(operator: str, left: Compiled, right: Compiled) -> Compiled:
    if not (left.type.is_integer and right.type.is_integer):
        raise _no_operator(operator, left.type, right.type)
    shifts = operator in ("<<", ">>")
    type_ = left.type if shifts else common_type(left.type, right.type)
    first, second = coerce(left, type_), right if shifts else coerce(right, type_)
    if shifts:
        second = Compiled(f"CAST({second.sql} AS {type_.duckdb})", type_)
    return Compiled(f"CAST(({first.sql} {operator} {second.sql}) AS {type_.duckdb})", type_)


def _no_operator(operator: str, left: RedshiftType, right: RedshiftType) -> StatementError:
    return StatementError(f"operator does not exist: {left.spelled} {operator} {right.spelled}")


@redshift_function("MOD")
def _mod(arguments: Sequence[exp.Expr], scope: Scope) -> Compiled:
    if len(arguments) != 2:  # noqa: PLR2004 - a dividend and a divisor
        raise StatementError(f"function mod does not take {len(arguments)} arguments")
    left, right = (compile_expression(argument, scope) for argument in arguments)
    return compute("%", left, right)


@compile_expression.register
def _negative(node: exp.Neg, scope: Scope) -> Compiled:
    digits = node.this.this if isinstance(node.this, exp.Literal) else None
    if digits and not node.this.is_string and digits.isdigit() and int(digits) <= LARGEST_INT8 + 1:
        # The sign belongs to the constant: the least INTEGER and BIGINT can be written.
        return whole_number(f"-{digits}")
    value = compile_expression(node.this, scope)
    if value.type == SUPER:
        return compute("-", whole_number("0"), value)
    if not value.type.is_number:
        raise StatementError(f"operator does not exist: - {value.type.spelled}")
    return Compiled(f"CAST((-{value.sql}) AS {value.type.duckdb})", value.type)
