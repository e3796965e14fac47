"""Which tables a statement locks and how, read off its words before its snapshot is taken."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from sqlglot.tokenizer_core import Token, TokenType

from local.redshift_data.bounded import Bounded
from local.redshift_data.dialect.syntax import read
from local.redshift_data.errors import StatementError


class Mode(IntEnum):
    """How a table is locked; two modes exclude each other where their sum is above 3."""

    READ = 1
    """Redshift's AccessShareLock."""

    WRITE = 2
    """ShareRowExclusiveLock: one writer at a time, and readers beside it."""

    ALONE = 3
    """AccessExclusiveLock: LOCK, TRUNCATE, ALTER and DROP keep even readers out."""


CATALOG = ""
"""Locked for writing by what changes the catalog; no table has this name."""

_WRITERS = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "COPY"})
_EXCLUSIVE = frozenset({"LOCK", "TRUNCATE", "DROP"})
_DATA_ONLY = frozenset({"LOCK", "TRUNCATE"})
_READERS = frozenset([
    "SELECT", "WITH", "(", "SHOW", "SET", "RESET", "UNLOAD", "ANALYZE", "VACUUM", "EXPLAIN",
    "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "USE", "DECLARE", "FETCH", "CLOSE",
])  # fmt: skip
_BEFORE_A_TARGET = frozenset({"INTO", "FROM", "ONLY", "TABLE", "IF", "NOT", "EXISTS"})
_NO_NAMES = frozenset([
    *_BEFORE_A_TARGET, "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "LOCK", "TRUNCATE",
    "ALTER", "DROP", "CREATE", "WITH", "AS", "WHERE", "AND", "OR", "ON", "USING", "SET", "VALUES",
    "JOIN", "IN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "OUTER", "GROUP", "ORDER", "BY",
    "HAVING", "IS", "LIMIT", "OFFSET", "UNION", "ALL", "DISTINCT", "NULL", "CASE", "WHEN", "THEN",
    "ELSE", "END", "BETWEEN", "LIKE", "CAST", "TRUE", "FALSE", "ASC", "DESC", "CASCADE",
    "RESTRICT", "VIEW", "MATERIALIZED", "COLUMN", "REFRESH", "ADD",
])  # fmt: skip
_TEMPORARY = ("TEMP", "TEMPORARY")
_SHAPES_KEPT = 1_000
_CHARACTERS_KEPT = 500_000


@dataclass(frozen=True)
class _Shape:
    """What one statement's words say, whatever tables there are."""

    locked: Mapping[str, Mode] = field(default_factory=dict)
    changes_catalog: bool = False
    makes_temporary: str | None = None


_kept = Bounded[str, _Shape](_SHAPES_KEPT, _CHARACTERS_KEPT)


def needs(statements: Iterable[str], temporary: Iterable[str]) -> dict[str, Mode]:
    """Return what a transaction locks, by name and in its strictest mode.

    Names are taken without their schema and whether or not they mean a table: what is locked
    must not change with search_path or while the transaction waits. That may lock too much,
    never too little. Temporary tables are nobody else's and take no lock.
    """
    private = set(temporary)
    needed: dict[str, Mode] = {}
    for sql in statements:
        shape = _shape(sql)
        shared = {name: mode for name, mode in shape.locked.items() if name not in private}
        for name, mode in shared.items():
            needed[name] = max(mode, needed.get(name, Mode.READ))
        if shape.makes_temporary:
            private.add(shape.makes_temporary)
        elif shape.changes_catalog and not _only_private(shape, private):
            needed[CATALOG] = Mode.WRITE
    return needed


def only_reads(sql: str) -> bool:
    """Whether a statement changes neither rows nor the catalog; an unreadable one fails there."""
    shape = _shape(sql)
    makes_nothing = not (shape.changes_catalog or shape.makes_temporary)
    return makes_nothing and max(shape.locked.values(), default=1) == Mode.READ


def _only_private(shape: _Shape, private: set[str]) -> bool:
    targets = [name for name, mode in shape.locked.items() if mode == Mode.ALONE]
    return bool(targets) and private.issuperset(targets)


def _shape(sql: str) -> _Shape:
    kept = _kept.get(sql)
    if kept is None:
        kept = _read_shape(sql)
        _kept.keep(sql, kept, len(sql))
    return kept


def _read_shape(sql: str) -> _Shape:
    try:
        tokens = read(sql).tokens
    except StatementError:
        return _Shape()
    start = _verb(tokens)
    return _shape_of(tokens[start], tokens[start + 1 :], tokens) if tokens else _Shape()


def _shape_of(verb: Token, rest: Sequence[Token], tokens: Sequence[Token]) -> _Shape:
    named, word = dict.fromkeys(_names(tokens), Mode.READ), _word(verb)
    if word in _WRITERS:
        return _Shape({**named, **_targets(rest, Mode.WRITE, 1)})
    if word in _EXCLUSIVE:
        locked = {**named, **_targets(rest, Mode.ALONE)}
        return _Shape(locked, changes_catalog=word not in _DATA_ONLY)
    if word == "REFRESH":
        return _Shape({**named, **_targets(rest, Mode.WRITE)}, changes_catalog=True)
    if word == "ALTER":
        return _Shape({**named, **_altered(rest)}, changes_catalog=True)
    if word in _READERS and "INTO" not in map(_word, rest):
        return _Shape(named)
    made = _made_temporary(word, rest)
    return _Shape(named, changes_catalog=made is None, makes_temporary=made)


def _verb(tokens: Sequence[Token]) -> int:
    """Return where the statement's own verb stands: behind what WITH defines."""
    if not tokens or _word(tokens[0]) != "WITH":
        return 0
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and _word(token) in ("SELECT", *_WRITERS):
            return at
    return 0


def _targets(tokens: Sequence[Token], mode: Mode, count: int | None = None) -> dict[str, Mode]:
    return dict.fromkeys(itertools.islice(_names(tokens), count), mode)


def _altered(tokens: Sequence[Token]) -> dict[str, Mode]:
    """Return the table altered and, with APPEND FROM, the one that its rows come from."""
    first, *rest = [*itertools.islice(_names(tokens), 3), ""]
    return dict.fromkeys([first, *(rest[1:] if rest[:1] == ["append"] else [])], Mode.ALONE)


def _names(tokens: Sequence[Token]) -> Iterable[str]:
    """Yield every word that can name a table, without the schema before it."""
    for token, after in itertools.zip_longest(tokens, tokens[1:]):
        qualifies = after is not None and after.token_type is TokenType.DOT
        if not qualifies and _is_name(token):
            yield token.text.lower()


def _is_name(token: Token) -> bool:
    if token.token_type in (TokenType.STRING, TokenType.NUMBER):
        return False
    if token.token_type is TokenType.IDENTIFIER:
        return True
    word = token.text
    return bool(word) and (word[0].isalpha() or word[0] in "_#") and word.upper() not in _NO_NAMES


def _word(token: Token) -> str:
    return (
        "" if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER) else token.text.upper()
    )


def _made_temporary(verb: str, rest: Sequence[Token]) -> str | None:
    """Return the name of the temporary table that CREATE or SELECT INTO makes."""
    words = [_word(token) for token in rest]
    at = words.index("INTO") + 1 if verb != "CREATE" and "INTO" in words else 0
    if verb != "CREATE" and not at:
        return None
    named = (name for name in _names(rest[at:]) if name.upper() not in (*_TEMPORARY, "LOCAL"))
    name = next(iter(named), "")
    declared = any(word in _TEMPORARY for word in words[at : at + 2])
    return name if declared or name.startswith("#") else None
