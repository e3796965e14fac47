"""Texts of queries cut into tokens, and a reader of these: of log queries and trace filters."""

import re
from dataclasses import dataclass

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class MalformedQuery(ValueError):
    """A query that is not understood; the message says at which character, counted from 1.

    `start` and `end` are offsets into its text, counted from 0.
    """

    def __init__(self, problem: str, start: int, end: int) -> None:
        super().__init__(f"{problem} at character {start + 1}")
        self.start = start
        self.end = end


@dataclass(frozen=True)
class Token:
    """A piece of a query, with its offsets; its kind is a group of its language's pattern, or `end`."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def unquoted(self) -> str:
        """The text between its quotes, with what is escaped in it."""
        return _ESCAPED.sub(r"\1", self.text[1:-1])

    def refused(self, expected: str) -> MalformedQuery:
        """Make the error that something else should stand here."""
        found = repr(self.text) if self.text else "the end"
        return MalformedQuery(f"expected {expected}, found {found}", self.start, self.end)


@dataclass(frozen=True)
class Language:
    """What the tokens of a language look like, and what may stand between them."""

    token: re.Pattern[str]
    space: re.Pattern[str] = re.compile(r"\s*")

    def tokens_of(self, query: str) -> list[Token]:
        """Cut a query into its tokens; raises MalformedQuery."""
        tokens = []
        place = self._skipped(query, 0)
        while place < len(query):
            found = self.token.match(query, place)
            if not found:
                raise MalformedQuery(f"unexpected {query[place]!r}", place, place + 1)
            tokens.append(Token(str(found.lastgroup), found[0], place, found.end()))
            place = self._skipped(query, found.end())
        return [*tokens, Token("end", "", len(query), len(query))]

    def _skipped(self, query: str, place: int) -> int:
        found = self.space.match(query, place)
        return found.end() if found else place


class TokenReader:
    """Reads tokens from left to right; a language adds a method for each rule of its grammar."""

    def __init__(self, query: str, language: Language) -> None:
        self._query = query
        self._tokens = language.tokens_of(query)
        self._place = 0

    @property
    def next(self) -> Token:
        """The token that is not taken yet."""
        return self._tokens[self._place]

    def take(self) -> Token:
        """Take the next token, whatever it is."""
        token = self.next
        self._place += token.kind != "end"
        return token

    def accept(self, kind: str, *texts: str) -> Token | None:
        """Take the next token if it is such a one, whatever its case."""
        token = self.next
        if token.kind != kind or (texts and token.text.lower() not in texts):
            return None
        return self.take()

    def expect(self, kind: str, meant: str, *texts: str) -> Token:
        """Take the next token, which must be such a one; `meant` tells what it stands for."""
        token = self.accept(kind, *texts)
        if not token:
            raise self.next.refused(meant)
        return token

    def expect_sign(self, sign: str) -> None:
        """Take the next token, which must be this sign."""
        self.expect("sign", repr(sign), sign)

    def text_from(self, start: int) -> str:
        """Return the query's text from an offset to the end of what was taken last."""
        return self._query[start : self._tokens[self._place - 1].end]
