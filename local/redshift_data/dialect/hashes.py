"""The allow-list of hash functions."""

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, constant, expect
from local.redshift_data.dialect.binary import text_bytes
from local.redshift_data.dialect.conversions import settle
from local.redshift_data.dialect.expressions import (
    compile_as,
    compile_expression,
    redshift_function,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.texts import string
from local.redshift_data.dialect.types import INT4, INT8, varchar
from local.redshift_data.errors import NotEmulated

_BYTES_OF = {"int2": 2, "int4": 4, "int8": 8}
_FNV_SEED = -3750763034362895579
"""The FNV-1a offset basis as a signed BIGINT."""
_SHA256 = (0, 256)
_SLOW_SHA2 = (224, 384, 512)


@redshift_function("MD5")
def _md5(arguments: Arguments, scope: Scope) -> Compiled:
    return _of_text("md5", 32, arguments, scope)


@redshift_function("SHA1", "SHA", "FUNC_SHA1")
def _sha1(arguments: Arguments, scope: Scope) -> Compiled:
    return _of_text("sha1", 40, arguments, scope)


@redshift_function("CRC32")
def _crc32(arguments: Arguments, scope: Scope) -> Compiled:
    return _of_text("rs_crc32", 8, arguments, scope)


def _of_text(name: str, size: int, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 1)
    text = string(arguments[0], scope)
    return Compiled(f"{name}({_utf8(text)})", varchar(size))


def _utf8(text: Compiled) -> str:
    if text.type.name == "bpchar":
        raise NotEmulated("a hash of CHAR: cast it to VARCHAR first")
    return f"encode({text.sql})"


@redshift_function("SHA2")
def _sha2(arguments: Arguments, scope: Scope) -> Compiled:
    expect("SHA2", arguments, 2)
    text = _utf8(string(arguments[0], scope))
    bits = constant(arguments[1])
    if bits in _SLOW_SHA2:
        raise NotEmulated(f"SHA2 of {bits} bits")
    if bits in _SHA256:
        return Compiled(f"sha256({text})", varchar(128))
    return Compiled(f"CASE WHEN {text} IS NOT NULL THEN '' END", varchar(128))


def _bytes_of(node: exp.Expr, scope: Scope) -> tuple[Compiled, str]:
    """Return a value of text or bytes, and the list of its bytes; a CHAR keeps its blanks."""
    value = settle(compile_expression(node, scope))
    if value.type.is_text:
        value = text_bytes(value)
    return value, f"rs_byte_list({value.sql})"


@redshift_function("FNV_HASH")
def _fnv_hash(arguments: Arguments, scope: Scope) -> Compiled:
    expect("FNV_HASH", arguments, 1, 2)
    value, listed = _bytes_of(arguments[0], scope)
    if value.type.is_integer:
        size = _BYTES_OF[value.type.name]
        listed = f"rs_integer_byte_list(CAST({value.sql} AS BIGINT), {size})"
    elif value.type.name != "varbyte":
        raise NotEmulated(f"FNV_HASH of {value.type.spelled}")
    seed = str(_FNV_SEED)
    if len(arguments) > 1:
        seed = compile_as(arguments[1], scope, "int8", "int4", "int2").sql
    return Compiled(f"rs_fnv({listed}, CAST({seed} AS BIGINT))", INT8)


@redshift_function("MURMUR3_32_HASH")
def _murmur3(arguments: Arguments, scope: Scope) -> Compiled:
    """Hash as Apache Iceberg specifies: whole numbers, days and microseconds as eight bytes."""
    expect("MURMUR3_32_HASH", arguments, 1, 2)
    if len(arguments) > 1:
        raise NotEmulated("MURMUR3_32_HASH with a seed: the guide's results contradict each other")
    value, listed = _bytes_of(arguments[0], scope)
    if number := _iceberg_number(value):
        listed = f"rs_integer_byte_list({number}, 8)"
    elif value.type.name != "varbyte":
        raise NotEmulated(f"MURMUR3_32_HASH of {value.type.spelled}")
    return Compiled(f"rs_murmur({listed}, 0)", INT4)


def _iceberg_number(value: Compiled) -> str:
    if value.type.is_integer:
        return f"CAST({value.sql} AS BIGINT)"
    if value.type.name == "date":
        return f"CAST({value.sql} - DATE '1970-01-01' AS BIGINT)"
    return f"epoch_us({value.sql})" if value.type.name in ("timestamp", "timestamptz") else ""
