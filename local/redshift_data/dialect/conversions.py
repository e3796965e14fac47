"""Type conversion: the implicit ones, explicit casts and assignment to a column."""

from local.redshift_data.catalog import Column
from local.redshift_data.dialect import temporal
from local.redshift_data.dialect.binary import (
    cast_from_bytes,
    cast_to_bytes,
    decoded,
    fitted_bytes,
    text_bytes,
)
from local.redshift_data.dialect.scope import Compiled
from local.redshift_data.dialect.types import (
    BOOL,
    DIGITS_OF_64_BITS,
    FLOAT8,
    LONGEST_VARCHAR,
    SUPER,
    TIMETZ,
    UNKNOWN,
    WIDEST_NUMERIC,
    RedshiftType,
    as_numeric,
    numeric,
    varbyte,
    varchar,
)
from local.redshift_data.errors import NotEmulated, StatementError

_64_BITS = (-(2**63), 2**63 - 1)
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
    "time": "rs_time",
    "timetz": "rs_timetz",
}
_FROM_SUPER = {
    "int2": "rs_super_integer",
    "int4": "rs_super_integer",
    "int8": "rs_super_integer",
    "float4": "rs_super_number",
    "float8": "rs_super_number",
    "numeric": "rs_super_number",
    "bool": "rs_super_boolean",
    "date": "rs_super_date",
    "timestamp": "rs_super_timestamp",
    "timestamptz": "rs_super_timestamptz",
}
_TEXT_OF = {"int2": 6, "int4": 11, "int8": 20}


def settle(value: Compiled) -> Compiled:
    """Make text of an untyped value that nothing gave a type to."""
    if value.type != UNKNOWN:
        return value
    size = LONGEST_VARCHAR if value.literal is None else len(value.literal.encode())
    return Compiled(f"CAST({value.sql} AS VARCHAR)", varchar(size), value.literal)


def common_type(first: RedshiftType, second: RedshiftType) -> RedshiftType:
    """Return the type that both values take when they meet; raises where there is none."""
    if UNKNOWN in (first, second) or first == second:
        return second if first == UNKNOWN else first
    if (first.is_text and second.is_text) or first.name == second.name == "varbyte":
        size = max(first.size, second.size)
        return varchar(size) if first.is_text else varbyte(size)
    if SUPER in (first, second):
        raise NotEmulated(f"{first.spelled} and {second.spelled} in one place: cast one of them")
    if first.is_time_of_day and second.is_time_of_day:
        return TIMETZ
    if first.is_interval and first.name == second.name:
        return max(first, second, key=lambda t: (t.size, t.scale))
    if first.is_number and second.is_number:
        return _common_number(first, second)
    if first.is_moment and second.is_moment:
        return max(first, second, key=lambda t: _MOMENT_ORDER.index(t.name))
    temporal.refuse_unqualified(first, second)
    raise StatementError(f"types {first.spelled} and {second.spelled} cannot be matched")


def comparable_type(first: RedshiftType, second: RedshiftType) -> RedshiftType:
    """Return the type that two values are compared as: no digit is lost on the way."""
    numbers = first.is_number and second.is_number and "numeric" in (first.name, second.name)
    if numbers and not first.is_float and not second.is_float:
        left, right = as_numeric(first), as_numeric(second)
        scale = max(left.scale, right.scale)
        whole = max(left.size - left.scale, right.size - right.scale)
        return numeric(min(whole + scale, WIDEST_NUMERIC), scale)
    if (first == BOOL and second.is_integer) or (first.is_integer and second == BOOL):
        return BOOL
    return common_type(first, second)


def _common_number(first: RedshiftType, second: RedshiftType) -> RedshiftType:
    if first.is_float or second.is_float:
        return FLOAT8
    if first.is_integer and second.is_integer:
        return max(first, second, key=lambda t: _INTEGER_ORDER.index(t.name))
    left, right = as_numeric(first), as_numeric(second)
    scale = max(left.scale, right.scale)
    whole = max(left.size - left.scale, right.size - right.scale)
    # Values of 64 bits stay so: "Precision = min(max(p1-s1,p2-s2)+scale,19)".
    widest = (
        DIGITS_OF_64_BITS if max(left.size, right.size) <= DIGITS_OF_64_BITS else WIDEST_NUMERIC
    )
    return numeric(min(whole + scale, widest), scale)


