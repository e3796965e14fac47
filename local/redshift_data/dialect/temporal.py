"""Conversions of dates, times, timestamps and intervals: among themselves and to text."""

import re
from collections.abc import Mapping

from local.redshift_data.dialect.macros.date_texts import DAY, TIME, ZONE
from local.redshift_data.dialect.scope import Compiled
from local.redshift_data.dialect.types import (
    DATE,
    INTERVAL,
    TIMESTAMP,
    TIMESTAMPTZ,
    RedshiftType,
)
from local.redshift_data.errors import NotEmulated, StatementError

NOW = "CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP)"
"""The start of the transaction in UTC, the session's time zone."""
STATEMENT_TIME = "rs_statement_time"
STATEMENT_NOW = f"coalesce(CAST(getvariable('{STATEMENT_TIME}') AS TIMESTAMP), {NOW})"
"""The start of the statement; in a column's DEFAULT that of the transaction."""
_TODAY = "CAST(CAST(now() AT TIME ZONE 'UTC' AS DATE) AS TIMESTAMP)"
_SPECIAL = {
    "now": NOW,
    "today": _TODAY,
    "tomorrow": f"({_TODAY} + to_days(1))",
    "yesterday": f"({_TODAY} - to_days(1))",
    "epoch": "TIMESTAMP '1970-01-01'",
}
_PLAIN = {
    "date": re.compile(DAY),
    "timestamp": re.compile(rf"{DAY}([ T]{TIME}Z?)?"),
    "timestamptz": re.compile(rf"{DAY}([ T]{TIME}({ZONE})?)?"),
    "time": re.compile(TIME),
    "timetz": re.compile(TIME),
}
# Strings come first, so that nothing is found within one.
_READ = re.compile(
    r"('(?:[^']|'')*')|\brs_(date|timestamp|timestamptz|time|timetz)\(\$(bound\d+)\)"
)
_UNIT_MICROSECONDS = {1: 86_400_000_000, 2: 3_600_000_000, 3: 60_000_000}
_SHOWN = {
    "timetz": "(CAST({} AS VARCHAR) || '+00')",
    "intervaly2m": "rs_show_months({})",
    "intervald2s": "rs_show_duration({})",
}
_AS_TEXT = {
    **_SHOWN,
    "intervaly2m": "rs_months_text({})",
    "intervald2s": "rs_duration_text({})",
}
TEXT_SIZES = {
    "date": 10,
    "timestamp": 26,
    "timestamptz": 32,
    "time": 15,
    "timetz": 18,
    "intervaly2m": 32,
    "intervald2s": 64,
}
"""Bytes that the text of a value takes at most."""


def literal(text: str, type_: RedshiftType) -> str | None:
    """Return the SQL of a literal that needs no parsing: a plain one, or a special value."""
    special = _SPECIAL.get(text.strip().lower())
    if special and type_.is_moment:
        return convert(special, TIMESTAMP, type_)
    if type_.name in _PLAIN and _PLAIN[type_.name].fullmatch(text):
        return f"CAST('{text}' AS {type_.duckdb})"
    return None


def read_plainly(sql: str, values: Mapping[str, str]) -> str:
    """Read parameters that are written as ISO has it without planning for every other format."""
    return _READ.sub(lambda found: _reading(found, values), sql)


def _reading(found: re.Match[str], values: Mapping[str, str]) -> str:
    _, name, parameter = found.groups()
    if parameter is None or not _PLAIN[name].fullmatch(values[parameter].strip()):
        return found[0]
    return f"CAST(trim(${parameter}) AS {RedshiftType(name).duckdb})"


def refuse_unqualified(*types: RedshiftType) -> None:
    """Raise NotEmulated for an interval that only date arithmetic is known to take."""
    if INTERVAL in types:
        raise NotEmulated("an INTERVAL without a qualifier here: say which, as DAY TO SECOND")


def shown(sql: str, type_: RedshiftType) -> str:
    """Return the text that a result shows."""
    refuse_unqualified(type_)
    return _SHOWN.get(type_.name, "CAST({} AS VARCHAR)").format(sql)


def as_text(sql: str, type_: RedshiftType) -> str:
    """Return the text that a cast gives: intervals in the interval style "postgres"."""
    return _AS_TEXT.get(type_.name, "CAST({} AS VARCHAR)").format(sql)


def convert(sql: str, have: RedshiftType, want: RedshiftType) -> str:
    """Return a value as another temporal type, in UTC, the session's time zone."""
    if want.is_interval:
        return _kept(sql, have, want)
    if have.is_interval or (have.is_time_of_day and want.is_moment):
        raise StatementError(f"cannot cast type {have.spelled} to {want.spelled}")
    if have == want or (have.is_time_of_day and want.is_time_of_day):
        return sql
    if have == TIMESTAMPTZ:
        return f"CAST(({sql} AT TIME ZONE 'UTC') AS {want.duckdb})"
    if want == TIMESTAMPTZ:
        return f"(CAST({sql} AS {TIMESTAMP.duckdb}) AT TIME ZONE 'UTC')"
    if have == DATE and want.is_time_of_day:
        raise StatementError(f"cannot cast type {have.spelled} to {want.spelled}")
    return f"CAST({sql} AS {want.duckdb})"


def _kept(sql: str, have: RedshiftType, want: RedshiftType) -> str:
    """Return an interval without the units that the type's qualifier leaves out."""
    if have.name == "time" and want.name == "intervald2s":
        return _kept(f"epoch_us({sql})", want, want)
    if have.name != want.name:
        raise StatementError(f"cannot cast type {have.spelled} to {want.spelled}")
    if want.name == "intervaly2m":
        return sql if want.size > 1 else f"CAST({sql} - {sql} % 12 AS INTEGER)"
    if unit := _UNIT_MICROSECONDS.get(want.size):
        return f"CAST({sql} - {sql} % {unit} AS BIGINT)"
    unit = 10 ** (6 - want.scale)
    return sql if unit == 1 else f"CAST(round({sql} / {unit}.0::DOUBLE) AS BIGINT) * {unit}"


def text_of(value: Compiled) -> Compiled:
    """Return a temporal value as text."""
    from_text = RedshiftType("varchar", TEXT_SIZES[value.type.name])
    return Compiled(as_text(value.sql, value.type), from_text)
