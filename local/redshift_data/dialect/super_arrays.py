"""Functions that make SUPER arrays and objects, and that work on arrays."""

from collections.abc import Sequence

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, expect, text_argument
from local.redshift_data.dialect.conversions import as_super, coerce
from local.redshift_data.dialect.expressions import (
    compile_as,
    compile_expression,
    redshift_function,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.super_functions import super_argument
from local.redshift_data.dialect.types import BOOL, INT4, INT8, SUPER
from local.redshift_data.errors import StatementError


def super_value(node: exp.Expr, scope: Scope, function: str) -> str:
    """Compile a value of any type that SUPER can hold."""
    value = compile_expression(node, scope)
    if value.type.is_moment or value.type.is_time_of_day:
        raise StatementError(f"{function} could not convert type {value.type.family} to super")
    return as_super(value).sql


def _list(values: Sequence[str], type_: str) -> str:
    return f"CAST([{', '.join(values)}] AS {type_}[])"


def _arrays(arguments: Arguments, scope: Scope, count: int) -> list[str]:
    """Compile the arrays that come first among the arguments."""
    return [super_argument(compile_expression(node, scope)) for node in arguments[:count]]


def _switch(arguments: Arguments, at: int, default: str, scope: Scope) -> str:
    """Compile an optional boolean."""
    return compile_as(arguments[at], scope, "bool").sql if len(arguments) > at else default


@redshift_function("ARRAY")
def _array(arguments: Arguments, scope: Scope) -> Compiled:
    values = [super_value(argument, scope, "ARRAY") for argument in arguments]
    return Compiled(f"rs_array({_list(values, 'JSON')})", SUPER)


@redshift_function("OBJECT")
def _object(arguments: Arguments, scope: Scope) -> Compiled:
    if len(arguments) % 2:
        raise StatementError("OBJECT needs a value for each key")
    keys = [text_argument(argument, scope).sql for argument in arguments[::2]]
    values = [super_value(argument, scope, "OBJECT") for argument in arguments[1::2]]
    return Compiled(f"rs_object({_list(keys, 'VARCHAR')}, {_list(values, 'JSON')})", SUPER)


@redshift_function("ARRAY_CONCAT")
def _array_concat(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ARRAY_CONCAT", arguments, 2)
    return Compiled(f"rs_array_concat({', '.join(_arrays(arguments, scope, 2))})", SUPER)


@redshift_function("ARRAY_FLATTEN")
def _array_flatten(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ARRAY_FLATTEN", arguments, 1)
    return Compiled(f"rs_array_flatten({_arrays(arguments, scope, 1)[0]})", SUPER)


@redshift_function("SUBARRAY")
def _subarray(arguments: Arguments, scope: Scope) -> Compiled:
    expect("SUBARRAY", arguments, 2, 3)
    (value,) = _arrays(arguments, scope, 1)
    start, *length = (_bound(argument, scope) for argument in arguments[1:])
    return Compiled(f"rs_subarray({value}, {start}, {(length or [str(2**31)])[0]})", SUPER)


def _bound(node: exp.Expr, scope: Scope) -> str:
    value = compile_expression(node, scope)
    if value.type.name not in ("int2", "int4", "int8", "unknown"):
        raise StatementError(f"{value.type.spelled} where an integer is expected")
    return f"rs_not_negative({coerce(value, INT8).sql})"


@redshift_function("SPLIT_TO_ARRAY")
def _split_to_array(arguments: Arguments, scope: Scope) -> Compiled:
    expect("SPLIT_TO_ARRAY", arguments, 1, 2)
    text, *delimiter = (text_argument(argument, scope).sql for argument in arguments)
    return Compiled(f"rs_split({text}, {(delimiter or [repr(',')])[0]})", SUPER)


@redshift_function("ARRAY_DISTINCT")
def _array_distinct(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ARRAY_DISTINCT", arguments, 1)
    return Compiled(f"rs_array_distinct({_arrays(arguments, scope, 1)[0]})", SUPER)


@redshift_function("ARRAY_UNION")
def _array_union(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ARRAY_UNION", arguments, 2)
    both = f"rs_array_concat({', '.join(_arrays(arguments, scope, 2))})"
    return Compiled(f"rs_array_distinct({both})", SUPER)


@redshift_function("ARRAY_EXCEPT")
def _array_except(arguments: Arguments, scope: Scope) -> Compiled:
    return _set("ARRAY_EXCEPT", "rs_array_minus", arguments, scope)


@redshift_function("ARRAY_INTERSECTION")
def _array_intersection(arguments: Arguments, scope: Scope) -> Compiled:
    return _set("ARRAY_INTERSECTION", "rs_array_common", arguments, scope)


def _set(name: str, macro: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 2, 3)
    distinct = _switch(arguments, 2, "false", scope)
    both = ", ".join(_arrays(arguments, scope, 2))
    return Compiled(f"{macro}({both}, {distinct})", SUPER)


@redshift_function("ARRAYS_OVERLAP")
def _arrays_overlap(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ARRAYS_OVERLAP", arguments, 2)
    return Compiled(f"rs_arrays_overlap({', '.join(_arrays(arguments, scope, 2))})", BOOL)


@redshift_function("ARRAY_SORT")
def _array_sort(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ARRAY_SORT", arguments, 1, 2, 3)
    (value,) = _arrays(arguments, scope, 1)
    ascending = _switch(arguments, 1, "true", scope)
    nulls_first = _switch(arguments, 2, f"(NOT {ascending})", scope)
    return Compiled(f"rs_array_sort({value}, {ascending}, {nulls_first})", SUPER)


def _positions(name: str, arguments: Arguments, scope: Scope) -> str:
    """Compile a search; default_array_search_null_handling is TRUE."""
    expect(name, arguments, 2, 3)
    (value,) = _arrays(arguments, scope, 1)
    wanted = super_value(arguments[1], scope, name)
    return f"rs_positions({value}, {wanted}, {_switch(arguments, 2, 'true', scope)})"


@redshift_function("ARRAY_CONTAINS")
def _array_contains(arguments: Arguments, scope: Scope) -> Compiled:
    return Compiled(f"(len({_positions('ARRAY_CONTAINS', arguments, scope)}) > 0)", BOOL)


@redshift_function("ARRAY_POSITION")
def _array_position(arguments: Arguments, scope: Scope) -> Compiled:
    found = _positions("ARRAY_POSITION", arguments, scope)
    return Compiled(f"CAST(rs_first_position({found}) AS INTEGER)", INT4)


@redshift_function("ARRAY_POSITIONS")
def _array_positions(arguments: Arguments, scope: Scope) -> Compiled:
    found = _positions("ARRAY_POSITIONS", arguments, scope)
    return Compiled(f"rs_position_array({found})", SUPER)
