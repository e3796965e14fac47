"""Aggregates, plain or over a window, with the result types that Redshift gives them."""

from collections.abc import Callable, Iterator

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, expect
from local.redshift_data.dialect.conversions import settle
from local.redshift_data.dialect.expressions import compile_expression, redshift_function
from local.redshift_data.dialect.numerics import from_units, units
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.super_values import super_key
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

_OF_SUPER = ("count", "any_value", "sum", "avg")
AGGREGATES: dict[str, Aggregate] = {}


def aggregate(*names: str) -> Callable[[Aggregate], Aggregate]:
    """Put an aggregate on the allow-list, with and without a window."""

    def register(function: Aggregate) -> Aggregate:
        for name in names:
            AGGREGATES[name] = function
            redshift_function(name)(lambda arguments, scope: function(arguments, scope, ""))
        return function

    return register


def aggregates_in(node: exp.Expr) -> Iterator[exp.Anonymous]:
    """Yield the aggregates called in an expression, other than over windows and in subqueries."""
    for found in node.walk(prune=lambda n: isinstance(n, exp.Query)):
        if isinstance(found, exp.Anonymous) and str(found.this).upper() in AGGREGATES:
            outer = (
                found.parent.parent if isinstance(found.parent, exp.WithinGroup) else found.parent
            )
            if not (isinstance(outer, exp.Window) and outer.this in (found, found.parent)):
                yield found


def aggregated(node: exp.Expr, name: str, scope: Scope) -> Compiled:
    """Compile what an aggregate is over: no aggregate and no window function."""
    if any(aggregates_in(node)):
        raise StatementError("aggregate function calls may not be nested")
    with scope.every_row():
        value = settle(compile_expression(node, scope))
    if value.type == SUPER and name not in _OF_SUPER:
        raise NotEmulated(f"{name} of SUPER: cast it first")
    return value


def _argument(name: str, arguments: Arguments, scope: Scope, over: str) -> tuple[str, Compiled]:
    """Return the one argument, and the call's argument text with DISTINCT if it is there."""
    expect(name, arguments, 1)
    node, distinct = arguments[0], ""
    if isinstance(node, exp.Distinct):
        only(node, "expressions")
        expect(f"{name} distinct", node.expressions, 1)
        node, distinct = node.expressions[0], "DISTINCT "
    # A window function may be over an aggregate.
    value = settle(compile_expression(node, scope)) if over else aggregated(node, name, scope)
    if value.type == SUPER and distinct and name == "count":
        return f"(DISTINCT {super_key(value)})", value
    if value.type == SUPER and (distinct or over or name not in _OF_SUPER):
        raise NotEmulated(f"{name} of SUPER: cast it first")
    return f"({distinct}{value.sql})", value


def no_window(name: str, over: str) -> None:
    """Refuse a window for an aggregate that the guide has no window function for."""
    if over:
        raise NotEmulated(f"{name} over a window")


