"""Splits character-delimited and fixed-width text into records."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from local.redshift_data.catalog import Column
from local.redshift_data.dialect.load.json_documents import compact, is_value
from local.redshift_data.dialect.load.options import (
    CSV,
    FIXED_WIDTH,
    NULL_MARK,
    CopyOptions,
)
from local.redshift_data.dialect.load.records import (
    DELIMITER_NOT_FOUND,
    EXTRA_COLUMNS,
    INVALID_LINE,
    NOT_JSON_VALUE,
    QUOTE_NOT_CLOSED,
    Flaw,
    Record,
)
from local.redshift_data.dialect.types import SUPER
from local.redshift_data.errors import NotEmulated

Fields = tuple[str | None, ...]
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LONGEST_ROW = 4 * 1024 * 1024


def records(text: str, options: CopyOptions, columns: Sequence[Column]) -> Iterator[Record]:
    """Yield a file's records, with a field for each column unless FILLRECORD is set."""
    of_super = [at for at, column in enumerate(columns) if column.type == SUPER]
    split = _SPLITTERS.get(options.format, _split_text)
    for line, raw in _lines(text, options):
        if line <= options.ignored_lines or (not raw and options.has("IGNOREBLANKLINES")):
            continue
        found = split(raw, options)
        if isinstance(found, Flaw):
            yield Record(line, raw, flaw=found)
        else:
            record = _fitted(Record(line, raw, found), len(columns), options)
            yield _with_json(record, of_super)


def _with_json(record: Record, of_super: Sequence[int]) -> Record:
    """Check what goes into SUPER columns: JSON text, or nothing at all."""
    fields = list(record.fields)
    for at in (at for at in of_super if at < len(fields)):
        text = fields[at]
        if text is None or not text.strip():
            fields[at] = None
        elif not is_value(text):
            return record._replace(flaw=record.flaw or NOT_JSON_VALUE)
        else:
            fields[at] = None if text.strip() == "null" else compact(text)
    return record._replace(fields=tuple(fields))


def _fitted(record: Record, count: int, options: CopyOptions) -> Record:
    fields = record.fields
    if len(record.text.encode(errors="replace")) > _LONGEST_ROW:
        raise NotEmulated("COPY of a row larger than 4 MB")
    if len(fields) == count + 1 and fields[-1] == "":
        # The guide's own files end each line with a delimiter.
        if options.format == CSV:
            raise NotEmulated("COPY of CSV with a delimiter at the end of the line")
        return record._replace(fields=fields[:-1])
    if len(fields) > count:
        return record._replace(flaw=EXTRA_COLUMNS)
    if len(fields) < count and not options.has("FILLRECORD"):
        return record._replace(flaw=DELIMITER_NOT_FOUND)
    return record


def _lines(text: str, options: CopyOptions) -> Iterator[tuple[int, str]]:
    """Yield records with the number of the last line of each."""
    line = 0
    for found in _record_pattern(options).finditer(text):
        if found.start() == len(text):
            return
        raw = found[0].removesuffix("\n")
        line += max(raw.count("\n") + 1, 1)
        yield line, raw.removesuffix("\r")


@lru_cache(16)
def _record_pattern(options: CopyOptions) -> re.Pattern[str]:
    if options.format == CSV:
        quote = re.escape(options.quote)
        quoted = rf"{quote}(?:[^{quote}]|{quote}{quote})*(?:{quote}|\Z)"
        return re.compile(rf"(?:[^{quote}\n]+|{quoted})*(?:\n|\Z)")
    if options.has("ESCAPE"):
        return re.compile(r"(?:[^\\\n]+|\\[\s\S]|\\\Z)*(?:\n|\Z)")
    return re.compile(r"[^\n]*(?:\n|\Z)")


def _split_text(raw: str, options: CopyOptions) -> Fields | Flaw:
    fields, at = list[str | None](), 0
    pattern = _field_pattern(options)
    while True:
        found = pattern.match(raw, at)
        if not found:
            return QUOTE_NOT_CLOSED
        fields.append(_field(found, options))
        at = found.end() + len(options.delimiter)
        if found.end() == len(raw):
            return tuple(fields)


@lru_cache(16)
def _field_pattern(options: CopyOptions) -> re.Pattern[str]:
    """One field, up to the delimiter or the end; a quote that never ends matches nothing."""
    delimiter = re.escape(options.delimiter)
    escape = r"\\[\s\S]|" if options.has("ESCAPE") else ""
    bare = rf"(?P<bare>(?:{escape}(?!{delimiter})[\s\S])*)"
    if not options.has("REMOVEQUOTES"):
        return re.compile(rf"{bare}(?={delimiter}|\Z)")
    quoted = rf"""(?P<quote>['"])(?P<inside>(?:{escape}[\s\S])*?)(?P=quote)"""
    return re.compile(rf"""(?:{quoted}|(?!['"]){bare})(?={delimiter}|\Z)""")


def _field(found: re.Match[str], options: CopyOptions) -> str | None:
    groups = found.groupdict()
    raw = groups.get("bare")
    if raw is None:
        raw = groups["inside"]
    return value_of(raw, options)


def value_of(raw: str, options: CopyOptions) -> str | None:
    """Return a field's value: NULL for the null string, and without its backslashes."""
    if raw == options.null_as:
        return None
    if not options.has("ESCAPE"):
        return _without_nul(raw)
    if options.null_as == NULL_MARK and raw == "\\\\N":
        return None
    value = _ESCAPED.sub(r"\1", raw)
    if value == options.null_as and raw != value:
        raise NotEmulated("COPY of an escaped null string")
    return _without_nul(value)


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise NotEmulated("COPY of text with the character NUL")
    return value


def _split_csv(raw: str, options: CopyOptions) -> Fields | Flaw:
    fields, at = list[str | None](), 0
    pattern = _csv_pattern(options)
    while True:
        found = pattern.match(raw, at)
        if not found:
            return INVALID_LINE
        fields.append(_csv_field(found, options))
        at = found.end() + len(options.delimiter)
        if found.end() == len(raw):
            return tuple(fields)


@lru_cache(16)
def _csv_pattern(options: CopyOptions) -> re.Pattern[str]:
    """One field; white space between a delimiter and a quotation mark is none of it."""
    quote, delimiter = re.escape(options.quote), re.escape(options.delimiter)
    blank = rf"(?:(?!{delimiter})[ \t])*"
    quoted = rf"{blank}{quote}(?P<quoted>(?:[^{quote}]|{quote}{quote})*){quote}{blank}"
    bare = rf"(?P<bare>(?:(?!{delimiter})[^{quote}\n])*)"
    return re.compile(rf"(?:{quoted}|{bare})(?={delimiter}|\Z)")


def _csv_field(found: re.Match[str], options: CopyOptions) -> str | None:
    bare = found["bare"]
    if bare is not None:
        return None if bare == options.null_as else _without_nul(bare)
    value = str(found["quoted"]).replace(options.quote * 2, options.quote)
    if value == options.null_as:
        raise NotEmulated("COPY of CSV with the null string in quotation marks")
    return _without_nul(value)


def _split_fixed(raw: str, options: CopyOptions) -> Fields:
    """Cut a line; the last field may end before its width."""
    fields, at = list[str | None](), 0
    for width in options.widths:
        if fields and at >= len(raw):
            break
        fields.append(value_of(raw[at : at + width], options))
        at += width
    if len(raw) > at:
        fields.append(raw[at:])
    return tuple(fields)


_SPLITTERS = {CSV: _split_csv, FIXED_WIDTH: _split_fixed}
