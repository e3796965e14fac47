"""Writes rows as lines: delimited, fixed-width or comma-separated text, or JSON."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from local.redshift_data.catalog import Column
from local.redshift_data.dialect.types import BOOL, SUPER
from local.redshift_data.dialect.unloading.options import CSV, FIXED_WIDTH, JSON, UnloadOptions
from local.redshift_data.errors import NotEmulated, StatementError

_AS_TEXT = (
    "int2", "int4", "int8", "numeric", "date", "timestamp", "timestamptz", "time", "timetz",
    "super",
)  # fmt: skip
_NUMBERS = ("int2", "int4", "int8", "float4", "float8", "numeric")
_DIGITS = {"float4": 6, "float8": 15}
Line = Callable[[Sequence[Any]], str]


def shown(at: int, column: Column) -> str:
    """Return the SQL of a value as it is fetched to be written; raises NotEmulated."""
    type_ = column.type
    if type_.is_text or type_ == BOOL or type_.is_float:
        return f"c{at}"
    if type_.name in _AS_TEXT:
        # A TIMETZ is kept as its time in UTC.
        return f"CAST(c{at} AS VARCHAR)" + (" || '+00'" if type_.name == "timetz" else "")
    raise NotEmulated(f"UNLOAD of {type_.spelled}")


def line_writer(columns: Sequence[Column], options: UnloadOptions) -> Line:
    """Return what makes a row's line, its end included."""
    if options.format == JSON:
        return _json_writer(columns)
    if options.format == FIXED_WIDTH:
        return _fixed_writer(columns, options)
    write = _csv_field if options.format == CSV else _text_field

    def line(row: Sequence[Any]) -> str:
        fields = (write(v, column, options) for v, column in zip(row, columns, strict=True))
        return options.delimiter.join(fields) + "\n"

    return line


def header(columns: Sequence[Column], options: UnloadOptions) -> str:
    """Return the line of the columns' names."""
    names = [column.name for column in columns]
    quoted = [_quoted(name) if options.has("ADDQUOTES") else name for name in names]
    return options.delimiter.join(quoted) + "\n"


def text_of(value: Any, column: Column) -> str:
    """Return a value's text; raises NotEmulated for digits that Redshift might not write."""
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, float):
        digits = _DIGITS[column.type.name]
        text = format(value, f".{digits}g")
        if float(text) != value and column.type.name == "float8":
            raise NotEmulated("UNLOAD of a float of more than 15 digits as text")
        return text
    return str(value)


def _null(column: Column, options: UnloadOptions) -> str:
    # SUPER columns ignore NULL AS: JSON has a null of its own.
    return "null" if column.type == SUPER else options.null_as or ""


def _text_field(value: Any, column: Column, options: UnloadOptions) -> str:
    if value is None:
        if options.has("ADDQUOTES"):
            raise NotEmulated("UNLOAD of NULL with ADDQUOTES")
        return _null(column, options)
    text = text_of(value, column)
    if options.has("ESCAPE") and (column.type.is_text or column.type == SUPER):
        special = "\\\\\n\r" + re.escape(options.delimiter)
        special += "\"'" if options.has("ADDQUOTES") else ""
        text = re.sub(f"([{special}])", r"\\\1", text)
    return _quoted(text) if options.has("ADDQUOTES") else text


def _quoted(text: str) -> str:
    return f'"{text}"'


def _csv_field(value: Any, column: Column, options: UnloadOptions) -> str:
    text = _null(column, options) if value is None else text_of(value, column)
    if any(special in text for special in (options.delimiter, '"', "\n", "\r")):
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return text


def _fixed_writer(columns: Sequence[Column], options: UnloadOptions) -> Line:
    if len(options.widths) != len(columns):
        raise StatementError("FIXEDWIDTH must name as many columns as are unloaded")

    def line(row: Sequence[Any]) -> str:
        triples = zip(row, columns, options.widths, strict=True)
        return "".join(_fixed_field(*each, options) for each in triples) + "\n"

    return line


def _fixed_field(value: Any, column: Column, width: int, options: UnloadOptions) -> str:
    text = _null(column, options) if value is None else text_of(value, column)
    if len(text) <= width:
        return text.ljust(width)
    if value is None and not column.type.is_text:
        return " " * width
    raise StatementError(f'value too long for the width {width} of column "{column.name}"')


def _json_writer(columns: Sequence[Column]) -> Line:
    names = [column.name for column in columns]
    if len(set(names)) != len(names):
        raise StatementError("UNLOAD to JSON needs column names that are unique")
    if any(column.type == BOOL for column in columns):
        # The guide has them "unloaded as `t` or `f`", which would be no JSON.
        raise NotEmulated("UNLOAD of BOOLEAN to JSON")
    keys = [json.dumps(name, ensure_ascii=False) for name in names]

    def line(row: Sequence[Any]) -> str:
        triples = zip(keys, row, columns, strict=True)
        return "{" + ",".join(f"{k}:{_json_value(v, c)}" for k, v, c in triples) + "}\n"

    return line


def _json_value(value: Any, column: Column) -> str:
    if value is None:
        return "null"
    text = text_of(value, column)
    if column.type.name in _NUMBERS or column.type == SUPER:
        return text
    return json.dumps(text, ensure_ascii=False)
