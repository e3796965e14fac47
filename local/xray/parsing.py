"""Read the text of a filter expression into its tree."""

import re
from functools import partial

from local.logic import COMPARISONS, Not, read
from local.tokens import Language, Token, TokenReader
from local.xray.expression import Compare, Edge, Expression, Service, ServiceId, Term, Value

BOOLEANS = {"ok", "error", "throttle", "fault", "partial", "inferred", "first", "root"}
NUMBERS = {"responsetime", "duration", "http.status"}
TEXTS = {
    "http.url", "http.method", "http.useragent", "http.clientip", "user", "name", "type", "id",
    "resource.arn",
}  # fmt: skip
_COMPARED = set(COMPARISONS)
_TEXT_COMPARED = {"=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH"}
_TOKEN = re.compile(
    r"""
        (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<word>[A-Za-z_][\w.-]*)
      | (?P<sign><=|>=|!=|[=<>!(){}\[\],:])
    """,
    re.VERBOSE,
)


def parse(text: str) -> Expression:
    """Read a filter expression; raises MalformedQuery where X-Ray would refuse it."""
    reader = _Reader(text, Language(_TOKEN))
    expression = reader.either()
    reader.expect("end", "the end")
    return expression


class _Reader(TokenReader):
    """Reads an expression, one method for each rule of the grammar."""

    def either(self) -> Expression:
        return read(partial(self.accept, "word"), self._single)

    def _single(self) -> Expression:
        if self.accept("word", "not") or self.accept("sign", "!"):
            return Not(self._single())
        if self.accept("sign", "("):
            inner = self.either()
            self.expect_sign(")")
            return inner
        return self._term()

    def _term(self) -> Term:
        word = self.expect("word", "a keyword")
        keyword = word.text.lower()
        if keyword == "service":
            return Service(self._services(1)[0], self._inner())
        if keyword == "edge":
            caller, callee = self._services(2)
            return Edge(caller, callee, self._inner())
        if keyword == "annotation" and self.accept("sign", "["):
            keyword = f"annotation.{self._key()}"
        elif keyword.startswith("annotation."):
            keyword = f"annotation.{word.text.partition('.')[2]}"  # its case counts
        elif keyword not in BOOLEANS | NUMBERS | TEXTS:
            raise word.refused("a keyword")
        return self._comparison(keyword)

    def _key(self) -> str:
        key = self.accept("text") or self.expect("word", "an annotation's key")
        self.expect_sign("]")
        return _unquoted(key)

    def _comparison(self, keyword: str) -> Compare:
        token = self.next
        operator = token.text.upper()
        if keyword in BOOLEANS and operator not in _COMPARED:
            return Compare(keyword, "=", value=True)
        if operator not in _allowed(keyword):
            raise token.refused("an operator that fits")
        self.take()
        return Compare(keyword, operator, self._value(keyword, operator))

    def _value(self, keyword: str, operator: str) -> Value:
        token = self.take()
        value: Value
        if token.kind == "text":
            value = _unquoted(token)
        elif token.kind == "number":
            value = float(token.text)
        elif token.text.lower() in ("true", "false"):
            value = token.text.lower() == "true"
        else:
            raise token.refused("a value")
        if not _fits(keyword, operator, value):
            raise token.refused("a value that fits")
        return value

    def _services(self, number: int) -> list[ServiceId]:
        self.expect_sign("(")
        if number == 1 and self.accept("sign", ")"):
            return [ServiceId()]
        services = [self._service()]
        while len(services) < number:
            self.expect_sign(",")
            services.append(self._service())
        self.expect_sign(")")
        return services

    def _service(self) -> ServiceId:
        if not self.accept("word", "id"):
            return ServiceId(_unquoted(self.expect("text", "a service's name")))
        self.expect_sign("(")
        members: dict[str, str] = {}
        while True:
            name = self.expect("word", "name or type", "name", "type")
            self.expect_sign(":")
            members[name.text.lower()] = _unquoted(self.expect("text", "a text"))
            if not self.accept("sign", ","):
                break
        self.expect_sign(")")
        return ServiceId(**members)

    def _inner(self) -> Expression | None:
        if not self.accept("sign", "{"):
            return None
        inner = self.either()
        self.expect_sign("}")
        return inner


def _allowed(keyword: str) -> set[str]:
    if keyword in TEXTS:
        return _TEXT_COMPARED
    if keyword in BOOLEANS:
        return {"=", "!="}
    return _COMPARED if keyword in NUMBERS else _COMPARED | _TEXT_COMPARED


def _fits(keyword: str, operator: str, value: Value) -> bool:
    """Tell whether a value has the type that its keyword and its operator ask for."""
    if keyword in NUMBERS:
        return isinstance(value, float)
    if keyword in BOOLEANS:
        return isinstance(value, bool)
    if keyword in TEXTS or operator in _TEXT_COMPARED - _COMPARED:
        return isinstance(value, str)
    return operator in ("=", "!=") or isinstance(value, float)


def _unquoted(token: Token) -> str:
    return token.unquoted if token.kind == "text" else token.text
