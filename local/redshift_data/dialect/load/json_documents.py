"""Finds the JSON objects or arrays in a file, and what goes into each column."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from local.redshift_data.dialect.load.options import CopyOptions
from local.redshift_data.dialect.load.records import NOT_IN_ARRAY, NOT_JSON, Flaw, Record
from local.redshift_data.errors import NotEmulated, StatementError

LARGEST_DOCUMENT_BYTES = 4 * 1024 * 1024
"""COPY's limit for one JSON object, braces included."""

_BLANK = re.compile(r"[ \t\r\n]*")
_STRING_OR_BLANK = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')
_STEP = re.compile(r"\.([^'.\[\]]+)|\[(\d+)\]|\['([^']*)'\]")
Step = str | int


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


@dataclass(frozen=True)
class Document:
    """One root-level object or array: its text and the line where it ends."""

    line: int
    text: str
    flaw: Flaw | None = None


def documents(text: str, ignored_lines: int = 0) -> Iterator[Document]:
    """Yield every document; what stands between them is an error up to the end of its line."""
    at = _after_lines(text, ignored_lines)
    line, counted = text.count("\n", 0, at) + 1, at
    while (at := _blank_end(text, at)) < len(text):
        end, flaw = _document_end(text, at)
        line += text.count("\n", counted, end)
        counted = end
        yield Document(line, text[at:end], flaw)
        at = end


def _after_lines(text: str, count: int) -> int:
    at = 0
    for _ in range(count):
        at = text.find("\n", at) + 1 or len(text)
    return at


def _blank_end(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _document_end(text: str, at: int) -> tuple[int, Flaw | None]:
    if text[at] in "{[":
        try:
            return _decoder.raw_decode(text, at)[1], None
        except (ValueError, RecursionError):
            pass
    newline = text.find("\n", at)
    return (len(text) if newline < 0 else newline), NOT_JSON


def decoded(text: str) -> Any:
    """Return a JSON text's value; raises ValueError for what RFC 8259 does not allow."""
    return _decoder.decode(text)


def is_document(text: str) -> bool:
    """Whether a text is one JSON object and nothing else."""
    return text.lstrip().startswith("{") and is_value(text)


def is_value(text: str) -> bool:
    """Whether a text is one JSON value and nothing else."""
    try:
        _decoder.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def compact(raw: str) -> str:
    """Return JSON text without white space between its tokens."""
    return _STRING_OR_BLANK.sub(lambda found: found[1] or "", raw)


def members(text: str) -> dict[str, str]:
    """Return an object's members as the JSON texts of their values."""
    found: dict[str, str] = {}
    at = _blank_end(text, 1)
    while text[at] == '"':
        name, at = scanstring(text, at + 1)
        start = _blank_end(text, _blank_end(text, at) + 1)
        end = _decoder.raw_decode(text, start)[1]
        if name in found:
            raise NotEmulated(f"COPY of a JSON object with two members {name}")
        found[name] = text[start:end]
        at = _blank_end(text, end)
        at = _blank_end(text, at + 1) if text[at] == "," else at
    return found


def _elements(text: str) -> list[str]:
    found, at = list[str](), _blank_end(text, 1)
    while text[at] != "]":
        end = _decoder.raw_decode(text, at)[1]
        found.append(text[at:end])
        at = _blank_end(text, end)
        at = _blank_end(text, at + 1) if text[at] == "," else at
    return found


Pick = Callable[[str], Sequence[str | None]]
"""From a document's text to one JSON text, or none, for each column."""


def by_name(names: Sequence[str]) -> Pick:
    """Match members to columns by name, case and all."""

    def pick(text: str) -> Sequence[str | None]:
        found = members(text)
        return [found.get(name) for name in names]

    return pick


def by_folded_name(names: Sequence[str]) -> Pick:
    """Match members to columns whatever the case of their names."""

    def pick(text: str) -> Sequence[str | None]:
        found = members(text)
        folded = {name.lower(): raw for name, raw in found.items()}
        if len(folded) != len(found):
            raise NotEmulated("COPY of JSON members that differ in case only")
        return [folded.get(name) for name in names]

    return pick


def whole(names: Sequence[str]) -> Pick:
    """Load each document as the one column's value."""
    if len(names) != 1:
        raise NotEmulated("COPY with JSON 'noshred' into more than one column")
    return lambda text: [text]


def by_paths(paths: Sequence[Sequence[Step]]) -> Pick:
    """Follow one path for each column."""
    return lambda text: [_follow(text, path) for path in paths]


class NotInArray(Exception):
    """A path's array element is not there."""


def _follow(text: str, path: Sequence[Step]) -> str | None:
    raw: str | None = text
    for step in path:
        if raw is None:
            return None
        if isinstance(step, int):
            elements = _elements(raw) if raw.startswith("[") else []
            if step >= len(elements):
                raise NotInArray
            raw = elements[step]
        else:
            raw = members(raw).get(step) if raw.startswith("{") else None
    return raw


def read_paths(body: bytes, count: int) -> list[list[Step]] | None:
    """Read a JSONPaths file; None where its one member has another name than `jsonpaths`."""
    try:
        parsed: Mapping[str, Any] = json.loads(body)
        if "jsonpaths" not in parsed:
            return None
        paths = [_steps(path) for path in parsed["jsonpaths"]]
    except (ValueError, TypeError) as error:
        raise StatementError("Invalid JSONPaths file: it is no JSON object of paths") from error
    if len(paths) != count:
        raise StatementError(
            f"Number of jsonpaths and the number of columns should match. "
            f"JSONPath size: {len(paths)}, Number of columns in table or column list: {count}"
        )
    return paths


def _steps(path: str) -> list[Step]:
    if not isinstance(path, str) or not path.startswith("$"):
        raise StatementError(f"Invalid JSONPath format: {path}")
    steps, at, notations = list[Step](), 1, set[str]()
    while at < len(path):
        found = _STEP.match(path, at)
        if not found:
            raise StatementError(f"Invalid JSONPath format: {path}")
        dotted, index, bracketed = found.groups()
        notations |= {"dot"} if dotted else {"bracket"} if bracketed is not None else set()
        steps.append(int(index) if index is not None else dotted or bracketed)
        at = found.end()
    if len(notations) > 1:
        raise StatementError(f"Invalid JSONPath format: {path} mixes two notations")
    return steps


def records(
    text: str, options: CopyOptions, pick: Pick, of_super: Sequence[bool]
) -> Iterator[Record]:
    """Yield one record for each document."""
    for document in documents(text, options.ignored_lines):
        if document.flaw:
            yield Record(document.line, document.text, flaw=document.flaw)
            continue
        if len(document.text.encode()) > LARGEST_DOCUMENT_BYTES:
            raise StatementError("a JSON object is larger than 4 MB")
        if document.text.startswith("[") and options.json in ("auto", "auto ignorecase"):
            yield Record(document.line, document.text, flaw=NOT_JSON)
            continue
        try:
            picked = pick(document.text)
        except NotInArray:
            yield Record(document.line, document.text, flaw=NOT_IN_ARRAY)
            continue
        pairs = zip(picked, of_super, strict=True)
        fields = tuple(_field(raw, is_super=is_super) for raw, is_super in pairs)
        yield Record(document.line, document.text, fields)


def _field(raw: str | None, *, is_super: bool) -> str | None:
    if raw is None or raw == "null":
        return None
    if is_super or raw[0] in "{[":
        return compact(raw)
    if raw[0] == '"':
        text: str = json.loads(raw)
        return text
    return raw
