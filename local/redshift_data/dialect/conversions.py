"""Type conversion: the implicit ones, explicit casts and assignment to a column."""

from local.redshift_data.catalog import Column
from local.redshift_data.dialect.scope import Compiled
from local.redshift_data.dialect.types import (
    BOOL,
    FLOAT8,
    LONGEST_VARCHAR,
    SUPER,
    TIMESTAMP,
    TIMESTAMPTZ,
    UNKNOWN,
    WIDEST_NUMERIC,
    RedshiftType,
    as_numeric,
    numeric,
    varchar,
)
from local.redshift_data.errors import NotEmulated, StatementError

_INTEGER_ORDER = ("int2", "int4", "int8")
_MOMENT_ORDER = ("date", "timestamp", "timestamptz")
_FROM_TEXT = {
    "int2": "rs_integer",
    "int4": "rs_integer",
    "int8": "rs_integer",
    "float4": "rs_float",
    "float8": "rs_float",
    "numeric": "rs_number",
    "bool": "rs_boolean",
    "date": "rs_date",
    "timestamp": "rs_timestamp",
    "timestamptz": "rs_timestamptz",
}
_FROM_SUPER = {
    "int2": "rs_super_integer",
    "int4": "rs_super_integer",
    "int8": "rs_super_integer",
    "float4": "rs_super_number",
    "float8": "rs_super_number",
    "numeric": "rs_super_number",
    "bool": "rs_super_boolean",
}
_TEXT_OF = {"int2": 6, "int4": 11, "int8": 20, "date": 10, "timestamp": 26, "timestamptz": 32}


def settle(value: Compiled) -> Compiled:
    """Make text of an untyped value that nothing gave a type to."""
    if value.type != UNKNOWN:
        return value
    size = LONGEST_VARCHAR if value.literal is None else len(value.literal.encode())
    return Compiled(f"CAST({value.sql} AS VARCHAR)", varchar(size), value.literal)


def common_type(first: RedshiftType, second: RedshiftType) -> RedshiftType:
    """Return the type that both values take when they meet; raises where there is none."""
    if second in (first, UNKNOWN):
        return first
    if first == UNKNOWN:
        return second
    if first.is_text and second.is_text:
        return varchar(max(first.size, second.size))
    if first.is_number and second.is_number:
        return _common_number(first, second)
    if first.is_moment and second.is_moment:
        return max(first, second, key=lambda t: _MOMENT_ORDER.index(t.name))
    raise StatementError(f"types {first.spelled} and {second.spelled} cannot be matched")


def _common_number(first: RedshiftType, second: RedshiftType) -> RedshiftType:
    if first.is_float or second.is_float:
        return FLOAT8
    if first.is_integer and second.is_integer:
        return max(first, second, key=lambda t: _INTEGER_ORDER.index(t.name))
    left, right = as_numeric(first), as_numeric(second)
    scale = max(left.scale, right.scale)
    whole = max(left.size - left.scale, right.size - right.scale)
    return numeric(min(whole + scale, WIDEST_NUMERIC), scale)


def coerce(value: Compiled, target: RedshiftType) -> Compiled:
    """Convert without being asked to: from an untyped value, or to a wider type."""
    if value.type == target:
        return value
    if value.type == UNKNOWN:
        return Compiled(_from_text(value.sql, target), target, value.literal)
    if value.type.is_text and target.is_text:
        return Compiled(value.sql, target)
    return Compiled(_widen(value, target), target)


def cast(value: Compiled, target: RedshiftType) -> Compiled:
    """Convert because the statement says so; text is cut to the length asked for."""
    if target.name in ("varchar", "bpchar"):
        cut = f"rs_cut({as_text(value).sql}, {target.size})"
        return Compiled(f"rtrim({cut}, ' ')" if target.name == "bpchar" else cut, target)
    if value.type == SUPER:
        return Compiled(_from_super(value.sql, target), target)
    if value.type.is_text:
        return Compiled(_from_text(value.sql, target), target)
    if value.type.is_moment and target.is_moment:
        return Compiled(_moment(value, target), target)
    return Compiled(_between_numbers(value, target), target)


