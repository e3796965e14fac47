"""The allow-list of functions on numbers."""

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, constant, expect
from local.redshift_data.dialect.expressions import (
    compile_as,
    compile_expression,
    redshift_function,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.types import FLOAT8
from local.redshift_data.errors import NotEmulated


@redshift_function("ABS")
def _abs(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ABS", arguments, 1)
    value = compile_as(arguments[0], scope, "int2", "int4", "int8", "float4", "float8", "numeric")
    return Compiled(f"abs({value.sql})", value.type)


@redshift_function("FLOOR")
def _floor(arguments: Arguments, scope: Scope) -> Compiled:
    return _whole("floor", arguments, scope)


@redshift_function("CEIL", "CEILING")
def _ceil(arguments: Arguments, scope: Scope) -> Compiled:
    return _whole("ceil", arguments, scope)


def _whole(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 1)
    value = compile_expression(arguments[0], scope)
    if not value.type.is_float:
        raise NotEmulated(f"{name} of {value.type.spelled}: cast it to FLOAT first")
    return Compiled(f"{name}(CAST({value.sql} AS DOUBLE))", FLOAT8)


@redshift_function("ROUND")
def _round(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ROUND", arguments, 1, 2)
    value = compile_expression(arguments[0], scope)
    if not value.type.is_float:
        raise NotEmulated(f"round of {value.type.spelled}: cast it to FLOAT first")
    digits = constant(arguments[1]) if len(arguments) > 1 else 0
    return Compiled(f"round(CAST({value.sql} AS DOUBLE), {digits})", FLOAT8)


@redshift_function("MOD")
def _mod(arguments: Arguments, scope: Scope) -> Compiled:
    expect("MOD", arguments, 2)
    return compile_expression(
        exp.Mod(this=arguments[0].copy(), expression=arguments[1].copy()), scope
    )
