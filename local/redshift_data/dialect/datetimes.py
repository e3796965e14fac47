"""The allow-list of functions on dates and timestamps; the session's time zone is UTC."""

import re
from collections.abc import Sequence

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, expect, text_constant
from local.redshift_data.dialect.conversions import cast, coerce
from local.redshift_data.dialect.expressions import (
    compile_expression,
    redshift_function,
    redshift_keyword,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import (
    DATE,
    FLOAT8,
    INT4,
    INT8,
    TIMESTAMP,
    TIMESTAMPTZ,
    UNKNOWN,
    varchar,
)
from local.redshift_data.errors import NotEmulated, StatementError

# Weeks are left out of DATEDIFF: which day starts one there is not documented.
_PARTS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
_DIFF_PARTS = ("second", "minute", "hour", "day", "month", "quarter", "year")
# Months are left out of DATEADD: the rule for month ends is not known to be DuckDB's.
_ADD_PARTS = ("second", "minute", "hour", "day", "week")
_ABBREVIATED = {"s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour",
                "hr": "hour", "d": "day", "w": "week", "mon": "month", "qtr": "quarter",
                "y": "year", "yr": "year"}  # fmt: skip
_EXTRACTED = ("year", "quarter", "month", "day", "hour", "minute", "dow", "doy")
_TO_CHAR = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S",
            "US": "%f", "MS": "%g"}  # fmt: skip
_TO_CHAR_TOKEN = re.compile(r'YYYY|MM|DD|HH24|MI|SS|US|MS|"[^"%]*"|[-/:., ]')
_TIME_ZONE = re.compile(r"UTC|GMT|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_+-]+)+")


@redshift_function("GETDATE")
def _getdate(arguments: Arguments, scope: Scope) -> Compiled:
    expect("GETDATE", arguments, 0)
    del scope
    # To the second: the transaction's start, as DuckDB's now() is.
    return Compiled("CAST(date_trunc('second', now()) AT TIME ZONE 'UTC' AS TIMESTAMP)", TIMESTAMP)


@redshift_keyword("SYSDATE")
@compile_expression.register
def _sysdate(node: exp.CurrentTimestamp, scope: Scope) -> Compiled:
    only(node, "sysdate")
    del scope
    if not node.args.get("sysdate"):
        raise NotEmulated("CURRENT_TIMESTAMP: use SYSDATE or GETDATE()")
    return Compiled("CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP)", TIMESTAMP)


@redshift_keyword("CURRENT_DATE")
@compile_expression.register
def _current_date(node: exp.CurrentDate, scope: Scope) -> Compiled:
    only(node)
    del scope
    return Compiled("CAST(now() AT TIME ZONE 'UTC' AS DATE)", DATE)


def moment(node: exp.Expr, scope: Scope) -> Compiled:
    """Compile an argument that must be a date or timestamp; untyped text is a timestamp."""
    value = compile_expression(node, scope)
    if value.type == UNKNOWN:
        return coerce(value, TIMESTAMP)
    if not value.type.is_moment:
        raise StatementError(f"{value.type.spelled} is not a date or time")
    return value


def without_zone(value: Compiled) -> Compiled:
    """Return the moment as a timestamp in UTC without a zone."""
    return cast(value, TIMESTAMP)


def _part(node: exp.Expr, allowed: Sequence[str]) -> str:
    word = node.name.lower()
    part = word if word in allowed else _ABBREVIATED.get(word, word.removesuffix("s"))
    if part not in allowed:
        raise NotEmulated(f"date part {word}")
    return part


@redshift_function("DATE_TRUNC")
def _date_trunc(arguments: Arguments, scope: Scope) -> Compiled:
    expect("DATE_TRUNC", arguments, 2)
    part = _part(arguments[0], _PARTS)
    value = moment(arguments[1], scope)
    if value.type == DATE:
        value = without_zone(value)
    return Compiled(f"date_trunc('{part}', {value.sql})", value.type)


@redshift_function("DATEDIFF", "DATE_DIFF")
def _datediff(arguments: Arguments, scope: Scope) -> Compiled:
    expect("DATEDIFF", arguments, 3)
    part = _part(arguments[0], _DIFF_PARTS)
    first, second = (without_zone(moment(argument, scope)) for argument in arguments[1:])
    return Compiled(f"date_diff('{part}', {first.sql}, {second.sql})", INT8)


@redshift_function("DATEADD", "DATE_ADD")
def _dateadd(arguments: Arguments, scope: Scope) -> Compiled:
    expect("DATEADD", arguments, 3)
    part = _part(arguments[0], _ADD_PARTS)
    count = coerce(compile_expression(arguments[1], scope), INT8)
    start = moment(arguments[2], scope)
    if start.type == TIMESTAMPTZ:
        raise NotEmulated("DATEADD to a TIMESTAMPTZ: cast it to TIMESTAMP first")
    step = f"to_{part}s(CAST({count.sql} AS INTEGER))"
    return Compiled(f"({without_zone(start).sql} + {step})", TIMESTAMP)


@redshift_keyword("EXTRACT")
@compile_expression.register
def _extract(node: exp.Extract, scope: Scope) -> Compiled:
    only(node, "this", "expression")
    part = node.this.name.lower()
    value = moment(node.expression, scope)
    zoned = value.type == TIMESTAMPTZ
    if part == "epoch":
        seconds = f"epoch({without_zone(value).sql})"
        # A TIMESTAMPTZ gives DOUBLE PRECISION, the others whole numbers.
        return _whole_unless(seconds, zoned=zoned, wide=True)
    if part not in _EXTRACTED:
        raise NotEmulated(f"EXTRACT of {part}")
    return _whole_unless(f"date_part('{part}', {without_zone(value).sql})", zoned=zoned)


def _whole_unless(sql: str, *, zoned: bool, wide: bool = False) -> Compiled:
    if zoned:
        return Compiled(f"CAST({sql} AS DOUBLE)", FLOAT8)
    type_ = INT8 if wide else INT4
    return Compiled(f"CAST(floor({sql}) AS {type_.duckdb})", type_)


@redshift_function("TO_CHAR")
def _to_char(arguments: Arguments, scope: Scope) -> Compiled:
    expect("TO_CHAR", arguments, 2)
    value = without_zone(moment(arguments[0], scope))
    format_ = text_constant(arguments[1])
    pattern = _strftime(format_)
    return Compiled(f"strftime({value.sql}, '{pattern}')", varchar(len(format_) + 8))


def _strftime(format_: str) -> str:
    pieces = _TO_CHAR_TOKEN.findall(format_)
    if "".join(pieces) != format_:
        raise NotEmulated(f"TO_CHAR format {format_}")
    return "".join(_TO_CHAR.get(piece, piece.strip('"')) for piece in pieces).replace("'", "''")


@redshift_function("CONVERT_TIMEZONE")
def _convert_timezone(arguments: Arguments, scope: Scope) -> Compiled:
    expect("CONVERT_TIMEZONE", arguments, 2, 3)
    *zones, last = arguments
    source, target = ["UTC", *map(text_constant, zones)][-2:]
    for zone in (source, target):
        if not _TIME_ZONE.fullmatch(zone):
            raise NotEmulated(f"time zone {zone}")
    value = moment(last, scope)
    if value.type == TIMESTAMPTZ and source != "UTC":
        raise NotEmulated("CONVERT_TIMEZONE of a TIMESTAMPTZ from another zone than UTC")
    sql = f"(({without_zone(value).sql} AT TIME ZONE '{source}') AT TIME ZONE '{target}')"
    return Compiled(sql, TIMESTAMP)
