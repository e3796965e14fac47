"""Reads Redshift's regular expressions and writes those of RE2 that match the same.

Redshift has two dialects: POSIX with a few classes of Perl's, and, with the parameter p,
Perl's own. What RE2 lacks or may match otherwise is refused.
"""

import re
from dataclasses import dataclass, field

from local.redshift_data.errors import NotEmulated, StatementError

_CLASSES = frozenset(
    ("alnum", "alpha", "blank", "cntrl", "digit", "lower", "punct", "space", "upper", "xdigit")
)
_PERL_CLASSES = {"d": "[:digit:]", "w": "[:word:]", "s": "[:space:]"}
_CONTROLS = "tnrfv"
_MOST_REPEATS = 1_000
_REPEAT = re.compile(r"\{(\d+)(,(\d*))?\}")
_CLASS = re.compile(r"\[:(\^?)([a-z]+):\]")


@dataclass
class _Group:
    """Alternatives between two parentheses; one is None once it is more than plain text."""

    alternatives: list[str | None] = field(default_factory=lambda: [""])

    def add(self, literal: str | None) -> None:
        last = self.alternatives[-1]
        self.alternatives[-1] = None if last is None or literal is None else last + literal

    @property
    def ambiguous(self) -> bool:
        """Whether two alternatives may match at one place, so that their order counts."""
        if len(self.alternatives) == 1:
            return False
        texts = [text.lower() for text in self.alternatives if text is not None]
        if len(texts) < len(self.alternatives):
            return True
        return any(
            a.startswith(b) for i, a in enumerate(texts) for k, b in enumerate(texts) if i != k
        )


@dataclass
class RegularExpression:
    """A pattern for RE2, and what must hold for it to match as Redshift's."""

    pattern: str = ""
    anchored: bool = False
    """Whether it looks at what is around the match, so that the place to start counts."""
    by_line: bool = False
    """Whether a line feed in the text may count."""
    groups: int = 0
    longest_counts: bool = False
    """Whether the first alternative that matches may not be the longest."""


