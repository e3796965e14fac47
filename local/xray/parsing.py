"""Read the text of a filter expression into its tree."""

import re
from dataclasses import dataclass
from typing import NoReturn

from local.logic import COMPARISONS, Not, read
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
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<word>[A-Za-z_][\w.-]*)
      | (?P<sign><=|>=|!=|[=<>!(){}\[\],:])
    )""",
    re.VERBOSE,
)


class InvalidExpression(ValueError):
    """A filter expression that X-Ray would refuse; the message says at which character."""


@dataclass(frozen=True)
class _Token:
    kind: str  # text, number, word, sign or end
    text: str
    place: int


def parse(text: str) -> Expression:
    """Read a filter expression; raises InvalidExpression."""
    reader = _Reader(_tokens(text))
    expression = reader.either()
    reader.expect("end", "")
    return expression


def _tokens(text: str) -> list[_Token]:
    tokens = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found:
            at = place + len(text[place:]) - len(text[place:].lstrip())
            raise InvalidExpression(f"unexpected {text[at]!r} at character {at + 1}")
        kind = str(found.lastgroup)
        tokens.append(_Token(kind, found[kind], found.start(kind)))
        place = found.end()
    return [*tokens, _Token("end", "", len(text))]


class _Reader:
    """Reads the tokens from left to right, one method for each rule of the grammar."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def either(self) -> Expression:
        return read(lambda word: self._accept("word", word.upper()), self._single)

    def expect(self, kind: str, text: str) -> _Token:
        return self._accept(kind, text) or self._refuse(text or "the end")

    def _single(self) -> Expression:
        if self._accept("word", "NOT") or self._accept("sign", "!"):
            return Not(self._single())
        if self._accept("sign", "("):
            inner = self.either()
            self.expect("sign", ")")
            return inner
        return self._term()

    def _term(self) -> Term:
        word = self._take("word", "a keyword")
        keyword = word.text.lower()
        if keyword == "service":
            return Service(self._services(1)[0], self._inner())
        if keyword == "edge":
            caller, callee = self._services(2)
            return Edge(caller, callee, self._inner())
        if keyword == "annotation" and self._accept("sign", "["):
            keyword = f"annotation.{self._key()}"
        elif keyword.startswith("annotation."):
            keyword = f"annotation.{word.text.partition('.')[2]}"  # its case counts
        elif keyword not in BOOLEANS | NUMBERS | TEXTS:
            self._next -= 1
            self._refuse("a keyword")
        return self._comparison(keyword)

    def _key(self) -> str:
        key = self._accept("text") or self._take("word", "an annotation's key")
        self.expect("sign", "]")
        return _unquoted(key)

    def _comparison(self, keyword: str) -> Compare:
        token = self._tokens[self._next]
        operator = token.text.upper()
        if keyword in BOOLEANS and operator not in _COMPARED:
            return Compare(keyword, "=", value=True)
        if operator not in _allowed(keyword):
            self._refuse("an operator that fits")
        self._next += 1
        return Compare(keyword, operator, self._value(keyword, operator))

    def _value(self, keyword: str, operator: str) -> Value:
        token = self._tokens[self._next]
        value: Value
        if token.kind == "text":
            value = _unquoted(token)
        elif token.kind == "number":
            value = float(token.text)
        elif token.text.lower() in ("true", "false"):
            value = token.text.lower() == "true"
        else:
            self._refuse("a value")
        if not _fits(keyword, operator, value):
            self._refuse("a value that fits")
        self._next += 1
        return value

    def _services(self, number: int) -> list[ServiceId]:
        self.expect("sign", "(")
        if number == 1 and self._accept("sign", ")"):
            return [ServiceId()]
        services = [self._service()]
        while len(services) < number:
            self.expect("sign", ",")
            services.append(self._service())
        self.expect("sign", ")")
        return services

    def _service(self) -> ServiceId:
        if not self._accept("word", "ID"):
            return ServiceId(_unquoted(self._take("text", "a service's name")))
        self.expect("sign", "(")
        members: dict[str, str] = {}
        while True:
            name = self._accept("word", "NAME") or self.expect("word", "TYPE")
            self.expect("sign", ":")
            members[name.text.lower()] = _unquoted(self._take("text", "a text"))
            if not self._accept("sign", ","):
                break
        self.expect("sign", ")")
        return ServiceId(**members)

    def _inner(self) -> Expression | None:
        if not self._accept("sign", "{"):
            return None
        inner = self.either()
        self.expect("sign", "}")
        return inner

    def _accept(self, kind: str, text: str = "") -> _Token | None:
        """Take the next token if it is this one; of texts, any."""
        token = self._tokens[self._next]
        if token.kind != kind or (kind != "text" and token.text.upper() != text):
            return None
        self._next += kind != "end"
        return token

    def _take(self, kind: str, wanted: str) -> _Token:
        token = self._tokens[self._next]
        if token.kind != kind:
            self._refuse(wanted)
        self._next += 1
        return token

    def _refuse(self, wanted: str) -> NoReturn:
        token = self._tokens[self._next]
        found = repr(token.text) if token.text else "the end"
        raise InvalidExpression(f"{wanted} expected at character {token.place + 1}, not {found}")


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


def _unquoted(token: _Token) -> str:
    if token.kind != "text":
        return token.text
    return re.sub(r"\\(.)", r"\1", token.text[1:-1])
