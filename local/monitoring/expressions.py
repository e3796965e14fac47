"""The text of metric math as a tree; what CloudWatch or this emulation doesn't know is refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<sign><=|>=|==|!=|&&|\|\||[-+*/^()<>,\[\]]))"
)
_LEVELS = (("OR", "||"), ("AND", "&&"), ("==", "!=", "<", ">", "<=", ">="), ("+", "-"), ("*", "/"))
"""Operators from the weakest to the strongest; `^` binds tighter, to the right."""
_ALIASES = {"||": "OR", "&&": "AND"}
_DEEPEST = 50


class InvalidExpression(ValueError):
    """Metric math that CloudWatch refuses, or that is not emulated locally."""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted word, as METRICS("errors") has it."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """The id of another query, or a word such as REPEAT."""

    value: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Several series between brackets."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator of its arguments."""

    function: str
    arguments: tuple["Node", ...]


Node = Number | Text | Name | Listing | Call


def parse(text: str) -> Node:
    """Parse an expression; raises InvalidExpression with the place of what is wrong."""
    parser = _Parser(list(_tokens(text)))
    tree = parser.operation(0)
    parser.end()
    return tree


def names_in(node: Node) -> Iterator[str]:
    """Name the ids that an expression uses."""
    if isinstance(node, Name):
        yield node.value
    for part in parts_of(node):
        yield from names_in(part)


def parts_of(node: Node) -> tuple[Node, ...]:
    """List what stands directly inside a node."""
    if isinstance(node, Call):
        return node.arguments
    return node.items if isinstance(node, Listing) else ()


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if not match:
            message = f"Error in expression: {text[position:].strip()!r} is not understood"
            raise InvalidExpression(message)
        yield str(match.lastgroup), match[str(match.lastgroup)]
        position = match.end()


class _Parser:
    """Takes tokens from the left."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = [*tokens, ("end", "")]
        self._at = 0
        self._depth = 0

    def operation(self, level: int) -> Node:
        """Operators of a level and of those that bind tighter."""
        if level == len(_LEVELS):
            return self._power()
        node = self.operation(level + 1)
        while (sign := self._next_of(_LEVELS[level])) is not None:
            node = Call(_ALIASES.get(sign, sign), (node, self.operation(level + 1)))
        return node

    def end(self) -> None:
        """Raise InvalidExpression where something is left."""
        if self._tokens[self._at][0] != "end":
            raise self._unexpected()

    def _power(self) -> Node:
        if self._next_of(("-",)):
            return Call("NEGATE", (self._power(),))
        node = self._operand()
        return Call("^", (node, self._power())) if self._next_of(("^",)) else node

    def _operand(self) -> Node:
        kind, word = self._take()
        if kind == "number":
            return Number(float(word))
        if kind == "text":
            return Text(word[1:-1])
        if kind == "name":
            return Call(word, self._inside(")")) if self._next_of(("(",)) else Name(word)
        if word == "[":
            return Listing(self._inside("]"))
        if word == "(":
            return self._in_parentheses()
        self._at -= 1
        raise self._unexpected()

    def _in_parentheses(self) -> Node:
        items = self._inside(")")
        if len(items) != 1:
            raise self._unexpected()
        return items[0]

    def _inside(self, closing: str) -> tuple[Node, ...]:
        self._depth += 1
        if self._depth > _DEEPEST:
            message = f"Error in expression: nested more than {_DEEPEST} deep"
            raise InvalidExpression(message)
        items: list[Node] = []
        while not self._next_of((closing,)):
            if items and not self._next_of((",",)):
                raise self._unexpected()
            items.append(self.operation(0))
        self._depth -= 1
        return tuple(items)

    def _take(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _next_of(self, words: tuple[str, ...]) -> str | None:
        kind, word = self._tokens[self._at]
        if kind not in {"sign", "name"} or word not in words:
            return None
        self._at += 1
        return word

    def _unexpected(self) -> InvalidExpression:
        word = self._tokens[self._at][1]
        what = f"{word!r} is unexpected" if word else "it ends too early"
        return InvalidExpression(f"Error in expression: {what}")