@aggregate("COUNT")
def _count(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    if len(arguments) == 1 and isinstance(arguments[0], exp.Star):
        return Compiled(f"count(*){over}", INT8)
    call, _ = _argument("count", arguments, scope, over)
    return Compiled(f"count{call}{over}", INT8)


@aggregate("SUM")
def _sum(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    call, value = _argument("sum", arguments, scope, over)
    if value.type == SUPER:
        return _of_summands(f"sum(rs_summand({value.sql}))", value)
    type_ = _total("sum", value.type, over)
    return Compiled(f"CAST(sum{call}{over} AS {type_.duckdb})", type_)


def _of_summands(total: str, value: Compiled) -> Compiled:
    """Return a sum or an average of SUPER decimals, with the largest of their scales."""
    return Compiled(f"rs_of_summands({total}, max(rs_decimal_scale({value.sql})))", SUPER)


def _total(name: str, type_: RedshiftType, over: str) -> RedshiftType:
    if type_.is_float:
        return FLOAT8
    if type_.name == "int8" and over:
        # "NUMERIC for BIGINT arguments", but of the window functions only.
        return numeric(WIDEST_NUMERIC, 0)
    if type_.is_integer:
        return INT8
    if type_.name == "numeric":
        return numeric(WIDEST_NUMERIC, type_.scale)
    raise StatementError(f"function {name}({type_.spelled}) does not exist")


@aggregate("AVG")
def _avg(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    call, value = _argument("avg", arguments, scope, over)
    if value.type == SUPER:
        summands = f"rs_summand({value.sql})"
        return _of_summands(f"sum({summands}) // nullif(count({summands}), 0)", value)
    type_ = _total("avg", value.type, over)
    if value.type.is_float:
        return Compiled(f"avg{call}{over}", FLOAT8)
    count = f"CAST(count{call}{over} AS HUGEINT)"
    if value.type.is_integer:
        # Of integers: cut, and NULL of no rows.
        quotient = f"CAST(sum{call}{over} AS HUGEINT) // nullif({count}, 0)"
        return Compiled(f"CAST({quotient} AS {type_.duckdb})", type_)
    # Cut as well: the guide prints 2.71 for the average of 2.50, 3.75 and 1.90.
    total = Compiled(f"CAST(sum{call}{over} AS {type_.duckdb})", type_)
    return Compiled(from_units(f"rs_quotient({units(total)}, {count}, 1::HUGEINT)", type_), type_)


@aggregate("MIN")
def _min(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    return _extreme("min", arguments, scope, over)


@aggregate("MAX")
def _max(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    return _extreme("max", arguments, scope, over)


def _extreme(name: str, arguments: Arguments, scope: Scope, over: str) -> Compiled:
    call, value = _argument(name, arguments, scope, over)
    if value.type == BOOL:
        raise StatementError(f"function {name}(boolean) does not exist")
    return Compiled(f"{name}{call}{over}", value.type)


@aggregate("ANY_VALUE")
def _any_value(arguments: Arguments, scope: Scope, over: str) -> Compiled:
    no_window("ANY_VALUE", over)
    _, value = _argument("any_value", arguments, scope, over)
    return Compiled(f"any_value({value.sql})", value.type)


def _spread(name: str) -> Aggregate:
    def function(arguments: Arguments, scope: Scope, over: str) -> Compiled:
        call, value = _argument(name, arguments, scope, over)
        if not value.type.is_number:
            raise StatementError(f"function {name}({value.type.spelled}) does not exist")
        doubles = call.replace(value.sql, f"CAST({value.sql} AS DOUBLE)")
        return Compiled(f"{name}{doubles}{over}", FLOAT8)

    return function


aggregate("STDDEV_SAMP", "STDDEV")(_spread("stddev_samp"))
aggregate("STDDEV_POP")(_spread("stddev_pop"))
aggregate("VAR_SAMP", "VARIANCE")(_spread("var_samp"))
aggregate("VAR_POP")(_spread("var_pop"))


def _of_bits(name: str) -> Aggregate:
    def function(arguments: Arguments, scope: Scope, over: str) -> Compiled:
        no_window(name, over)
        call, value = _argument(name, arguments, scope, over)
        if not value.type.is_integer:
            raise NotEmulated(f"{name} of {value.type.spelled}: cast it to an integer first")
        return Compiled(f"{name}{call}", value.type)

    return function


aggregate("BIT_AND")(_of_bits("bit_and"))
aggregate("BIT_OR")(_of_bits("bit_or"))


def _of_truth(name: str) -> Aggregate:
    def function(arguments: Arguments, scope: Scope, over: str) -> Compiled:
        no_window(name, over)
        _, value = _argument(name, arguments, scope, over)
        if value.type.is_integer:
            return Compiled(f"{name}({value.sql} <> 0)", BOOL)
        if value.type != BOOL:
            raise StatementError(f"function {name}({value.type.spelled}) does not exist")
        return Compiled(f"{name}({value.sql})", BOOL)

    return function


aggregate("BOOL_AND")(_of_truth("bool_and"))
aggregate("BOOL_OR")(_of_truth("bool_or"))
