"""BACKUP, DISTSTYLE, DISTKEY, SORTKEY and ENCODE: checked by Redshift's rules and remembered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from local.redshift_data.catalog import Column, Layout, Table
from local.redshift_data.dialect.types import RedshiftType
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import StatementError

MOST_COLUMNS = 1_600
_MOST_COMPOUND, _MOST_INTERLEAVED = 400, 8
_STYLES = ("AUTO", "EVEN", "KEY", "ALL")
_INTEGERS = ("int2", "int4", "int8")
_EXACT = (*_INTEGERS, "numeric")
_MOMENTS = ("date", "timestamp", "timestamptz")
_TEXTS = ("bpchar", "varchar")
_FLOATS = ("float4", "float8")
KEY_TYPES = (*_EXACT, *_FLOATS, *_MOMENTS, *_TEXTS, "bool", "time", "timetz")
"""The types that a distribution or sort key can have."""

# The table at the end of dg/c_Compression_encodings; TIME is not in it.
_TYPES_OF_ENCODING = {
    "AZ64": (*_EXACT, *_MOMENTS, "time", "timetz"),
    "BYTEDICT": (*_EXACT, *_FLOATS, *_TEXTS, *_MOMENTS),
    "DELTA": ("int2", "int4", "int8", "date", "timestamp", "numeric"),
    "DELTA32K": ("int4", "int8", "date", "timestamp", "numeric"),
    "LZO": (*_EXACT, *_TEXTS, *_MOMENTS, "super", "varbyte"),
    "MOSTLY8": (*_INTEGERS, "numeric"),
    "MOSTLY16": ("int4", "int8", "numeric"),
    "MOSTLY32": ("int8", "numeric"),
    "RUNLENGTH": (*_EXACT, *_FLOATS, *_TEXTS, *_MOMENTS, "bool"),
    "TEXT255": ("varchar",),
    "TEXT32K": ("varchar",),
    "ZSTD": (*_EXACT, *_FLOATS, *_TEXTS, *_MOMENTS, "bool", "super", "varbyte"),
}
_AUTOMATIC = {
    **dict.fromkeys((*_EXACT, *_MOMENTS, "time", "timetz"), "az64"),
    **dict.fromkeys((*_TEXTS, "varbyte"), "lzo"),
}


@dataclass(frozen=True)
class Written:
    """The table attributes of one statement; None where it says nothing."""

    backup: bool | None = None
    diststyle: str | None = None
    distkey: str | None = None
    sort_style: str | None = None
    sortkey: tuple[str, ...] = ()
    encode_auto: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the statement leaves everything to Redshift."""
        return self == Written()


def read_layout(words: Words) -> Written:
    """Read table attributes, in any order, as far as they go."""
    written = Written()
    while more := _read_one(words, written):
        written = more
    return written


def _read_one(words: Words, written: Written) -> Written | None:
    if words.take("BACKUP"):
        return replace(written, backup=_yes(words))
    if words.take("DISTSTYLE"):
        return replace(written, diststyle=_style(words))
    if words.take("DISTKEY"):
        if written.distkey:
            raise StatementError("only one column in a table can be the distribution key")
        return replace(written, distkey=_one_name(words))
    if words.take("ENCODE", "AUTO"):
        return replace(written, encode_auto=True)
    style = words.one_of("COMPOUND", "INTERLEAVED")
    if words.take("SORTKEY"):
        return _sort(words, written, style)
    if style:
        raise words.unexpected()
    return None


def _sort(words: Words, written: Written, style: str | None) -> Written:
    if written.sort_style:
        raise StatementError("a table can have only one sort key")
    if not style and words.take("AUTO"):
        return replace(written, sort_style="AUTO")
    return replace(written, sort_style=style or "COMPOUND", sortkey=words.names())


def _yes(words: Words) -> bool:
    if answer := words.one_of("YES", "NO"):
        return answer == "YES"
    raise words.unexpected()


def _style(words: Words) -> str:
    if style := words.one_of(*_STYLES):
        return style
    raise words.unexpected()


def _one_name(words: Words) -> str:
    names = words.names()
    if len(names) != 1:
        raise StatementError("only one column in a table can be the distribution key")
    return names[0]


def settle_layout(written: Written, columns: Sequence[Column]) -> Layout:
    """Return the layout that the attributes of one table make; raises StatementError."""
    by_name = {column.name: column for column in columns}
    _check_distribution(written)
    if written.distkey:
        check_key(written.distkey, by_name, "DISTKEY")
    check_sortkey(written.sort_style or "AUTO", written.sortkey, by_name)
    encoded = any(column.encoding for column in columns)
    return Layout(
        "KEY" if written.distkey else written.diststyle or "AUTO",
        written.distkey or "",
        written.sort_style or "AUTO",
        written.sortkey,
        written.encode_auto or not encoded,
        written.backup is not False,
    )


def _check_distribution(written: Written) -> None:
    if written.distkey and written.diststyle not in (None, "KEY"):
        raise StatementError(f"Cannot specify DISTKEY for a DISTSTYLE {written.diststyle} table")
    if written.diststyle == "KEY" and not written.distkey:
        raise StatementError("No DISTKEY column specified for DISTSTYLE KEY table")


def check_sortkey(style: str, names: Sequence[str], by_name: dict[str, Column]) -> None:
    """Raise StatementError for a sort key that no table can have."""
    most = _MOST_INTERLEAVED if style == "INTERLEAVED" else _MOST_COMPOUND
    if len(names) > most:
        raise StatementError(f"a sort key can have at most {most} columns")
    if len(set(names)) != len(names):
        raise StatementError("a column is specified more than once in the sort key")
    for name in names:
        check_key(name, by_name, "SORTKEY")


def check_key(name: str, by_name: dict[str, Column], role: str) -> None:
    """Raise StatementError where no key can be made of a column."""
    if name not in by_name:
        raise StatementError(f'column "{name}" named in {role} does not exist')
    type_ = by_name[name].type
    if type_.name not in KEY_TYPES:
        raise StatementError(f'column "{name}" of type {type_.family} cannot be a {role} column')


def read_encoding(words: Words, type_: RedshiftType) -> str:
    """Read an encoding that columns of a type can have; empty for AUTO."""
    encoding = words.next().text.upper()
    if encoding in ("RAW", "NONE"):
        return "none"
    if encoding == "AUTO":
        return ""
    if encoding not in _TYPES_OF_ENCODING:
        raise StatementError(f'invalid encoding type "{encoding.lower()}"')
    if type_.name not in _TYPES_OF_ENCODING[encoding]:
        raise StatementError(
            f'invalid encoding type "{encoding.lower()}" for column of type {type_.family}'
        )
    return encoding.lower()


def encoding_of(column: Column, table: Table) -> str | None:
    """Return the compression that a column has before Redshift has seen data.

    None for a type whose automatic encoding the guide does not name.
    """
    if column.encoding:
        return column.encoding
    if table.is_temporary or column.name in table.layout.sortkey:
        return "none"
    if column.type.name in (*_FLOATS, "bool", "super"):
        return "none"
    return _AUTOMATIC.get(column.type.name)


def sort_position(column: Column, layout: Layout) -> int:
    """Return a column's place in the sort key, every second one negative if interleaved."""
    if column.name not in layout.sortkey:
        return 0
    place = layout.sortkey.index(column.name) + 1
    return -place if layout.sort_style == "INTERLEAVED" and place % 2 else place
