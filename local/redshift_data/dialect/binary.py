"""Conversions to and from VARBYTE: text is UTF-8, whole numbers keep their bytes."""

from local.redshift_data.dialect.scope import Compiled
from local.redshift_data.dialect.types import LONGEST_VARCHAR, RedshiftType, varbyte
from local.redshift_data.errors import NotEmulated, StatementError

_BYTES_OF = {"int2": 2, "int4": 4, "int8": 8}


def text_bytes(text: Compiled) -> Compiled:
    """Return the bytes of a text, those of a CHAR with its padding."""
    padded = f"rpad({text.sql}, {text.type.size}, ' ')"
    sql = padded if text.type.name == "bpchar" else f"CAST({text.sql} AS VARCHAR)"
    size = len(text.literal.encode()) if text.literal is not None else text.type.size
    return Compiled(f"encode({sql})", varbyte(size or LONGEST_VARCHAR))


def cast_to_bytes(value: Compiled, target: RedshiftType) -> Compiled:
    """Convert text, a whole number or other bytes because the statement says so."""
    if value.type.is_text:
        value = text_bytes(value)
    if value.type.name in _BYTES_OF:
        sql = f"rs_integer_bytes(CAST({value.sql} AS BIGINT), {_BYTES_OF[value.type.name]})"
        return Compiled(f"rs_cut_bytes({sql}, {target.size})", target)
    if value.type.name != "varbyte":
        raise StatementError(f"cannot cast type {value.type.spelled} to {target.family}")
    return Compiled(f"rs_cut_bytes({value.sql}, {target.size})", target)


def cast_from_bytes(value: Compiled, target: RedshiftType) -> Compiled:
    """Convert bytes to a whole number; to text they are decoded first."""
    if target.name not in _BYTES_OF:
        raise StatementError(f"cannot cast type {value.type.family} to {target.spelled}")
    sql = f"rs_bytes_integer({value.sql}, {_BYTES_OF[target.name]})"
    return Compiled(f"CAST({sql} AS {target.duckdb})", target)


def decoded(value: Compiled) -> Compiled:
    """Return the text that bytes are in UTF-8."""
    size = min(value.type.size, LONGEST_VARCHAR)
    return Compiled(f"decode({value.sql})", RedshiftType("varchar", size))


def fitted_bytes(value: Compiled, target: RedshiftType) -> str:
    """Return bytes as they go into a column: too many are an error."""
    if value.type.is_text and value.type.name != "unknown":
        raise NotEmulated("text assigned to a VARBYTE column: cast it first")
    found = text_bytes(value) if value.type.name == "unknown" else value
    if found.type.name != "varbyte":
        raise StatementError(f"{found.type.spelled} where {target.family} is expected")
    return f"rs_fit_bytes({found.sql}, {target.size}, '{target.spelled}')"
