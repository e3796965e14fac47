"""Cut the text of a query into its words and signs."""

import re
from dataclasses import dataclass

_PART = r"(?:[A-Za-z_]\w*|`[^`\n]+`)"
_TOKEN = re.compile(
    rf"""
      (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<regex>/(?:[^/\\\n]|\\.)+/)
    | (?P<period>\d+[a-z]+(?![\w.]))
    | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    | (?P<word>@{{0,2}}{_PART}(?:\.(?:\w+|`[^`\n]+`))*)
    | (?P<sign><=|>=|!=|=~|[=<>()\[\],|*])
    """,
    re.VERBOSE,
)
_SPACE = re.compile(r"(?:\s+|\#[^\n]*)*")


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
    """A piece of a query, with its offsets."""

    kind: str  # text, regex, period, number, word, sign or end
    text: str
    start: int
    end: int

    def refused(self, expected: str) -> MalformedQuery:
        """Make the error that something else should stand here."""
        found = repr(self.text) if self.text else "the end"
        return MalformedQuery(f"expected {expected}, found {found}", self.start, self.end)


def tokens_of(query: str) -> list[Token]:
    """Return the tokens of a query, without spaces and comments; raises MalformedQuery."""
    tokens = []
    place = _skipped(query, 0)
    while place < len(query):
        found = _TOKEN.match(query, place)
        if not found:
            raise MalformedQuery(f"unexpected {query[place]!r}", place, place + 1)
        tokens.append(Token(str(found.lastgroup), found[0], place, found.end()))
        place = _skipped(query, found.end())
    return [*tokens, Token("end", "", len(query), len(query))]


def _skipped(query: str, place: int) -> int:
    found = _SPACE.match(query, place)
    return found.end() if found else place
