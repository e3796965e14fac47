"""Functions that make and read SUPER values."""

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, expect, text_argument
from local.redshift_data.dialect.expressions import compile_expression, redshift_function
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.types import (
    BOOL,
    INT4,
    LONGEST_VARCHAR,
    SUPER,
    varchar,
)
from local.redshift_data.errors import StatementError


def _super_argument(node: exp.Expr, scope: Scope) -> str:
    value = compile_expression(node, scope)
    if value.type != SUPER:
        raise StatementError(f"{value.type.spelled} where SUPER is expected")
    return value.sql


@redshift_function("JSON_PARSE")
def _json_parse(arguments: Arguments, scope: Scope) -> Compiled:
    expect("JSON_PARSE", arguments, 1)
    return Compiled(f"rs_json_parse({text_argument(arguments[0], scope).sql})", SUPER)


@redshift_function("JSON_SERIALIZE")
def _json_serialize(arguments: Arguments, scope: Scope) -> Compiled:
    expect("JSON_SERIALIZE", arguments, 1)
    # Never NULL: of NULL it is the text 'null'.
    sql = f"coalesce(CAST({_super_argument(arguments[0], scope)} AS VARCHAR), 'null')"
    return Compiled(sql, varchar(LONGEST_VARCHAR))


@redshift_function("CAN_JSON_PARSE")
def _can_json_parse(arguments: Arguments, scope: Scope) -> Compiled:
    expect("CAN_JSON_PARSE", arguments, 1)
    text = text_argument(arguments[0], scope).sql
    holds = f"rs_is_json({text}) AND strlen({text}) <= {LONGEST_VARCHAR}"
    return Compiled(f"CASE WHEN {text} IS NOT NULL THEN {holds} END", BOOL)


@redshift_function("JSON_TYPEOF")
def _json_typeof(arguments: Arguments, scope: Scope) -> Compiled:
    expect("JSON_TYPEOF", arguments, 1)
    return Compiled(f"rs_super_typeof({_super_argument(arguments[0], scope)})", varchar(8))


@redshift_function("GET_ARRAY_LENGTH")
def _get_array_length(arguments: Arguments, scope: Scope) -> Compiled:
    expect("GET_ARRAY_LENGTH", arguments, 1)
    value = _super_argument(arguments[0], scope)
    count = f"CASE WHEN json_type({value}) = 'ARRAY' THEN json_array_length({value}) END"
    return Compiled(f"CAST({count} AS INTEGER)", INT4)
