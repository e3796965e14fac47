"""The allow-list of functions on numbers."""

from collections.abc import Callable

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, constant, expect
from local.redshift_data.dialect.conversions import cast, coerce
from local.redshift_data.dialect.expressions import (
    compile_as,
    compile_expression,
    redshift_function,
    redshift_keyword,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.types import DATE, FLOAT8, UNKNOWN, numeric
from local.redshift_data.errors import NotEmulated, StatementError

_ANY_NUMBER = ("int2", "int4", "int8", "float4", "float8", "numeric")
_OF_A_DOUBLE = {
    ("ACOS",): "acos(rs_cosine_value({}))",
    ("ASIN",): "asin(rs_cosine_value({}))",
    ("ATAN",): "atan({})",
    ("CBRT",): "rs_cube_root({})",
    ("COS",): "cos({})",
    ("COT",): "cot({})",
    ("DEGREES",): "degrees({})",
    ("EXP", "DEXP"): "rs_finite(exp({}))",
    ("DLOG10",): "log10(rs_loggable({}))",
    ("RADIANS",): "radians({})",
    ("SIN",): "sin({})",
    ("SQRT",): "rs_root({})",
    ("TAN",): "tan({})",
}
"""DuckDB's SQL by Redshift's names; argument and result are DOUBLE PRECISION."""


def double(node: exp.Expr, scope: Scope) -> str:
    """Compile an argument that is converted to DOUBLE PRECISION."""
    value = compile_expression(node, scope)
    if value.type != UNKNOWN and not value.type.is_number:
        raise StatementError(f"{value.type.spelled} is not allowed where a number is expected")
    return coerce(value, FLOAT8).sql


def _of_a_double(name: str, pattern: str) -> Callable[[Arguments, Scope], Compiled]:
    def function(arguments: Arguments, scope: Scope) -> Compiled:
        expect(name, arguments, 1)
        return Compiled(pattern.format(double(arguments[0], scope)), FLOAT8)

    return function


for _names, _pattern in _OF_A_DOUBLE.items():
    for _name in _names:
        redshift_function(_name)(_of_a_double(_name, _pattern))


@redshift_function("LN", "DLOG1")
def _ln(arguments: Arguments, scope: Scope) -> Compiled:
    expect("LN", arguments, 1)
    value = compile_expression(arguments[0], scope)
    if value.type.name == "numeric" and arguments[0].find(exp.Column):
        # DECIMAL runs "exclusively on the leader node", where there are no tables.
        raise StatementError(
            "Specified types or functions (one per INFO message) not supported on Redshift tables."
        )
    return Compiled(f"ln(rs_loggable({double(arguments[0], scope)}))", FLOAT8)


@redshift_function("LOG")
def _log(arguments: Arguments, scope: Scope) -> Compiled:
    expect("LOG", arguments, 1, 2)
    *base, value = (f"rs_loggable({double(argument, scope)})" for argument in arguments)
    if not base:
        return Compiled(f"log10({value})", FLOAT8)
    return Compiled(f"(ln({value}) / ln({base[0]}))", FLOAT8)


@redshift_function("ATAN2")
def _atan2(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ATAN2", arguments, 2)
    y, x = (double(argument, scope) for argument in arguments)
    return Compiled(f"atan2({y}, {x})", FLOAT8)


@redshift_function("POWER", "POW")
def _power(arguments: Arguments, scope: Scope) -> Compiled:
    expect("POWER", arguments, 2)
    base, exponent = (double(argument, scope) for argument in arguments)
    return Compiled(f"rs_finite(pow({base}, {exponent}))", FLOAT8)


@redshift_keyword("^")
@compile_expression.register
def _power_operator(node: exp.Pow, scope: Scope) -> Compiled:
    return _power([node.this, node.expression], scope)


@redshift_keyword("|/")
@compile_expression.register
def _root_operator(node: exp.Sqrt, scope: Scope) -> Compiled:
    return Compiled(f"rs_root({double(node.this, scope)})", FLOAT8)


@redshift_keyword("||/")
@compile_expression.register
def _cube_root_operator(node: exp.Cbrt, scope: Scope) -> Compiled:
    return Compiled(f"rs_cube_root({double(node.this, scope)})", FLOAT8)


@redshift_function("PI")
def _pi(arguments: Arguments, scope: Scope) -> Compiled:
    expect("PI", arguments, 0)
    del scope
    return Compiled("pi()", FLOAT8)


@redshift_function("RANDOM")
def _random(arguments: Arguments, scope: Scope) -> Compiled:
    expect("RANDOM", arguments, 0)
    del scope
    return Compiled("random()", FLOAT8)


@redshift_function("ABS")
def _abs(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ABS", arguments, 1)
    value = compile_as(arguments[0], scope, *_ANY_NUMBER)
    return Compiled(f"CAST(abs({value.sql}) AS {value.type.duckdb})", value.type)


@redshift_function("FLOOR")
def _floor(arguments: Arguments, scope: Scope) -> Compiled:
    return _whole("floor", arguments, scope)


@redshift_function("CEIL", "CEILING")
def _ceil(arguments: Arguments, scope: Scope) -> Compiled:
    return _whole("ceil", arguments, scope)


def _whole(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 1)
    value = compile_as(arguments[0], scope, *_ANY_NUMBER)
    if value.type.is_integer:
        return value
    # The guide prints a DECIMAL without the places that are cut off.
    type_ = numeric(value.type.size, 0) if value.type.name == "numeric" else value.type
    return Compiled(f"CAST({name}({value.sql}) AS {type_.duckdb})", type_)


@redshift_function("ROUND")
def _round(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ROUND", arguments, 1, 2)
    return _to_places("round", compile_expression(arguments[0], scope), arguments)


@redshift_function("TRUNC")
def _trunc(arguments: Arguments, scope: Scope) -> Compiled:
    expect("TRUNC", arguments, 1, 2)
    value = compile_expression(arguments[0], scope)
    if value.type.is_moment and len(arguments) == 1:
        return cast(value, DATE)
    return _to_places("trunc", value, arguments)


def _to_places(name: str, value: Compiled, arguments: Arguments) -> Compiled:
    places = constant(arguments[1]) if len(arguments) > 1 else 0
    if value.type == UNKNOWN:
        value = coerce(value, FLOAT8)
    if value.type.is_float:
        function = "rs_round_double" if name == "round" else name
        return Compiled(f"{function}(CAST({value.sql} AS DOUBLE), {places})", FLOAT8)
    if value.type.name != "numeric":
        # The guide does not say whether it becomes a DECIMAL or a FLOAT8.
        raise NotEmulated(f"{name} of {value.type.spelled}: cast it to DECIMAL or FLOAT first")
    if places > value.type.scale:
        raise NotEmulated(f"{name} to more places than the number has")
    # The guide prints a DECIMAL with as many places as are asked for.
    type_ = numeric(value.type.size, max(places, 0))
    return Compiled(f"CAST({name}({value.sql}, {places}) AS {type_.duckdb})", type_)


@redshift_function("SIGN")
def _sign(arguments: Arguments, scope: Scope) -> Compiled:
    expect("SIGN", arguments, 1)
    value = compile_as(arguments[0], scope, "numeric", "float8")
    type_ = numeric(1, 0) if value.type.name == "numeric" else FLOAT8
    return Compiled(f"CAST(sign({value.sql}) AS {type_.duckdb})", type_)
