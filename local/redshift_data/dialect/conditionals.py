"""The allow-list of functions that choose among values."""

from local.redshift_data.dialect.arguments import Arguments, expect
from local.redshift_data.dialect.conversions import coerce, settle
from local.redshift_data.dialect.expressions import compile_expression, redshift_function, unify
from local.redshift_data.dialect.operators import compare
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.types import SUPER, UNKNOWN
from local.redshift_data.errors import NotEmulated


@redshift_function("COALESCE", "NVL")
def _coalesce(arguments: Arguments, scope: Scope) -> Compiled:
    values = unify([compile_expression(argument, scope) for argument in arguments])
    return Compiled(f"coalesce({', '.join(v.sql for v in values)})", values[0].type)


@redshift_function("GREATEST")
def _greatest(arguments: Arguments, scope: Scope) -> Compiled:
    return _extreme("greatest", arguments, scope)


@redshift_function("LEAST")
def _least(arguments: Arguments, scope: Scope) -> Compiled:
    return _extreme("least", arguments, scope)


def _extreme(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    values = unify([compile_expression(argument, scope) for argument in arguments])
    if values[0].type == SUPER:
        raise NotEmulated(f"{name} of SUPER")
    return Compiled(f"{name}({', '.join(v.sql for v in values)})", values[0].type)


@redshift_function("NULLIF")
def _nullif(arguments: Arguments, scope: Scope) -> Compiled:
    expect("NULLIF", arguments, 2)
    value, other = (compile_expression(argument, scope) for argument in arguments)
    value = settle(value) if other.type == UNKNOWN else coerce(value, value.type)
    same = compare(value, "=", other)
    value = settle(value)
    return Compiled(f"CASE WHEN {same} THEN NULL ELSE {value.sql} END", value.type)
