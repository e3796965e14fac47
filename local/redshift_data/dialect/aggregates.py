"""Aggregates, plain or over a window, with the result types that Redshift gives them."""

from collections.abc import Callable

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, expect
from local.redshift_data.dialect.conversions import settle
from local.redshift_data.dialect.expressions import (
    compile_as,
    compile_expression,
    redshift_function,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import (
    BOOL,
    FLOAT8,
    INT8,
    SUPER,
    WIDEST_NUMERIC,
    RedshiftType,
    numeric,
)
from local.redshift_data.errors import NotEmulated, StatementError

Aggregate = Callable[[Arguments, Scope, str], Compiled]
"""Takes the OVER clause as well: it stands inside the cast to the result's type."""

AGGREGATES: dict[str, Aggregate] = {}


def aggregate(name: str) -> Callable[[Aggregate], Aggregate]:
    """Put an aggregate on the allow-list, with and without a window."""

    def register(function: Aggregate) -> Aggregate:
        AGGREGATES[name] = function
        redshift_function(name)(lambda arguments, scope: function(arguments, scope, ""))
        return function

    return register


def _argument(name: str, arguments: Arguments, scope: Scope) -> tuple[str, Compiled]:
    """Return the one argument, and the call's argument text with DISTINCT if it is there."""
    expect(name, arguments, 1)
    node, distinct = arguments[0], ""
    if isinstance(node, exp.Distinct):
        only(node, "expressions")
        expect(f"{name} distinct", node.expressions, 1)
        node, distinct = node.expressions[0], "DISTINCT "
    value = settle(compile_expression(node, scope))
    if value.type == SUPER and (distinct or name != "count"):
        raise NotEmulated(f"{name} of SUPER: cast it first")
    return f"({distinct}{value.sql})", value


@aggregate("COUNT")
def _count(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    if len(arguments) == 1 and isinstance(arguments[0], exp.Star):
        return Compiled(f"count(*){over}", INT8)
    call, _ = _argument("count", arguments, scope)
    return Compiled(f"count{call}{over}", INT8)


@aggregate("SUM")
def _sum(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    call, value = _argument("sum", arguments, scope)
    type_ = _sum_type(value.type)
    return Compiled(f"CAST(sum{call}{over} AS {type_.duckdb})", type_)


def _sum_type(type_: RedshiftType) -> RedshiftType:
    if type_.is_float:
        return FLOAT8
    if type_.is_integer:
        # Of BIGINT too, and an overflow is an error; older editions of the guide say NUMERIC.
        return INT8
    if type_.name == "numeric":
        return numeric(WIDEST_NUMERIC, type_.scale)
    raise StatementError(f"function sum({type_.spelled}) does not exist")


@aggregate("AVG")
def _avg(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    call, value = _argument("avg", arguments, scope)
    if value.type.is_float:
        return Compiled(f"avg{call}{over}", FLOAT8)
    if value.type.is_integer:
        # Of integers: a BIGINT, truncated; NULL of no rows.
        quotient = f"sum{call}{over} // nullif(count{call}{over}, 0)"
        return Compiled(f"CAST({quotient} AS BIGINT)", INT8)
    raise NotEmulated(f"AVG of {value.type.spelled}: cast it to FLOAT first")


@aggregate("MIN")
def _min(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    return _extreme("min", arguments, scope, over)


@aggregate("MAX")
def _max(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    return _extreme("max", arguments, scope, over)


def _extreme(name: str, arguments: Arguments, scope: Scope, over: str) -> Compiled:
    call, value = _argument(name, arguments, scope)
    if value.type == BOOL:
        raise StatementError(f"function {name}(boolean) does not exist")
    return Compiled(f"{name}{call}{over}", value.type)


@aggregate("BOOL_AND")
def _bool_and(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    expect("BOOL_AND", arguments, 1)
    return Compiled(f"bool_and({compile_as(arguments[0], scope, 'bool').sql}){over}", BOOL)


@aggregate("BOOL_OR")
def _bool_or(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    expect("BOOL_OR", arguments, 1)
    return Compiled(f"bool_or({compile_as(arguments[0], scope, 'bool').sql}){over}", BOOL)
