"""Compiles operators on binary values, exclusive OR, and `+` between texts."""

from sqlglot import exp

from local.redshift_data.dialect.arithmetic import OTHER_ARITHMETIC
from local.redshift_data.dialect.conversions import coerce, common_type
from local.redshift_data.dialect.expressions import compile_as, compile_expression
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.texts import as_bytes, concatenate
from local.redshift_data.dialect.types import varbyte
from local.redshift_data.errors import StatementError

_ON_BYTES = {"&": "rs_and_bytes", "|": "rs_or_bytes", "#": "rs_xor_bytes"}


def _on_bytes_or_text(operator: str, left: Compiled, right: Compiled) -> Compiled | None:
    """Compute with binary values; `+` joins two of them, or two texts of a known type."""
    binary = "varbyte" in (left.type.name, right.type.name)
    texts = left.type.is_text and right.type.is_text
    typed = "varchar" in (left.type.name, right.type.name) or left.type.name == "bpchar"
    if operator == "+" and (binary or (texts and typed)):
        return concatenate(left, right)
    if not binary:
        return None
    if operator not in _ON_BYTES:
        raise StatementError(f"operator does not exist: binary varying {operator}")
    first, second = as_bytes(left), as_bytes(right)
    size = max(first.type.size, second.type.size)
    return Compiled(f"{_ON_BYTES[operator]}({first.sql}, {second.sql})", varbyte(size))


OTHER_ARITHMETIC.append(_on_bytes_or_text)


@compile_expression.register
def _exclusive_or(node: exp.BitwiseXor, scope: Scope) -> Compiled:
    only(node, "this", "expression")
    left, right = (compile_expression(e, scope) for e in (node.this, node.expression))
    if found := _on_bytes_or_text("#", left, right):
        return found
    common = common_type(left.type, right.type)
    if not common.is_integer:
        raise StatementError(f"operator does not exist: {left.type.spelled} # {right.type.spelled}")
    return Compiled(f"xor({coerce(left, common).sql}, {coerce(right, common).sql})", common)


@compile_expression.register
def _reversed_bits(node: exp.BitwiseNot, scope: Scope) -> Compiled:
    only(node, "this")
    value = compile_as(node.this, scope, "int4", "int2", "int8", "varbyte")
    if value.type.is_integer:
        return Compiled(f"CAST((~{value.sql}) AS {value.type.duckdb})", value.type)
    return Compiled(f"rs_not_bytes({value.sql})", value.type)
