"""COPY's options: read word by word, and refused where they do not go together."""

from dataclasses import dataclass
from typing import Any

from local.redshift_data.dialect.clauses import Clauses, read_clauses
from local.redshift_data.dialect.load.literals import read_characters
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

TEXT, CSV, FIXED_WIDTH, JSON, PARQUET = "text", "csv", "fixedwidth", "json", "parquet"
NULL_MARK = "\\N"
ENCODINGS = {
    "UTF8": "utf-8",
    "UTF16": "utf-16",
    "UTF16LE": "utf-16-le",
    "UTF16BE": "utf-16-be",
    "ISO88591": "latin-1",
}
_JSON = ("auto", "auto ignorecase", "noshred")
_COMPRESSIONS = ("GZIP", "BZIP2", "ZSTD")
_FLAGS = (
    "ACCEPTANYDATE",
    "BLANKSASNULL",
    "EMPTYASNULL",
    "ESCAPE",
    "EXPLICIT_IDS",
    "FILLRECORD",
    "IGNOREALLERRORS",
    "IGNOREBLANKLINES",
    "MANIFEST",
    "NOLOAD",
    "REMOVEQUOTES",
    "ROUNDEC",
    "SERIALIZETOJSON",
    "TRIMBLANKS",
    "TRUNCATECOLUMNS",
)
_WITHOUT_EFFECT = ("COMPUPDATE", "STATUPDATE")
_OTHER = (
    "AVRO", "ENCRYPTED", "LZOP", "MASTER_SYMMETRIC_KEY", "ORC", "READRATIO", "SHAPEFILE", "SSH",
)  # fmt: skip
_NEVER_WITH = {
    CSV: ("FIXEDWIDTH", "REMOVEQUOTES", "ESCAPE"),
    FIXED_WIDTH: ("CSV", "DELIMITER", "ESCAPE"),
    JSON: (
        "CSV", "DELIMITER", "ESCAPE", "FILLRECORD", "FIXEDWIDTH", "IGNOREBLANKLINES", "NULL",
        "REMOVEQUOTES",
    ),
}  # fmt: skip
_WITH_PARQUET = (
    "PARQUET", "ACCEPTINVCHARS", "FILLRECORD", "STATUPDATE", "MANIFEST", "EXPLICIT_IDS",
    "SERIALIZETOJSON",
)  # fmt: skip
_MOST_ERRORS = 100_000
_COMPROWS = range(1_000, 2**31)


@dataclass(frozen=True)
class CopyOptions:
    """How the data is written, and what to do with what is wrong."""

    format: str = TEXT
    json: str = "auto"
    """auto, auto ignorecase, noshred or the address of a JSONPaths file."""
    delimiter: str = "|"
    quote: str = '"'
    widths: tuple[int, ...] = ()
    compression: str = ""
    null_as: str = NULL_MARK
    flags: frozenset[str] = frozenset()
    ignored_lines: int = 0
    max_error: int | None = 0
    """Errors at which the load fails; None is never."""
    replacement: str = ""
    """What takes the place of each byte of an invalid character."""
    date_format: str = ""
    time_format: str = ""
    encoding: str = "utf-8"

    def has(self, flag: str) -> bool:
        """Whether an option without an argument is set."""
        return flag in self.flags


def read_options(words: Words) -> CopyOptions:
    """Read everything behind the data source; raises StatementError or NotEmulated."""
    return _checked(read_clauses(words, "COPY", _option))


def _option(words: Words, found: dict[str, Any]) -> str:
    if flag := words.one_of(*_FLAGS):
        return flag
    if words.take("FORMAT"):
        words.take("AS")
        return _format(words, found)
    if words.ahead("CSV", "JSON", "PARQUET", "FIXEDWIDTH"):
        return _format(words, found)
    if compression := words.one_of(*_COMPRESSIONS):
        found["compression"] = compression
        return "compression"
    if setting := words.one_of(*_WITHOUT_EFFECT):
        words.one_of("ON", "OFF", "TRUE", "FALSE", "PRESET")
        return setting
    if other := words.one_of(*_OTHER):
        raise NotEmulated(f"COPY with {other}")
    return _with_argument(words, found)


def _format(words: Words, found: dict[str, Any]) -> str:
    if words.take("CSV"):
        found["format"] = CSV
        if words.take("QUOTE"):
            found["quote"] = _one_character("QUOTE", words)
        return "CSV"
    if words.take("JSON"):
        found["format"] = JSON
        words.take("AS")
        if words.is_string():
            found["json"] = words.string()
            if found["json"] not in _JSON and not found["json"].startswith("s3://"):
                raise StatementError(f"Invalid JSON option '{found['json']}'")
        return "JSON"
    if words.take("PARQUET"):
        found["format"] = PARQUET
        return "PARQUET"
    if words.take("FIXEDWIDTH"):
        found["format"] = FIXED_WIDTH
        words.take("AS")
        found["widths"] = read_widths(words.string())
        return "FIXEDWIDTH"
    raise NotEmulated(f"COPY FORMAT {words.next().text.upper()}")


