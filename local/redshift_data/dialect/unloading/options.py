"""UNLOAD's options: read word by word, and refused where they do not go together."""

from dataclasses import dataclass
from typing import Any

from local.redshift_data.dialect.clauses import Clauses, read_clauses
from local.redshift_data.dialect.load.literals import read_characters
from local.redshift_data.dialect.load.options import read_widths
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

TEXT, CSV, FIXED_WIDTH, JSON, PARQUET = "text", "csv", "fixedwidth", "json", "parquet"
MEGABYTE = 1024 * 1024
LARGEST_FILE_BYTES = int(6.2 * 1024 * MEGABYTE)
_SMALLEST_MAXIMUM_BYTES = 5 * MEGABYTE
_COMPRESSIONS = {"BZIP2": "bz2", "GZIP": "gz", "ZSTD": "zst"}
_FLAGS = ("ADDQUOTES", "ALLOWOVERWRITE", "CLEANPATH", "ESCAPE", "HEADER")
_OTHER = ("ENCRYPTED", "KMS_KEY_ID", "MASTER_SYMMETRIC_KEY", "ROWGROUPSIZE")
_WITH_WORDS = {"PARQUET": PARQUET, "CSV": CSV, "JSON": JSON}
_NEVER_WITH = {
    CSV: ("ESCAPE", "FIXEDWIDTH", "ADDQUOTES"),
    FIXED_WIDTH: ("DELIMITER", "HEADER"),
    JSON: ("DELIMITER", "HEADER", "FIXEDWIDTH", "ADDQUOTES", "ESCAPE", "NULL"),
    PARQUET: (
        "DELIMITER", "FIXEDWIDTH", "ADDQUOTES", "ESCAPE", "NULL", "HEADER", "compression",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class UnloadOptions:
    """How the files are written, and what may be in their way."""

    format: str = TEXT
    delimiter: str = "|"
    widths: tuple[int, ...] = ()
    compression: str = ""
    """The extension that goes with it, or nothing."""
    extension: str | None = None
    null_as: str | None = None
    flags: frozenset[str] = frozenset()
    partition_by: tuple[str, ...] = ()
    include: bool = False
    manifest: str = ""
    """MANIFEST, VERBOSE or nothing."""
    parallel: bool = True
    max_bytes: int = LARGEST_FILE_BYTES

    def has(self, flag: str) -> bool:
        """Whether an option without an argument is set."""
        return flag in self.flags

    @property
    def suffix(self) -> str:
        """What file names end with."""
        if self.extension is not None:
            return f".{self.extension}"
        kinds = "parquet" if self.format == PARQUET else self.compression
        return f".{kinds}" if kinds else ""


def read_options(words: Words) -> UnloadOptions:
    """Read everything behind the target; raises StatementError or NotEmulated."""
    return _checked(read_clauses(words, "UNLOAD", _option))


def _option(words: Words, found: dict[str, Any]) -> str:
    if flag := words.one_of(*_FLAGS):
        return flag
    if words.take("FORMAT"):
        words.take("AS")
        if not words.ahead("CSV", "JSON", "PARQUET"):
            raise words.unexpected()
    if kind := words.one_of(*_WITH_WORDS):
        found["format"] = _WITH_WORDS[kind]
        return "format"
    if compression := words.one_of(*_COMPRESSIONS):
        found["compression"] = _COMPRESSIONS[compression]
        return "compression"
    if other := words.one_of(*_OTHER):
        raise NotEmulated(f"UNLOAD with {other}")
    name = words.one_of(*_ARGUMENTS)
    if not name:
        raise words.unexpected()
    _ARGUMENTS[name](words, found)
    return name


def _partition(words: Words, found: dict[str, Any]) -> None:
    found["partition_by"] = words.names()
    found["include"] = words.take("INCLUDE")


def _manifest(words: Words, found: dict[str, Any]) -> None:
    found["manifest"] = words.one_of("VERBOSE") or "MANIFEST"


def _delimiter(words: Words, found: dict[str, Any]) -> None:
    words.take("AS")
    found["delimiter"] = read_characters(words)
    if len(found["delimiter"]) != 1 or not found["delimiter"].isascii():
        raise StatementError("UNLOAD delimiter must be a single ASCII character")


def _fixed_width(words: Words, found: dict[str, Any]) -> None:
    words.take("AS")
    found["format"] = FIXED_WIDTH
    found["widths"] = read_widths(words.string())


def _null(words: Words, found: dict[str, Any]) -> None:
    words.take("AS")
    found["null_as"] = read_characters(words)


def _parallel(words: Words, found: dict[str, Any]) -> None:
    found["parallel"] = words.one_of("ON", "TRUE", "OFF", "FALSE") not in ("OFF", "FALSE")


def _max_file_size(words: Words, found: dict[str, Any]) -> None:
    words.take("AS")
    size = words.next().text
    if not size.replace(".", "", 1).isdigit():
        raise StatementError(f'syntax error at or near "{size}"')
    unit = 1024 * MEGABYTE if words.one_of("MB", "GB") == "GB" else MEGABYTE
    found["max_bytes"] = int(float(size) * unit)
    if not _SMALLEST_MAXIMUM_BYTES <= found["max_bytes"] <= LARGEST_FILE_BYTES:
        raise StatementError("MAXFILESIZE must be between 5 MB and 6.2 GB")


def _region(words: Words, found: dict[str, Any]) -> None:
    del found
    words.take("AS")
    words.string()


def _extension(words: Words, found: dict[str, Any]) -> None:
    found["extension"] = words.string()


_ARGUMENTS = {
    "DELIMITER": _delimiter,
    "EXTENSION": _extension,
    "FIXEDWIDTH": _fixed_width,
    "MANIFEST": _manifest,
    "MAXFILESIZE": _max_file_size,
    "NULL": _null,
    "PARALLEL": _parallel,
    "PARTITION BY": _partition,
    "REGION": _region,
}


def _checked(reading: Clauses) -> UnloadOptions:
    seen, found = reading.seen, reading.found
    format_ = found.get("format", TEXT)
    for other in _NEVER_WITH.get(format_, ()):
        if other in seen:
            raise StatementError(f"{other.upper()} cannot be used with {format_.upper()} in UNLOAD")
    if {"CLEANPATH", "ALLOWOVERWRITE"} <= seen:
        raise StatementError("CLEANPATH cannot be used with ALLOWOVERWRITE in UNLOAD")
    if format_ == CSV:
        found.setdefault("delimiter", ",")
    return UnloadOptions(flags=frozenset(seen.intersection(_FLAGS)), **found)
