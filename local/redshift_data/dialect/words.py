"""Reads statements word by word, for the commands that sqlglot leaves opaque."""

from sqlglot.tokenizer_core import Token, TokenType

from local.redshift_data.dialect.syntax import Text
from local.redshift_data.errors import StatementError


class Words:
    """The statement's tokens and how far they are read; raises StatementError off the path."""

    def __init__(self, text: Text) -> None:
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

    def string(self) -> str:
        """Read a string literal."""
        token = self.next()
        if token.token_type is not TokenType.STRING:
            raise StatementError(f'syntax error at or near "{token.text}"')
        return token.text

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