def coerce(value: Compiled, target: RedshiftType) -> Compiled:
    """Convert without being asked to: from an untyped value, or to a wider type."""
    if value.type == target:
        return value
    if target == BOOL and value.type.is_integer:
        return Compiled(f"({value.sql} <> 0)", BOOL)
    if value.type == UNKNOWN and target.name == "numeric" and value.sql != "NULL":
        # Nothing says what Redshift does with digits that the other operand has no place for.
        exact = f"CAST(rs_exact_number({value.sql}, {target.scale}) AS {target.duckdb})"
        return Compiled(exact, target, value.literal)
    if value.type == UNKNOWN:
        return Compiled(_from_literal(value, target), target, value.literal)
    if (value.type.is_text and target.is_text) or value.type.name == target.name == "varbyte":
        return Compiled(value.sql, target)
    return Compiled(_widen(value, target), target)


def cast(value: Compiled, target: RedshiftType) -> Compiled:
    """Convert because the statement says so; text is cut to the length asked for."""
    if "varbyte" in (value.type.name, target.name):
        return _cast_bytes(value, target)
    if target.name in ("varchar", "bpchar"):
        macro = "rs_cut_char" if target.name == "bpchar" else "rs_cut"
        return Compiled(f"{macro}({as_text(value).sql}, {target.size})", target)
    if SUPER in (value.type, target):
        made = target == SUPER
        return as_super(value) if made else Compiled(_from_super(value.sql, target), target)
    if target == BOOL and value.type.name in ("varchar", "bpchar"):
        raise NotEmulated(f"cast of {value.type.family} to boolean")
    if value.type.is_text:
        # The zone that the text of a TIMETZ names is asked for once more.
        literal = value.literal if target.name == "timetz" else None
        return Compiled(_from_literal(value, target), target, literal)
    if value.type.is_temporal and target.is_temporal:
        return Compiled(temporal.convert(value.sql, value.type, target), target)
    return Compiled(_between_numbers(value, target), target)


def _cast_bytes(value: Compiled, target: RedshiftType) -> Compiled:
    if target.name == "varbyte":
        return cast_to_bytes(value, target)
    return cast(decoded(value), target) if target.is_text else cast_from_bytes(value, target)


def _between_numbers(value: Compiled, target: RedshiftType) -> str:
    """Convert numbers to numbers, and whole numbers to booleans and back."""
    if value.type.is_integer and target == BOOL:
        return f"({value.sql} <> 0)"
    if value.type.is_number and target.is_number:
        return _number(value.sql, target)
    if value.type == target or (value.type == BOOL and target.is_integer):
        return f"CAST({value.sql} AS {target.duckdb})"
    temporal.refuse_unqualified(value.type)
    raise StatementError(f"cannot cast type {value.type.spelled} to {target.spelled}")


def cast_unrounded(value: Compiled, target: RedshiftType) -> Compiled:
    """Cast what comes from a table: digits that a constant's cast rounds are not rounded."""
    rounded = cast(value, target)
    to_number = target.name == "numeric" or target.is_integer
    if value.type.name != "numeric" or not to_number or value.type.scale <= target.scale:
        return rounded
    cut = f"CAST(trunc({value.sql}, {target.scale}) AS {target.duckdb})"
    return Compiled(f"rs_unrounded({rounded.sql}, {cut})", target)


def _number(sql: str, target: RedshiftType) -> str:
    """Convert to a number type: a NUMERIC of 19 digits is an integer of 64 bits inside."""
    converted = f"CAST({sql} AS {target.duckdb})"
    if target.name != "numeric" or target.size != DIGITS_OF_64_BITS:
        return converted
    bounds = (f"CAST('{_digits(bound, target)}' AS {target.duckdb})" for bound in _64_BITS)
    return f"rs_between({converted}, {', '.join(bounds)})"


def _digits(units: int, target: RedshiftType) -> str:
    text = str(units)
    return f"{text[: len(text) - target.scale]}.{text[len(text) - target.scale :]}"


def assign(value: Compiled, column: Column) -> str:
    """Return the value as it goes into a column: too long or of another kind is an error."""
    target = column.type
    if target.name in ("varchar", "bpchar"):
        return _fitted(as_text(value), target)
    if target == SUPER:
        return as_super(value).sql
    if target.name == "varbyte":
        return fitted_bytes(value, target)
    same_kind = (value.type.is_number and target.is_number) or (
        value.type.is_temporal and target.is_temporal
    )
    if same_kind:
        return cast(value, target).sql
    if value.type == UNKNOWN:
        return _from_literal(value, target)
    if value.type == target:
        return value.sql
    temporal.refuse_unqualified(value.type)
    raise StatementError(
        f'column "{column.name}" is of type {target.spelled} '
        f"but expression is of type {value.type.spelled}"
    )


