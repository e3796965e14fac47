"""Loads JSON Lines in one pass of DuckDB, where its reader takes them as COPY does."""

import re
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain
from pathlib import Path

import duckdb

from local.redshift_data.catalog import Column, quoted
from local.redshift_data.dialect.load.json_documents import (
    LARGEST_DOCUMENT_BYTES,
    decoded,
    is_document,
)
from local.redshift_data.dialect.load.options import JSON, CopyOptions
from local.redshift_data.dialect.load.sources import Object, unpacked
from local.redshift_data.dialect.load.staging import Target
from local.redshift_data.dialect.macros.raising import raising
from local.redshift_data.dialect.types import (
    SUPER,
    TIMESTAMP,
    TIMESTAMPTZ,
)
from local.redshift_data.errors import StatementError

_FIRST_LINES = 5
_FIRST_BYTES = 16_384
_CHECKED_BYTES = 1024 * 1024
_GZIP = 31
"""zlib's window bits for a gzip header."""

_COMPRESSIONS = {"": "none", "GZIP": "gzip"}
_ISO = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[-+]\d{2}:\d{2})?)?"
_ISO_TEXT = re.compile(_ISO)
_OTHER_FORM = "'not emulated locally: COPY of JSON Lines with timestamps of several forms'"
_LOWER = bytes(range(256)).lower()
_WORDS = (b"nan", b"inf")
_BEFORE_VALUES = (b":", b",", b"[", b"-")
_OF_NO_WORD = bytes(set(range(256)) - set(b'":,[]{}-nNaAiIfF'))
_OF_NO_STRUCTURE = bytes(set(range(256)) - set(b'":,[]{}\\'))
# A member whose value is no text has nothing between its colon and what comes next; a doubled
# backslash may hide one.
_DOUBLED, _QUOTED_QUOTE = b"\\\\", b'\\"'
_ODD = (b'":,', b'":}', b'":[', b'":{', b",}", b",]")
_TRAILING_COMMA = re.compile(rb",[ \t\r\n]*[\]}]")
# DuckDB reads a number as a double or an integer, and writes it in its shortest form.
_REWRITTEN = rb"-?(?:\d{16}|0\.0000|\d+\.\d{14}|\d+\.\d*0(?!\d)|\d+(?:\.\d+)?[eE])|-0(?![.\d])"
_INEXACT = rb"-?(?:\d{16}|\d+\.\d{14}|\d+(?:\.\d+)?[eE])"
# The quote ends a member's name, and no quoted quote within a text: that has a backslash before.
_MEMBER = rb'":(?=[ \t\r]*[-\d\[{])(?:(?<!\\":)|(?<=\\\\":))'
_COLON = _MEMBER + rb"[ \t\r]*"
_DISTANT_COLONS = (b" :", b"\t:", b"\r:")
_ARRAY = re.compile(_COLON + rb"\[")
_DISTANT_COLON = re.compile(rb'"[ \t\r]+:')
_REWRITTEN_MEMBER = re.compile(_COLON + rb"(?:" + _REWRITTEN + rb")")
_NO_TEXT = re.compile(_COLON + rb"[-\d\[{]")
_ELEMENT = re.compile(rb"[,\[][ \t\r]*(?:" + _REWRITTEN + rb")")


def can_load(objects: Sequence[Object], target: Target) -> bool:
    """Whether nothing but the values can be wrong, and DuckDB reads each one as it is written.

    Large loads without a SUPER column are judged by the first lines of each file: a second pass
    over all of the text would take longer than the load.
    """
    compression = target.options.compression
    of_super = any(column.type == SUPER for column in target.columns)
    whole = of_super or sum(_size(each, compression) for each in objects) <= _CHECKED_BYTES
    moments = [c.name for c in target.columns if _is_automatic(c, target.options)]
    for each in objects:
        text = unpacked(each.body, compression) if whole else _head(each.body, compression)
        if not (_starts_with_lines(text, moments) and is_read_as_written(text, target)):
            return False
    return True


