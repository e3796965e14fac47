"""The allow-list of functions on JSON that is kept as text."""

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, expect
from local.redshift_data.dialect.expressions import (
    compile_as,
    compile_expression,
    redshift_function,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.texts import count, string
from local.redshift_data.dialect.types import BOOL, INT4, varchar
from local.redshift_data.errors import StatementError

_DEEPEST_PATH = 5


@redshift_function("IS_VALID_JSON")
def _is_valid_json(arguments: Arguments, scope: Scope) -> Compiled:
    expect("IS_VALID_JSON", arguments, 1)
    return Compiled(f"rs_is_valid_json({string(arguments[0], scope).sql})", BOOL)


@redshift_function("IS_VALID_JSON_ARRAY")
def _is_valid_json_array(arguments: Arguments, scope: Scope) -> Compiled:
    expect("IS_VALID_JSON_ARRAY", arguments, 1)
    return Compiled(f"rs_is_valid_json_array({string(arguments[0], scope).sql})", BOOL)


@redshift_function("JSON_ARRAY_LENGTH")
def _json_array_length(arguments: Arguments, scope: Scope) -> Compiled:
    expect("JSON_ARRAY_LENGTH", arguments, 1, 2)
    text, lax = string(arguments[0], scope).sql, _null_if_invalid(arguments[1:], scope)
    return Compiled(f"CAST(rs_json_array_length({text}, {lax}) AS INTEGER)", INT4)


@redshift_function("JSON_EXTRACT_ARRAY_ELEMENT_TEXT")
def _json_extract_array_element_text(arguments: Arguments, scope: Scope) -> Compiled:
    expect("JSON_EXTRACT_ARRAY_ELEMENT_TEXT", arguments, 2, 3)
    text, at = string(arguments[0], scope), count(arguments[1], scope)
    lax = _null_if_invalid(arguments[2:], scope)
    return Compiled(f"rs_json_element_text({text.sql}, {at}, {lax})", varchar(text.type.size))


@redshift_function("JSON_EXTRACT_PATH_TEXT")
def _json_extract_path_text(arguments: Arguments, scope: Scope) -> Compiled:
    text, path, flag = string(arguments[0], scope), arguments[1:], arguments[:0]
    if path and _is_flag(path[-1], scope):
        path, flag = path[:-1], path[-1:]
    if not 1 <= len(path) <= _DEEPEST_PATH:
        raise StatementError(f"JSON_EXTRACT_PATH_TEXT takes 1 to {_DEEPEST_PATH} path elements")
    names = ", ".join(string(element, scope).sql for element in path)
    lax = _null_if_invalid(flag, scope)
    return Compiled(f"rs_json_path_text({text.sql}, [{names}], {lax})", varchar(text.type.size))


def _is_flag(node: exp.Expr, scope: Scope) -> bool:
    return compile_expression(node, scope).type == BOOL


def _null_if_invalid(arguments: Arguments, scope: Scope) -> str:
    return compile_as(arguments[0], scope, "bool").sql if arguments else "false"