def numeric_text(sql: str, type_: RedshiftType) -> str:
    """Return a NUMERIC as text: DuckDB leaves out a zero that has no place before the point."""
    if type_.size == type_.scale:
        sql = f"CAST({sql} AS DECIMAL({type_.size + 1},{type_.scale}))"
    return f"CAST({sql} AS VARCHAR)"


def as_text(value: Compiled) -> Compiled:
    """Return a value as text, where Redshift's text for it is known."""
    if value.type == UNKNOWN:
        return settle(value)
    if value.type.is_text:
        return value
    if value.type == SUPER:
        return Compiled(f"rs_super_text({value.sql})", varchar(LONGEST_VARCHAR))
    if value.type.name == "numeric":
        return Compiled(numeric_text(value.sql, value.type), varchar(value.type.size + 2))
    if value.type.is_temporal:
        return temporal.text_of(value)
    if value.type.name in _TEXT_OF:
        return Compiled(f"CAST({value.sql} AS VARCHAR)", varchar(_TEXT_OF[value.type.name]))
    if value.type.name == "varbyte":
        raise StatementError(f"{value.type.family} cannot be converted implicitly: cast it")
    raise NotEmulated(f"{value.type.spelled} as text")


def as_super(value: Compiled) -> Compiled:
    """Return a value as a SUPER scalar."""
    if value.type == SUPER:
        return value
    if value.sql == "NULL":
        return Compiled("CAST(NULL AS JSON)", SUPER)
    if value.type.is_text:
        return Compiled(f"CAST(rs_text_super({settle(value).sql}) AS JSON)", SUPER)
    if value.type.is_float:
        return Compiled(f"CAST(rs_float_super({value.sql}) AS JSON)", SUPER)
    if value.type.is_number or value.type == BOOL:
        return Compiled(f"CAST(rs_scalar_super(CAST({value.sql} AS VARCHAR)) AS JSON)", SUPER)
    if value.type.is_moment or value.type.is_time_of_day:
        raise StatementError(f"cannot cast type {value.type.spelled} to super")
    raise NotEmulated(f"{value.type.spelled} as SUPER")


def _fitted(text: Compiled, target: RedshiftType) -> str:
    if target.name == "bpchar":
        return f"rs_fit_char({text.sql}, {target.size}, '{target.spelled}')"
    # A type of the greatest length may hold more: a parameter, a concatenation.
    if text.type.size <= target.size and text.type.size < LONGEST_VARCHAR:
        return text.sql
    return f"rs_fit({text.sql}, {target.size}, '{target.spelled}')"


def _from_literal(value: Compiled, target: RedshiftType) -> str:
    """Read text; a literal may be a special value, or need no parsing at all."""
    if value.sql == "NULL" and target.is_temporal:
        return f"CAST(NULL AS {target.duckdb})"
    plain = None if value.literal is None else temporal.literal(value.literal, target)
    return plain or _from_text(value.sql, target)


def _from_text(sql: str, target: RedshiftType) -> str:
    if target.name == "varchar":
        return f"CAST({sql} AS VARCHAR)"
    if target.name == "bpchar":
        return f"rtrim({sql}, ' ')"
    if target.name == "varbyte":
        return text_bytes(Compiled(sql, UNKNOWN)).sql
    if target == SUPER:
        return as_super(Compiled(sql, UNKNOWN)).sql
    if target.name not in _FROM_TEXT:
        raise NotEmulated(f"text as {target.spelled}")
    if target.is_number:
        return _number(f"{_FROM_TEXT[target.name]}({sql})", target)
    return f"CAST({_FROM_TEXT[target.name]}({sql}) AS {target.duckdb})"


def _from_super(sql: str, target: RedshiftType) -> str:
    if target == SUPER:
        return sql
    if target.name not in _FROM_SUPER:
        raise NotEmulated(f"cast of SUPER to {target.spelled}")
    read = f"{_FROM_SUPER[target.name]}({sql})"
    if target.name == "numeric":
        read = f"rs_super_places({read}, {target.scale})"
    return f"TRY_CAST({read} AS {target.duckdb})"


def _widen(value: Compiled, target: RedshiftType) -> str:
    if value.type.is_temporal and target.is_temporal:
        return temporal.convert(value.sql, value.type, target)
    if value.type.is_number and target.is_number:
        return f"CAST({value.sql} AS {target.duckdb})"
    raise StatementError(f"types {value.type.spelled} and {target.spelled} cannot be matched")
