"""Reads statements word by word, for the commands that sqlglot leaves opaque."""

from sqlglot.tokenizer_core import Token, TokenType

from local.redshift_data.dialect.names import cut_name, is_plain_name
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.errors import StatementError


class Words:
    """The statement's tokens and how far they are read; raises StatementError off the path."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._tokens = text.tokens
        self._at = 0

    @property
    def done(self) -> bool:
        """Whether everything is read."""
        return self._at >= len(self._tokens)

    def next(self) -> Token:
        """Return the next token."""
        if self.done:
            raise StatementError("syntax error at end of input")
        token = self._tokens[self._at]
        self._at += 1
        return token

    def take(self, *words: str) -> bool:
        """Read these words if they come next."""
        ahead = self._tokens[self._at : self._at + len(words)]
        matched = tuple(_keyword(token) for token in ahead) == words
        self._at += len(words) if matched else 0
        return matched

    def expect(self, *words: str) -> None:
        """Read these words, which must come next."""
        if not self.take(*words):
            raise self.unexpected()

    def ahead(self, *choices: str) -> bool:
        """Whether one of these single words comes next."""
        return not self.done and _keyword(self._tokens[self._at]) in choices

    def one_of(self, *choices: str) -> str | None:
        """Read one of these single words if one comes next."""
        return next((choice for choice in choices if self.take(choice)), None)

    def identifier(self) -> str:
        """Read a name, folded to lower case."""
        token = self.next()
        if token.token_type is TokenType.STRING or not token.text.strip('"'):
            raise StatementError(f'syntax error at or near "{token.text}"')
        return token.text.lower()

    def quoted_name(self) -> str:
        """Read a user's name as it is written: case matters in `IAMR:Role`."""
        token = self.next()
        if token.token_type is TokenType.STRING:
            raise StatementError(f'syntax error at or near "{token.text}"')
        return token.text if token.token_type is TokenType.IDENTIFIER else token.text.lower()

    def table_name(self) -> tuple[str, str | None]:
        """Read `table` or `schema.table` as (table, schema)."""
        name = self.identifier()
        return (self.identifier(), name) if self.take(".") else (name, None)

    def new_name(self) -> str:
        """Read a name that the statement gives: reserved words must be quoted.

        Longer names are cut to 127 bytes, as Redshift does.
        """
        token = self.next()
        is_quoted = token.token_type is TokenType.IDENTIFIER
        if not is_quoted and not is_plain_name(token.text):
            raise StatementError(f'syntax error at or near "{token.text}"')
        return cut_name(token.text.lower())

    def names(self) -> tuple[str, ...]:
        """Read a list of names in parentheses."""
        self.expect("(")
        found = [self.identifier()]
        while self.take(","):
            found.append(self.identifier())
        self.expect(")")
        return tuple(found)

    def new_names(self) -> tuple[str, ...]:
        """Read a list of names that the statement gives, in parentheses."""
        self.expect("(")
        found = [self.new_name()]
        while self.take(","):
            found.append(self.new_name())
        self.expect(")")
        return tuple(found)

    def is_name_list(self) -> bool:
        """Whether what comes next is `(name, ...)` and no list of definitions."""
        after = [token.text for token in self._tokens[self._at + 2 : self._at + 3]]
        return after in ([","], [")"])

    def number(self) -> int:
        """Read a whole number."""
        sign = -1 if self.take("-") else 1
        token = self.next()
        if not token.text.isdigit():
            raise StatementError(f'syntax error at or near "{token.text}"')
        return sign * int(token.text)

    def source(self, *ends: str) -> str:
        """Read up to a comma, a closing parenthesis or one of these words, and return the text.

        At least one token is read; what is inside of parentheses never ends it.
        """
        first, depth, last = self.next(), 0, None
        depth += first.text == "("
        last = first
        while not self.done and (depth or not self.ahead(",", ")", *ends)):
            last = self.next()
            depth += (last.text == "(") - (last.text == ")")
        return self._text.original[first.start : last.end + 1]

    def rest(self) -> str:
        """Read everything that is left, and return the text."""
        first, last = self.next(), self._tokens[-1]
        self._at = len(self._tokens)
        return self._text.original[first.start : last.end + 1]

    def without_last(self, *words: str) -> bool:
        """Take these words off the end if they are there."""
        matched = tuple(map(_keyword, self._tokens[-len(words) :])) == words
        if matched:
            self._tokens = self._tokens[: -len(words)]
        return matched

    def string(self) -> str:
        """Read a string literal."""
        token = self.next()
        if token.token_type is not TokenType.STRING:
            raise StatementError(f'syntax error at or near "{token.text}"')
        return token.text

    def is_string(self) -> bool:
        """Whether a string literal comes next."""
        return not self.done and self._tokens[self._at].token_type is TokenType.STRING

    def raw_string(self) -> str:
        """Read a string literal with its backslashes as they are written."""
        self.string()
        token = self._tokens[self._at - 1]
        return self._text.original[token.start + 1 : token.end].replace("''", "'")

    def end(self) -> None:
        """Check that nothing is left."""
        if not self.done:
            raise self.unexpected()

    def unexpected(self) -> StatementError:
        """Return the error for the word that comes next."""
        if self.done:
            return StatementError("syntax error at end of input")
        return StatementError(f'syntax error at or near "{self._tokens[self._at].text}"')


def _keyword(token: Token) -> str:
    quoted = token.token_type in (TokenType.STRING, TokenType.IDENTIFIER)
    return "" if quoted else token.text.upper()
