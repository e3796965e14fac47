"""Reads Redshift's SQL text: tokens, named parameters and the syntax tree."""

import itertools
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import SqlglotError
from sqlglot.parsers.redshift import RedshiftParser
from sqlglot.tokenizer_core import Token, TokenType

from local.redshift_data.bounded import Bounded
from local.redshift_data.dialect.interval_syntax import IntervalParser
from local.redshift_data.dialect.partiql import PartiqlParser
from local.redshift_data.errors import NotEmulated, StatementError

# sqlglot warns when it falls back to an opaque command; the gate refuses those.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

_NOT_REDSHIFT_TYPES = frozenset(
    [
        "STRING",
        "BYTEA",
        "BLOB",
        "JSON",
        "JSONB",
        "UUID",
        "DATETIME",
        "TINYINT",
        "HUGEINT",
        "INT1",
        "UTINYINT",
        "MEDIUMINT",
        "NUMBER",
        "BIGDECIMAL",
        "LONGTEXT",
        "MEDIUMTEXT",
        "TINYTEXT",
        "LONG",
        "ULONG",
        "UBIGINT",
        "UINT",
    ]
)
_PARSED_SPECIALLY = (
    "CAST",
    "CONVERT",
    "EXTRACT",
    "OBJECT_TRANSFORM",
    "SUBSTRING",
    "TRIM",
    "TRY_CAST",
)
_TEXTS_KEPT = 1_000
_CHARACTERS_KEPT = 500_000
_LONGEST_TEXT_KEPT = 20_000
"""Characters; longer texts carry inline values and hardly ever come again."""

_PLACEHOLDER = "bound{}"
_EXCLUSIVE_OR = "\x1a"
"""Stands for the operator #, with which sqlglot lets a name begin."""


class RedshiftSyntax(Redshift):
    """Redshift as sqlglot reads it, but function names arrive as they were written."""

    class Tokenizer(Redshift.Tokenizer):
        """Without the type names that only other databases have."""

        KEYWORDS: ClassVar = {
            word: token
            for word, token in Redshift.Tokenizer.KEYWORDS.items()
            if word not in _NOT_REDSHIFT_TYPES
        }
        COMMANDS: ClassVar = set[TokenType]()
        SINGLE_TOKENS: ClassVar = {
            **Redshift.Tokenizer.SINGLE_TOKENS,
            _EXCLUSIVE_OR: TokenType.HASH,
        }

    class Parser(PartiqlParser, IntervalParser):
        """Every call is anonymous, so that the allow-list sees Redshift's own name."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar = {
            name: parse
            for name, parse in RedshiftParser.FUNCTION_PARSERS.items()
            if name in _PARSED_SPECIALLY
        }


@dataclass(frozen=True)
class Text:
    """One statement's text with its parameters numbered in order of first use."""

    sql: str
    tokens: tuple[Token, ...]
    parameters: tuple[str, ...]
    original: str = ""
    """The statement as it came; the tokens' positions are in it."""

    @property
    def words(self) -> tuple[str, ...]:
        """Every token in upper case, for statements that are read word by word."""
        return tuple(token.text.upper() for token in self.tokens)


_kept = Bounded[str, Text](_TEXTS_KEPT, _CHARACTERS_KEPT)


def tokenize(sql: str) -> list[Token]:
    """Split a statement into tokens; raises StatementError where a quote never ends."""
    try:
        return list(RedshiftSyntax().tokenize(sql))
    except SqlglotError as error:
        raise StatementError(f"syntax error: {error}") from error


def read(sql: str) -> Text:
    """Tokenize, and write each `:name` as `:bound<k>`, which any name survives parsing as.

    Parameters are found outside of strings and comments, and `::` casts are none.
    """
    text = _kept.get(sql)
    if text is None:
        text = _read(sql)
        if len(sql) <= _LONGEST_TEXT_KEPT:
            _kept.keep(sql, text, len(sql))
    return text


