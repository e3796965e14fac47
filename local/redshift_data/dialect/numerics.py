"""Exact NUMERIC: precision and scale of results, and division without a double."""

from local.redshift_data.dialect.macros.raising import raising
from local.redshift_data.dialect.scope import Compiled
from local.redshift_data.dialect.types import LARGEST_SCALE, WIDEST_NUMERIC, RedshiftType, numeric

_LEAST_SCALE = 4
"""Digits that a quotient keeps behind the point, however wide it is."""


def numeric_sum(operator: str, left: Compiled, right: Compiled) -> Compiled:
    """Add or subtract; the scale is the larger one, and there is room for a carry."""
    scale = max(left.type.scale, right.type.scale)
    whole = max(left.type.size - left.type.scale, right.type.size - right.type.scale)
    type_ = numeric(min(whole + 1 + scale, WIDEST_NUMERIC), scale)
    first, second = _rescaled(left, scale), _rescaled(right, scale)
    return Compiled(f"CAST(({first} {operator} {second}) AS {type_.duckdb})", type_)


def _rescaled(value: Compiled, scale: int) -> str:
    """Give a value the result's scale; digits before the point that no longer fit overflow."""
    if value.type.scale == scale:
        return value.sql
    size = min(value.type.size - value.type.scale + scale, WIDEST_NUMERIC)
    return f"CAST({value.sql} AS DECIMAL({size},{scale}))"


def multiply(operator: str, left: Compiled, right: Compiled) -> Compiled:
    """Multiply; the scales add up."""
    del operator
    scale = left.type.scale + right.type.scale
    type_ = numeric(
        min(left.type.size + right.type.size + 1, WIDEST_NUMERIC), min(scale, LARGEST_SCALE)
    )
    if scale > LARGEST_SCALE:
        return Compiled(_too_many_places(left, right, type_), type_)
    return Compiled(f"CAST(({left.sql} * {right.sql}) AS {type_.duckdb})", type_)


def _too_many_places(left: Compiled, right: Compiled, type_: RedshiftType) -> str:
    """Fail: with more than 38 digits as Redshift, and with fewer the scale is not documented."""
    digits = f"length(ltrim(CAST(abs({units(left)}) AS VARCHAR), '0'))"
    other = f"length(ltrim(CAST(abs({units(right)}) AS VARCHAR), '0'))"
    overflow = raising("'128 bit numeric data overflow (multiplication)'")
    unknown = raising("'not emulated locally: a NUMERIC product of more than 37 decimal places'")
    failing = (
        f"CASE WHEN {digits} + {other} > {WIDEST_NUMERIC + 1} THEN {overflow} ELSE {unknown} END"
    )
    null = f"{left.sql} IS NULL OR {right.sql} IS NULL"
    return f"CASE WHEN {null} THEN NULL ELSE CAST({failing} AS {type_.duckdb}) END"


def divide(operator: str, left: Compiled, right: Compiled) -> Compiled:
    """Divide exactly, and cut what is behind the scale, as the guide's averages are cut."""
    del operator
    type_ = _quotient(left.type, right.type)
    shift = type_.scale + right.type.scale - left.type.scale
    quotient = f"rs_quotient({units(left)}, {units(right)}, {10**shift}::HUGEINT)"
    return Compiled(from_units(quotient, type_), type_)


def _quotient(left: RedshiftType, right: RedshiftType) -> RedshiftType:
    scale = max(_LEAST_SCALE, left.scale + right.size - right.scale + 1)
    precision = left.size - left.scale + right.scale + scale
    if precision > WIDEST_NUMERIC:
        scale = max(WIDEST_NUMERIC + scale - precision, _LEAST_SCALE)
        precision = WIDEST_NUMERIC
    return numeric(precision, scale)


def remainder(operator: str, left: Compiled, right: Compiled) -> Compiled:
    """Return what a division leaves, with the digits behind the point of both operands."""
    scale = max(left.type.scale, right.type.scale)
    whole = max(left.type.size - left.type.scale, right.type.size - right.type.scale)
    type_ = numeric(min(whole + scale, WIDEST_NUMERIC), scale)
    return Compiled(f"CAST(({left.sql} {operator} {right.sql}) AS {type_.duckdb})", type_)


def units(value: Compiled) -> str:
    """Return the integer that a NUMERIC is stored as: its digits without the point."""
    size, scale = value.type.size, value.type.scale
    if not scale:
        return f"CAST({value.sql} AS HUGEINT)"
    if size + scale <= WIDEST_NUMERIC:
        power = f"CAST({10**scale} AS DECIMAL({scale + 1},0))"
        return f"CAST({value.sql} * {power} AS HUGEINT)"
    return f"CAST(replace(CAST({value.sql} AS VARCHAR), '.', '') AS HUGEINT)"


def from_units(sql: str, type_: RedshiftType) -> str:
    """Return the NUMERIC of a type that an integer is the digits of."""
    whole = f"CAST({sql} AS DECIMAL({WIDEST_NUMERIC},0))"
    if type_.scale:
        last_place = f"0.{'1'.zfill(type_.scale)}"
        whole = f"{whole} * CAST('{last_place}' AS DECIMAL({type_.scale},{type_.scale}))"
    return f"CAST({whole} AS {type_.duckdb})"
