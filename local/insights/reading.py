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
from local.insights.values import SYSTEM_FIELDS, number_of
from local.logic import COMPARISONS, Not, read
from local.tokens import Language, MalformedQuery, Token, TokenReader

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
_LANGUAGE = Language(_TOKEN, space=re.compile(r"(?:\s+|\#[^\n]*)*"))
_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_GROUP = re.compile(r"\(\?<(?![=!])")  # a named one, as Java writes it


class Reader(TokenReader):
    """Reads operands and conditions, one method for each rule of the grammar."""

    def __init__(self, query: str) -> None:
        super().__init__(query, _LANGUAGE)
        self._has_time = True  # until statistics make records without a time

    # --- operands --------------------------------------------------------------------------

    def operand(self) -> Operand:
        """Read a literal, a field, or a function's call."""
        if token := self.accept("text"):
            return Literal(token.unquoted)
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
            return Like(left, self.pattern("regex"))
        is_negated = bool(self.accept("word", "not"))
        condition = self._like_or_within(left)
        return Not(condition) if is_negated else condition

    def _like_or_within(self, left: Operand) -> Condition:
        if self.accept("word", "like"):
            return Like(left, self.pattern("regex", "text"))
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

    def pattern(self, *kinds: str) -> re.Pattern[str]:
        """Read a pattern, written in one of these kinds of token."""
        token = self.take()
        if token.kind not in kinds:
            raise token.refused(f"a {' or a '.join(kinds)}")
        if token.kind == "text":
            return re.compile(re.escape(token.unquoted))
        try:
            return re.compile(_GROUP.sub("(?P<", token.text[1:-1]))
        except re.error as error:
            raise MalformedQuery(
                f"no regular expression: {error}", token.start, token.end
            ) from error
