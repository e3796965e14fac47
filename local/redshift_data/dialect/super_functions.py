"""Functions that turn text into SUPER and back, and that tell what a SUPER value is."""

from local.redshift_data.dialect.arguments import Arguments, expect
from local.redshift_data.dialect.conversions import as_super, settle
from local.redshift_data.dialect.expressions import compile_expression, redshift_function
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.types import (
    BOOL,
    INT4,
    LONGEST_VARCHAR,
    SUPER,
    RedshiftType,
    varbyte,
    varchar,
)
from local.redshift_data.errors import NotEmulated

_KINDS = {
    "IS_ARRAY": "'array'",
    "IS_BOOLEAN": "'boolean'",
    "IS_OBJECT": "'object'",
    "IS_SCALAR": "'boolean', 'number', 'string'",
    "IS_VARCHAR": "'string'",
}
_BITS = {"IS_SMALLINT": 16, "IS_INTEGER": 32, "IS_BIGINT": 64}


def super_argument(argument: Compiled) -> str:
    """Return an argument that must be SUPER; the guide has no other in its place but NULL."""
    if argument.type != SUPER and argument.sql != "NULL":
        raise NotEmulated(f"{argument.type.spelled} where SUPER is expected: cast it first")
    return as_super(argument).sql


def _json(name: str, arguments: Arguments, scope: Scope) -> str:
    expect(name, arguments, 1)
    value = settle(compile_expression(arguments[0], scope))
    if value.type.name == "varbyte":
        return f"rs_decoded({value.sql})"
    if not value.type.is_text:
        raise NotEmulated(f"{name} of {value.type.spelled}")
    return value.sql


@redshift_function("JSON_PARSE")
def _json_parse(arguments: Arguments, scope: Scope) -> Compiled:
    return Compiled(f"rs_json_parse({_json('JSON_PARSE', arguments, scope)})", SUPER)


@redshift_function("CAN_JSON_PARSE")
def _can_json_parse(arguments: Arguments, scope: Scope) -> Compiled:
    return Compiled(f"rs_can_json_parse({_json('CAN_JSON_PARSE', arguments, scope)})", BOOL)


def _of_super(name: str, pattern: str, type_: RedshiftType) -> None:
    """Put a function of one SUPER value on the allow-list."""

    def function(arguments: Arguments, scope: Scope) -> Compiled:
        expect(name, arguments, 1)
        value = super_argument(compile_expression(arguments[0], scope))
        return Compiled(f"CAST({pattern.format(value)} AS {type_.duckdb})", type_)

    redshift_function(name)(function)


# Never NULL: of NULL it is the text 'null'.
_of_super("JSON_SERIALIZE", "rs_json_serialize({})", varchar(LONGEST_VARCHAR))
_of_super(
    "JSON_SERIALIZE_TO_VARBYTE",
    "encode(coalesce(CAST({} AS VARCHAR), 'null'))",
    varbyte(LONGEST_VARCHAR),
)
_of_super("JSON_SIZE", "strlen(coalesce(CAST({} AS VARCHAR), 'null'))", INT4)
_of_super("JSON_TYPEOF", "rs_super_typeof({})", varchar(8))
_of_super("DECIMAL_PRECISION", "rs_decimal_precision({})", INT4)
_of_super("DECIMAL_SCALE", "rs_decimal_scale({})", INT4)
_of_super("IS_CHAR", "rs_is_char({})", BOOL)
_of_super("IS_DECIMAL", "(rs_decimal_text({}) IS NOT NULL)", BOOL)
_of_super("IS_FLOAT", "rs_is_float({})", BOOL)
_of_super("GET_ARRAY_LENGTH", "rs_array_length({})", INT4)
_of_super("GET_NUMBER_ATTRIBUTES", "rs_attribute_count({})", INT4)
_of_super("LOWER_ATTRIBUTE_NAMES", "rs_lower_names({})", SUPER)
_of_super("UPPER_ATTRIBUTE_NAMES", "rs_upper_names({})", SUPER)
for _name, _kinds in _KINDS.items():
    _of_super(_name, f"(coalesce(rs_super_typeof({{}}), 'null') IN ({_kinds}))", BOOL)
for _name, _bits in _BITS.items():
    _of_super(_name, f"rs_is_whole({{}}, {_bits})", BOOL)