class _Reader:
    def __init__(self, pattern: str, *, perl: bool) -> None:
        self.pattern, self.perl = pattern, perl
        self.at = 0
        self.found = RegularExpression()
        self.open = [_Group()]
        self.repeatable = False

    def read(self) -> RegularExpression:
        while self.at < len(self.pattern):
            self.found.pattern += self._next()
        if len(self.open) > 1:
            raise StatementError("invalid regular expression: parentheses () not balanced")
        self._close()
        return self.found

    def _refuse(self, what: str) -> NotEmulated:
        return NotEmulated(f"regular expression {self.pattern!r}: {what}")

    def _next(self) -> str:
        character = self.pattern[self.at]
        self.at += 1
        if read := {
            "\\": self._escape, "[": self._bracket, "(": self._group, ")": self._end_of_group,
            "|": self._alternative, "{": self._repeat,
        }.get(character):  # fmt: skip
            return read()
        if character in "*+?":
            return self._quantifier(character)
        if character in ".^$":
            return self._special(character)
        return self._literal(character)

    def _literal(self, character: str) -> str:
        self.repeatable = True
        self.open[-1].add(character)
        return re.escape(character) if character.isascii() else character

    def _special(self, character: str) -> str:
        self.found.by_line = True
        self.found.anchored |= character == "^"
        self.repeatable = character == "."
        self.open[-1].add(None)
        return character

    def _quantifier(self, written: str) -> str:
        if not self.repeatable:
            raise self._refuse(f"{written} after nothing to repeat")
        self.repeatable = False
        self.open[-1].add(None)
        following = self.pattern[self.at : self.at + 1]
        if following == "?" and self.perl:
            self.at += 1
            return written + "?"
        if following in ("*", "+", "?", "{") and following:
            raise self._refuse("a repetition of a repetition")
        return written

    def _repeat(self) -> str:
        matched = _REPEAT.match(self.pattern, self.at - 1)
        if not matched:
            raise self._refuse("{ that starts no repetition")
        least, most = int(matched[1]), int(matched[3] or matched[1])
        if max(least, most) > _MOST_REPEATS or most < least:
            raise self._refuse("that many repetitions")
        self.at = matched.end()
        return self._quantifier(matched[0])

    def _group(self) -> str:
        self.repeatable = False
        self.open.append(_Group())
        if self.pattern.startswith("?", self.at):
            if not self.perl or not self.pattern.startswith("?:", self.at):
                raise self._refuse("(? is Perl's")
            self.at += 2
            return "(?:"
        self.found.groups += 1
        return "("

    def _end_of_group(self) -> str:
        if len(self.open) == 1:
            raise StatementError("invalid regular expression: parentheses () not balanced")
        self._close()
        self.open.pop()
        self.repeatable = True
        self.open[-1].add(None)
        return ")"

    def _close(self) -> None:
        self.found.longest_counts |= self.open[-1].ambiguous and not self.perl

    def _alternative(self) -> str:
        self.repeatable = False
        self.open[-1].alternatives.append("")
        return "|"

    def _escape(self) -> str:
        if self.at == len(self.pattern):
            raise StatementError("invalid regular expression: trailing backslash")
        character = self.pattern[self.at]
        self.at += 1
        if not character.isalnum():
            return self._literal(character)
        self.repeatable = character not in "bB"
        self.open[-1].add(None)
        if character.lower() in _PERL_CLASSES:
            negated = "^" if character.isupper() else ""
            return f"[{negated}{_PERL_CLASSES[character.lower()]}]"
        if character == "b" or (self.perl and character == "B"):
            self.found.anchored = True
            return "\\" + character
        if self.perl and character in _CONTROLS:
            return "\\" + character
        raise self._refuse(f"\\{character}")

    def _bracket(self) -> str:
        self.repeatable = True
        self.open[-1].add(None)
        written = "["
        if self.pattern.startswith("^", self.at):
            written, self.at = "[^", self.at + 1
        first = self.at
        while self.at < len(self.pattern):
            if self.pattern[self.at] == "]" and self.at > first:
                self.at += 1
                return written + "]"
            written += self._member()
        raise StatementError("invalid regular expression: brackets [] not balanced")

    def _member(self) -> str:
        character = self.pattern[self.at]
        if character == "[" and self.pattern[self.at + 1 : self.at + 2] in (":", ".", "="):
            return self._class()
        self.at += 1
        if character != "\\":
            return "\\" + character if character in "[]^" else character
        if not self.perl or self.at == len(self.pattern):
            raise self._refuse("a backslash between brackets")
        escaped = self.pattern[self.at]
        self.at += 1
        if escaped in _PERL_CLASSES:
            return _PERL_CLASSES[escaped]
        if escaped.isalnum() and escaped not in _CONTROLS:
            raise self._refuse(f"\\{escaped} between brackets")
        return "\\" + escaped

    def _class(self) -> str:
        matched = _CLASS.match(self.pattern, self.at)
        if not matched or matched[2] not in _CLASSES or matched[1]:
            raise self._refuse("a character class other than the documented ones")
        self.at = matched.end()
        return matched[0]


def read_posix(pattern: str, *, perl: bool = False) -> RegularExpression:
    """Return what matches the same in RE2; raises NotEmulated where nothing does."""
    return _Reader(pattern, perl=perl).read()


def read_similar_to(pattern: str, escape: str) -> RegularExpression:
    """Return what matches as SIMILAR TO, to be held against the whole text, line feeds too."""
    written, at = "", 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == escape:
            if at == len(pattern):
                raise StatementError("LIKE pattern must not end with escape character")
            written, at = written + _escaped(pattern[at]), at + 1
        elif character == "[":
            end = _end_of_bracket(pattern, at)
            written, at = written + pattern[at - 1 : end], end
        else:
            written += {"%": ".*", "_": "."}.get(character) or _plain(character)
    return read_posix(written)


def _plain(character: str) -> str:
    return _escaped(character) if character in ".^$\\" else character


def _escaped(character: str) -> str:
    return character if character.isalnum() else "\\" + character


def _end_of_bracket(pattern: str, start: int) -> int:
    """Return where a bracket expression ends; its classes have brackets of their own."""
    matched = re.compile(r"\^?\]?(?:\[:[a-z]+:\]|[^]\\])*\]").match(pattern, start)
    if not matched:
        raise NotEmulated(f"SIMILAR TO {pattern!r}: a bracket expression")
    return matched.end()