def _between_numbers(value: Compiled, target: RedshiftType) -> str:
    """Convert numbers to numbers, and whole numbers to booleans and back."""
    if value.type.is_integer and target == BOOL:
        return f"({value.sql} <> 0)"
    from_boolean = value.type == BOOL and target.is_integer
    if from_boolean or value.type == target or (value.type.is_number and target.is_number):
        return f"CAST({value.sql} AS {target.duckdb})"
    raise StatementError(f"cannot cast type {value.type.spelled} to {target.spelled}")


def assign(value: Compiled, column: Column) -> str:
    """Return the value as it goes into a column: too long or of another kind is an error."""
    target = column.type
    if target.name in ("varchar", "bpchar"):
        return _fitted(as_text(value), target)
    if target == SUPER:
        return as_super(value).sql
    same_kind = (value.type.is_number and target.is_number) or (
        value.type.is_moment and target.is_moment
    )
    if same_kind:
        return cast(value, target).sql
    if value.type in (UNKNOWN, target):
        return coerce(value, target).sql
    raise StatementError(
        f'column "{column.name}" is of type {target.spelled} '
        f"but expression is of type {value.type.spelled}"
    )


def as_text(value: Compiled) -> Compiled:
    """Return a value as text, where Redshift's text for it is known."""
    if value.type == UNKNOWN:
        return settle(value)
    if value.type.is_text:
        return value
    if value.type == SUPER:
        return Compiled(f"rs_super_text({value.sql})", varchar(LONGEST_VARCHAR))
    if value.type.name == "numeric":
        return Compiled(f"CAST({value.sql} AS VARCHAR)", varchar(value.type.size + 2))
    if value.type.name in _TEXT_OF:
        return Compiled(f"CAST({value.sql} AS VARCHAR)", varchar(_TEXT_OF[value.type.name]))
    raise NotEmulated(f"{value.type.spelled} as text")


def as_super(value: Compiled) -> Compiled:
    """Return a value as a SUPER scalar."""
    if value.type == SUPER:
        return value
    if value.type.is_text or value.type.is_integer or value.type == BOOL:
        return Compiled(f"CAST(to_json({settle(value).sql}) AS JSON)", SUPER)
    raise NotEmulated(f"{value.type.spelled} as SUPER")


def _fitted(text: Compiled, target: RedshiftType) -> str:
    if target.name == "bpchar":
        return f"rs_fit_char({text.sql}, {target.size}, '{target.spelled}')"
    # A type of the greatest length may hold more: a parameter, a concatenation.
    if text.type.size <= target.size and text.type.size < LONGEST_VARCHAR:
        return text.sql
    return f"rs_fit({text.sql}, {target.size}, '{target.spelled}')"


def _from_text(sql: str, target: RedshiftType) -> str:
    if target.name == "varchar":
        return f"CAST({sql} AS VARCHAR)"
    if target.name == "bpchar":
        return f"rtrim({sql}, ' ')"
    if target == SUPER and sql == "NULL":
        return "CAST(NULL AS JSON)"
    if target.name not in _FROM_TEXT:
        raise NotEmulated(f"text as {target.spelled}")
    return f"CAST({_FROM_TEXT[target.name]}({sql}) AS {target.duckdb})"


def _from_super(sql: str, target: RedshiftType) -> str:
    if target == SUPER:
        return sql
    if target.name not in _FROM_SUPER:
        raise NotEmulated(f"cast of SUPER to {target.spelled}")
    return f"TRY_CAST({_FROM_SUPER[target.name]}({sql}) AS {target.duckdb})"


def _widen(value: Compiled, target: RedshiftType) -> str:
    if value.type.is_moment and target.is_moment:
        return _moment(value, target)
    if value.type.is_number and target.is_number:
        return f"CAST({value.sql} AS {target.duckdb})"
    raise StatementError(f"types {value.type.spelled} and {target.spelled} cannot be matched")


def _moment(value: Compiled, target: RedshiftType) -> str:
    """Convert between dates and timestamps in UTC, the session's time zone."""
    if value.type == TIMESTAMPTZ and target != TIMESTAMPTZ:
        return f"CAST(({value.sql} AT TIME ZONE 'UTC') AS {target.duckdb})"
    if target == TIMESTAMPTZ and value.type != TIMESTAMPTZ:
        return f"(CAST({value.sql} AS {TIMESTAMP.duckdb}) AT TIME ZONE 'UTC')"
    return f"CAST({value.sql} AS {target.duckdb})"