def read_widths(specification: str) -> tuple[int, ...]:
    """Read 'label:width, ...'; raises StatementError."""
    widths = [part.rpartition(":")[2].strip() for part in specification.split(",")]
    if not all(width.isdigit() and int(width) for width in widths):
        raise StatementError(f"Invalid fixedwidth specification: {specification}")
    return tuple(map(int, widths))


def _with_argument(words: Words, found: dict[str, Any]) -> str:
    name = words.one_of(*_ARGUMENTS)
    if not name:
        raise words.unexpected()
    words.take("AS")
    _ARGUMENTS[name](words, found)
    return name


def _delimiter(words: Words, found: dict[str, Any]) -> None:
    found["delimiter"] = read_characters(words)
    if not found["delimiter"]:
        raise StatementError("COPY delimiter must not be empty")


def _one_character(option: str, words: Words) -> str:
    words.take("AS")
    character = read_characters(words)
    if len(character) != 1:
        raise StatementError(f"{option} must be a single character")
    return character


def _null(words: Words, found: dict[str, Any]) -> None:
    found["null_as"] = read_characters(words)
    if "\n" in found["null_as"]:
        raise StatementError("NULL AS must not be a newline")


def _ignore_header(words: Words, found: dict[str, Any]) -> None:
    found["ignored_lines"] = words.number()
    if found["ignored_lines"] < 0:
        raise StatementError("IGNOREHEADER must not be negative")


def _max_error(words: Words, found: dict[str, Any]) -> None:
    found["max_error"] = words.number()
    if not 0 <= found["max_error"] <= _MOST_ERRORS:
        raise StatementError(f"MAXERROR must be between 0 and {_MOST_ERRORS}")


def _comprows(words: Words, found: dict[str, Any]) -> None:
    del found
    if words.number() not in _COMPROWS:
        raise StatementError("COMPROWS must be between 1000 and 2147483647")


def _accept_invalid(words: Words, found: dict[str, Any]) -> None:
    found["replacement"] = _one_character("ACCEPTINVCHARS", words) if words.is_string() else "?"
    if not found["replacement"].isascii() or found["replacement"] == "\0":
        raise StatementError("ACCEPTINVCHARS needs an ASCII character other than NULL")


def _date_format(words: Words, found: dict[str, Any]) -> None:
    found["date_format"] = words.string()


def _time_format(words: Words, found: dict[str, Any]) -> None:
    found["time_format"] = words.string()


def _encoding(words: Words, found: dict[str, Any]) -> None:
    name = words.next().text.upper()
    if name not in ENCODINGS:
        raise StatementError(f"Invalid ENCODING {name}")
    found["encoding"] = ENCODINGS[name]


def _region(words: Words, found: dict[str, Any]) -> None:
    del found
    words.string()


_ARGUMENTS = {
    "ACCEPTINVCHARS": _accept_invalid,
    "COMPROWS": _comprows,
    "DATEFORMAT": _date_format,
    "DELIMITER": _delimiter,
    "ENCODING": _encoding,
    "IGNOREHEADER": _ignore_header,
    "MAXERROR": _max_error,
    "NULL": _null,
    "REGION": _region,
    "TIMEFORMAT": _time_format,
}


def _checked(reading: Clauses) -> CopyOptions:
    seen, found = reading.seen, reading.found
    format_ = found.get("format", TEXT)
    for other in _NEVER_WITH.get(format_, ()):
        if other in seen:
            raise StatementError(f"{other} cannot be used with {format_.upper()} in COPY")
    if format_ == PARQUET:
        for name in sorted(seen.difference(_WITH_PARQUET)):
            raise StatementError(f"{name.upper()} argument is not supported for PARQUET based COPY")
    elif "SERIALIZETOJSON" in seen:
        raise StatementError("SERIALIZETOJSON is for PARQUET and ORC only")
    if {"IGNOREALLERRORS", "MAXERROR"} <= seen:
        raise StatementError("IGNOREALLERRORS cannot be used with MAXERROR in COPY")
    if format_ == FIXED_WIDTH and found.get("encoding", "utf-8") != "utf-8":
        raise StatementError("FIXEDWIDTH data must be UTF-8")
    if "IGNOREALLERRORS" in seen:
        found["max_error"] = None
    if format_ == CSV:
        found.setdefault("delimiter", ",")
    return CopyOptions(flags=frozenset(seen.intersection(_FLAGS)), **found)