def _size(each: Object, compression: str) -> int:
    # The last four bytes of gzip tell the size of the text.
    return int.from_bytes(each.body[-4:], "little") if compression else len(each.body)


def _head(body: bytes, compression: str) -> bytes:
    """Return the first lines, whole ones."""
    try:
        text = zlib.decompressobj(_GZIP).decompress(body, _FIRST_BYTES) if compression else body
    except zlib.error as error:
        raise StatementError("Failed to read GZIP compressed data") from error
    return text[: text.rfind(b"\n", 0, _FIRST_BYTES) + 1]


def is_simple(options: CopyOptions) -> bool:
    """Whether the format is the usual one, and one wrong value fails the load."""
    plain = options.format == JSON and options.json == "auto" and options.encoding == "utf-8"
    strict = options.max_error in (0, 1) and not options.replacement and not options.ignored_lines
    special = options.has("NOLOAD") or options.has("ACCEPTANYDATE")
    return plain and strict and not special and options.compression in _COMPRESSIONS


def is_read_as_written(text: bytes, target: Target) -> bool:
    """Whether DuckDB takes a text for JSON only where it is, and no column's number is changed."""
    structure = text.translate(None, _OF_NO_STRUCTURE)
    unquoted = structure.replace(_QUOTED_QUOTE, b"")
    if _DOUBLED not in structure and not any(odd in unquoted for odd in _ODD):
        return True
    return _is_strict(text) and not _has_rewritten(text, target)


def _starts_with_lines(text: bytes, moments: Sequence[str]) -> bool:
    """Whether a file begins with objects of a line each, and timestamps in ISO 8601."""
    lines = text.split(b"\n", _FIRST_LINES)[:_FIRST_LINES]
    try:
        found = [decoded(line.decode()) for line in lines if line.strip()]
    except ValueError:
        return False
    written = [each.get(name) for each in found if isinstance(each, dict) for name in moments]
    return all(not moment or _ISO_TEXT.fullmatch(str(moment)) for moment in written)


def _is_strict(text: bytes) -> bool:
    """Whether it has nothing that only DuckDB takes for JSON, and no object over 4 MB."""
    if len(text) > LARGEST_DOCUMENT_BYTES:
        longest = max(map(len, text.split(b"\n")))
        if longest > LARGEST_DOCUMENT_BYTES:
            return False
    odd = chain(_lines_with_comma(text), _lines_with_word(text))
    return all(is_document(line.decode(errors="replace")) for line in odd)


def _has_rewritten(text: bytes, target: Target) -> bool:
    """Whether DuckDB's reader changes a number's digits where its column may keep them."""
    if any(distant in text for distant in _DISTANT_COLONS):
        text = _DISTANT_COLON.sub(b'":', text)
    floats = tuple(column.name for column in target.columns if column.type.is_float)
    if _inexact_beside(floats).search(text):
        return True
    if any(column.type == SUPER for column in target.columns):
        return bool(
            _REWRITTEN_MEMBER.search(text) or (_ARRAY.search(text) and _ELEMENT.search(text))
        )
    names = [re.escape(c.name.encode()) for c in target.columns if c.type.is_text]
    member = rb'"(?:' + rb"|".join(names) + rb")" + _COLON + rb"(?:[\[{]|" + _REWRITTEN + rb")"
    return bool(names and _NO_TEXT.search(text) and re.search(member, text))


@cache
def _inexact_beside(floats: tuple[str, ...]) -> re.Pattern[bytes]:
    """Find a number that loses digits in a member that is no float, or -0, which loses its sign.

    Into a float DuckDB reads to the bit. The names come after the colon, which is found quickly.
    """
    names = (rb'(?<!(?<!\\)"' + re.escape(name.encode()) + rb'":)' for name in floats)
    other = b"".join(names) + rb"[ \t\r]*" + _INEXACT
    return re.compile(_MEMBER + rb"(?:" + other + rb"|[ \t\r]*-0(?![.\deE]))")