def _read(sql: str) -> Text:
    tokens = tokenize(sql)
    # COPY and UNLOAD read the codes of a delimiter themselves.
    if "\\" in sql and tokens[0].text.upper() not in ("COPY", "UNLOAD"):
        _refuse_escapes(sql, tokens)
    names: list[str] = []
    edits: list[tuple[int, int, str]] = []
    for colon, name in _parameter_tokens(tokens):
        if name.text not in names:
            names.append(name.text)
        written = ":" + _PLACEHOLDER.format(names.index(name.text))
        edits.append((colon.start, name.end + 1, written))
    edits += [(first.start, last.end + 1, " ") for first, last in _automatic_layout(tokens)]
    edits += [(t.start, t.end + 1, _EXCLUSIVE_OR) for t in tokens if _is_exclusive_or(t)]
    return Text(_edited(sql, sorted(edits)), tuple(_without_end(tokens)), tuple(names), sql)


def _edited(sql: str, edits: list[tuple[int, int, str]]) -> str:
    pieces, position = [], 0
    for start, end, written in edits:
        pieces += [sql[position:start], written]
        position = end
    return "".join([*pieces, sql[position:]])


def _refuse_escapes(sql: str, tokens: list[Token]) -> None:
    r"""Refuse what sqlglot may read otherwise: octal and hexadecimal codes, \a and \v."""
    for token in tokens:
        if token.token_type is TokenType.STRING:
            for escaped in re.findall(r"\\(0\d|.)", sql[token.start : token.end + 1], re.DOTALL):
                if escaped[0] in "123456789xav" or len(escaped) > 1:
                    raise NotEmulated(f"the escape \\{escaped} in a string")


def _is_exclusive_or(token: Token) -> bool:
    return token.text == "#" and token.token_type is TokenType.VAR


def _automatic_layout(tokens: list[Token]) -> Iterable[tuple[Token, Token]]:
    """Yield SORTKEY AUTO and ENCODE AUTO: the defaults, and unknown to sqlglot."""
    if not tokens or tokens[0].text.upper() != "CREATE":
        return
    for first, last in itertools.pairwise(tokens):
        if (first.text.upper(), last.text.upper()) in (("SORTKEY", "AUTO"), ("ENCODE", "AUTO")):
            yield first, last


def parse(text: Text) -> exp.Expr:
    """Return the one statement in the text as a tree."""
    _refuse_unparsed(text)
    try:
        statements = [tree for tree in sqlglot.parse(text.sql, read=RedshiftSyntax) if tree]
    except (SqlglotError, RecursionError) as error:
        raise StatementError(f"syntax error: {_first_line(error)}") from error
    if len(statements) != 1:
        raise StatementError("Invalid operation: exactly one SQL statement is allowed")
    return statements[0]


def _refuse_unparsed(text: Text) -> None:
    """Refuse what Redshift reads and the parser does not, rather than call it a syntax error."""
    for first, last in itertools.pairwise(text.tokens):
        after = last.text.upper()
        if first.text.upper() == "APPROXIMATE" and after in ("COUNT", "PERCENTILE_DISC"):
            raise NotEmulated(f"APPROXIMATE {after}: an exact result is another one")
        if first.token_type is TokenType.PARAMETER:
            raise NotEmulated("operator @: use ABS")


def only(node: exp.Expr, *allowed: str) -> None:
    """Refuse a node with a clause that its translation would silently drop."""
    for name, value in node.args.items():
        if name not in allowed and value not in (None, False, []):
            raise NotEmulated(f"{name.strip('_').upper()} in {node.key.upper()}")


def _first_line(error: Exception) -> str:
    return str(error).split("\n", maxsplit=1)[0]


def _without_end(tokens: list[Token]) -> Iterable[Token]:
    return (token for token in tokens if token.token_type is not TokenType.SEMICOLON)


def _parameter_tokens(tokens: list[Token]) -> Iterable[tuple[Token, Token]]:
    for before, token in itertools.pairwise(tokens):
        adjacent = before.end + 1 == token.start
        wordlike = token.text.replace("_", "").isalnum() and token.text.isascii()
        quoted = token.token_type in (TokenType.STRING, TokenType.IDENTIFIER)
        if before.token_type is TokenType.COLON and adjacent and wordlike and not quoted:
            yield before, token
