"""The allow-list of functions on binary values."""

from local.redshift_data.dialect.arguments import Arguments, expect, text_constant
from local.redshift_data.dialect.expressions import compile_expression, redshift_function
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.texts import as_bytes, count, string
from local.redshift_data.dialect.types import INT4, varbyte, varchar
from local.redshift_data.errors import StatementError

_FORMATS = ("hex", "binary", "utf8", "base64")


def _format(arguments: Arguments) -> str:
    written = text_constant(arguments[1]).lower()
    name = {"utf-8": "utf8", "utf_8": "utf8"}.get(written, written)
    if name not in _FORMATS:
        raise StatementError(f"invalid format {written}")
    return name


@redshift_function("TO_VARBYTE")
def _to_varbyte(arguments: Arguments, scope: Scope) -> Compiled:
    expect("TO_VARBYTE", arguments, 2)
    text = string(arguments[0], scope)
    macros = {"hex": "rs_from_hex", "binary": "rs_from_bits", "base64": "from_base64"}
    macro = macros.get(_format(arguments), "encode")
    return Compiled(f"{macro}({text.sql})", varbyte(text.type.size))


@redshift_function("FROM_VARBYTE")
def _from_varbyte(arguments: Arguments, scope: Scope) -> Compiled:
    expect("FROM_VARBYTE", arguments, 2)
    value = as_bytes(compile_expression(arguments[0], scope))
    written = {
        "hex": f"lower(hex({value.sql}))",
        "binary": f"rs_to_bits({value.sql})",
        "utf8": f"decode({value.sql})",
        "base64": f"to_base64({value.sql})",
    }
    return Compiled(written[_format(arguments)], varchar(8 * value.type.size))


@redshift_function("FROM_HEX")
def _from_hex(arguments: Arguments, scope: Scope) -> Compiled:
    expect("FROM_HEX", arguments, 1)
    text = string(arguments[0], scope)
    return Compiled(f"rs_from_hex({text.sql})", varbyte(text.type.size))


@redshift_function("TO_HEX")
def _to_hex(arguments: Arguments, scope: Scope) -> Compiled:
    expect("TO_HEX", arguments, 1)
    value = compile_expression(arguments[0], scope)
    if value.type.is_integer:
        return Compiled(f"rs_to_hex(CAST({value.sql} AS BIGINT))", varchar(16))
    return Compiled(f"lower(hex({as_bytes(value).sql}))", varchar(2 * value.type.size))


@redshift_function("GETBIT")
def _getbit(arguments: Arguments, scope: Scope) -> Compiled:
    expect("GETBIT", arguments, 2)
    value = as_bytes(compile_expression(arguments[0], scope))
    sql = f"rs_getbit({value.sql}, CAST({count(arguments[1], scope)} AS BIGINT))"
    return Compiled(f"CAST({sql} AS INTEGER)", INT4)