def load_lines(
    connection: duckdb.DuckDBPyConnection, target: Target, objects: Sequence[Object], folder: Path
) -> int:
    """Return how many rows went in; raises StatementError or duckdb.Error for a wrong one."""
    files = [folder / f"{at:06}" for at in range(len(objects))]
    for path, stored in zip(files, objects, strict=True):
        path.write_bytes(stored.body)
    with ThreadPoolExecutor(1) as beside:
        checked = beside.submit(_check_lengths, objects, target.options.compression)
        counted = connection.execute(_insertion(target, files)).fetchone()
        checked.result()
    return int(counted[0]) if counted else 0


def _check_lengths(objects: Sequence[Object], compression: str) -> None:
    for each in objects:
        if _size(each, compression) <= LARGEST_DOCUMENT_BYTES:
            continue
        text = unpacked(each.body, compression)
        if max(map(len, text.split(b"\n"))) > LARGEST_DOCUMENT_BYTES:
            raise StatementError("a JSON object is larger than 4 MB")


def _lines_with_comma(text: bytes) -> Iterator[bytes]:
    """Yield the lines with a comma before a bracket."""
    at = 0
    while found := _TRAILING_COMMA.search(text, at):
        start = text.rfind(b"\n", 0, found.start()) + 1
        at = text.find(b"\n", found.end())
        at = len(text) if at < 0 else at
        yield text[start:at]


def _lines_with_word(text: bytes) -> Iterator[bytes]:
    """Yield the lines that may have NaN or Infinity for a number, in any case."""
    reduced = text.translate(_LOWER, _OF_NO_WORD)
    if any(_begins_value(reduced, word) for word in _WORDS):
        for line in text.split(b"\n"):
            if any(word in line.lower() for word in _WORDS):
                yield line


def _begins_value(reduced: bytes, word: bytes) -> bool:
    at = reduced.find(word)
    while at >= 0:
        if reduced[at - 1 : at] in _BEFORE_VALUES:
            return True
        at = reduced.find(word, at + 1)
    return False


def _insertion(target: Target, files: Sequence[Path]) -> str:
    columns = target.columns
    types = ", ".join(f"{quoted(c.name)}: '{_read_as(c)}'" for c in columns)
    aliases = ", ".join(f"c{at}" for at in range(len(columns)))
    values = [_value(at, column, target) for at, column in enumerate(columns)]
    paths = ", ".join(f"'{path}'" for path in files)
    return (
        f"{target.insert} SELECT {', '.join(values)} "
        f"FROM read_json([{paths}], format = 'newline_delimited', records = 'true', "
        f"compression = '{_COMPRESSIONS[target.options.compression]}', "
        f"maximum_object_size = {LARGEST_DOCUMENT_BYTES}, columns = {{{types}}}) AS r({aliases})"
    )


def _value(at: int, column: Column, target: Target) -> str:
    """Return a column's value; timestamps in ISO 8601 only, which is ten times faster to plan."""
    if column.type == SUPER:
        return f"rs_load_finite(c{at})"
    if not _is_automatic(column, target.options):
        return target.values[at]
    field, type_ = f"c{at}", column.type.duckdb
    return (
        f"CASE WHEN {field} IS NULL OR regexp_full_match({field}, '{_ISO}') "
        f"THEN CAST({field} AS {type_}) WHEN {field} = '' THEN NULL "
        f"ELSE CAST({raising(_OTHER_FORM)} AS {type_}) END"
    )


def _is_automatic(column: Column, options: CopyOptions) -> bool:
    return column.type in (TIMESTAMP, TIMESTAMPTZ) and options.time_format == "auto"


def _read_as(column: Column) -> str:
    return "JSON" if column.type == SUPER else "VARCHAR"
