"""Read the operands and conditions of a query."""

import re
from functools import partial

from local.insights.evaluating import FUNCTIONS, TESTS
from local.insights.language import (
    Bin,
    Call,
    Compare,
    Condition,
    Field,
    Like,
    Literal,
    Operand,
    Test,
    Within,
)
from local.insights.tokens import MalformedQuery, Token
from local.insights.values import SYSTEM_FIELDS, number_of
from local.logic import COMPARISONS, Not, read

_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Reader:
    """Reads tokens from left to right, one method for each rule of the grammar."""

    def __init__(self, query: str, tokens: list[Token]) -> None:
        self._query = query
        self._tokens = tokens
        self._place = 0
        self._has_time = True  # until statistics make records without a time

    @property
    def next(self) -> Token:
        """The token that is not taken yet."""
        return self._tokens[self._place]

    def accept(self, kind: str, *texts: str) -> Token | None:
        """Take the next token if it is such a one, whatever its case."""
        token = self.next
        if token.kind != kind or (texts and token.text.lower() not in texts):
            return None
        self._place += kind != "end"
        return token

    def expect(self, kind: str, meant: str) -> Token:
        """Take the next token, which must be of a kind; `meant` tells what it stands for."""
        token = self.accept(kind)
        if not token:
            raise self.next.refused(meant)
        return token

    def expect_sign(self, sign: str) -> None:
        """Take the next token, which must be this sign."""
        if not self.accept("sign", sign):
            raise self.next.refused(repr(sign))

    def text_from(self, start: int) -> str:
        """Return the query's text from an offset to the end of what was taken last."""
        return self._query[start : self._tokens[self._place - 1].end]

    # --- operands --------------------------------------------------------------------------

    def operand(self) -> Operand:
        """Read a literal, a field, or a function's call."""
        if token := self.accept("text"):
            return Literal(_unquoted(token.text))
        if token := self.accept("number"):
            return Literal(number_of(token.text) or 0)
        return self._call() if self._is_call() else self.field()

    def field(self) -> Field:
        """Read a field's name; of those with one @ only those that every event has."""
        token = self.expect("word", "a field")
        name = token.text.replace("`", "")
        if name.startswith("@") and not name.startswith("@@") and name not in SYSTEM_FIELDS:
            raise token.refused(f"one of the fields {', '.join(SYSTEM_FIELDS)}")
        return Field(name)

    def _is_call(self) -> bool:
        return self.next.kind == "word" and self._tokens[self._place + 1].text == "("

    def _call(self) -> Operand:
        word = self.expect("word", "a function")
        name = word.text.lower()
        known = ("bin", *FUNCTIONS) if self._has_time else tuple(FUNCTIONS)
        if name not in known:
            raise word.refused(f"one of the functions {', '.join(known)}")
        self.expect_sign("(")
        operand = self._bin() if name == "bin" else self._arguments(word, name)
        self.expect_sign(")")
        return operand

    def _bin(self) -> Operand:
        token = self.expect("period", "a period, such as 5m")
        number, unit = re.findall(r"\d+|[a-z]+", token.text)
        if unit not in _MILLISECONDS or not int(number):
            raise token.refused(f"a period in one of {', '.join(_MILLISECONDS)}")
        return Bin(int(number) * _MILLISECONDS[unit])

    def _arguments(self, word: Token, name: str) -> Operand:
        arguments = [self.operand()]
        while self.accept("sign", ","):
            arguments.append(self.operand())
        most = FUNCTIONS[name].most
        if most is not None and len(arguments) > most:
            raise word.refused(f"at most {most} values for {name}")
        return Call(name, tuple(arguments))

    # --- conditions ------------------------------------------------------------------------

    def condition(self) -> Condition:
        """Read conditions joined by `or`, of conditions joined by `and`."""
        return read(partial(self.accept, "word"), self._single)

    def _single(self) -> Condition:
        if self.accept("word", "not"):
            return Not(self._single())
        if self.accept("sign", "("):
            inner = self.condition()
            self.expect_sign(")")
            return inner
        if self._is_call() and self.next.text.lower() in TESTS:
            return self._test()
        return self._comparison(self.operand())

    def _test(self) -> Condition:
        word = self.expect("word", "a function")
        self.expect_sign("(")
        operand = self.operand()
        self.expect_sign(")")
        return Test(word.text.lower(), operand)

    def _comparison(self, left: Operand) -> Condition:
        if sign := self.accept("sign", *COMPARISONS):
            return Compare(sign.text, left, self.operand())
        if self.accept("sign", "=~"):
            return Like(left, self._pattern("regex"))
        is_negated = bool(self.accept("word", "not"))
        condition = self._like_or_within(left)
        return Not(condition) if is_negated else condition

    def _like_or_within(self, left: Operand) -> Condition:
        if self.accept("word", "like"):
            return Like(left, self._pattern("regex", "text"))
        if self.accept("word", "in"):
            return Within(left, self._choices())
        raise self.next.refused("a comparison")

    def _choices(self) -> tuple[Operand, ...]:
        self.expect_sign("[")
        choices = [self.operand()]
        while self.accept("sign", ","):
            choices.append(self.operand())
        self.expect_sign("]")
        return tuple(choices)

    def _pattern(self, *kinds: str) -> re.Pattern[str]:
        token = self.next
        if token.kind not in kinds:
            raise token.refused(f"a {' or a '.join(kinds)}")
        self._place += 1
        if token.kind == "text":
            return re.compile(re.escape(_unquoted(token.text)))
        try:
            return re.compile(token.text[1:-1])
        except re.error as error:
            raise MalformedQuery(
                f"no regular expression: {error}", token.start, token.end
            ) from error


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(r"\1", text[1:-1])
