"""Filters of a question: terms as callers write them, checked against the columns they name."""

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from pipeline.catalogue import Column
from pipeline.errors import MalformedQuestion
from pipeline.serve.asking.contract import MAX_TERMS, MAX_VALUES
from pipeline.serve.asking.moments import format_moment, parse_moment

BIGGEST = 2**63
# Numbers of 40 digits before the point and 40 after it; from there on, an exponent is shorter.
EVERY_DIGIT, MAX_PLAIN = Context(prec=80), 40
WHOLE = re.compile(r"-?[0-9]{1,19}\Z", re.ASCII)
NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?\Z", re.ASCII)
# A term's name goes up to the first operator; of the longer ones none is another's beginning.
TERM = re.compile(r"([a-z0-9_]*)(!:|>=|<=|:|>|<)", re.ASCII)
MARKS = re.compile(r"\\(.)|([,|])|(.)", re.DOTALL)
OPERATORS: Mapping[str, str] = {
    ":": "in", "!:": "not in", ">": ">", ">=": ">=", "<": "<", "<=": "<=",
}  # fmt: skip
LISTS = ("in", "not in")


@dataclass(frozen=True)
class Term:
    """One condition on a column; values are written as the warehouse reads them."""

    column: Column
    operator: str
    values: tuple[str, ...]

    def described(self) -> dict[str, Any]:
        """Tell the caller how the term was understood."""
        return {
            "name": self.column.name,
            "operator": self.operator,
            "values": list(self.values),
        }


def read_filter(text: str, columns: Sequence[Column]) -> tuple[Term, ...]:
    """Check a filter; equal ones, whatever the order of terms and values, come out equal.

    Raises MalformedQuestion when a term is none, or its column cannot hold a value.
    """
    terms = {_term(*parts, columns) for parts in split_terms(text)}
    if len(terms) > MAX_TERMS:
        raise MalformedQuestion("filter", f"may have {MAX_TERMS} terms")
    return tuple(sorted(terms, key=lambda term: (term.column.name, term.operator, term.values)))


def split_terms(text: str) -> Iterator[tuple[str, str, list[str]]]:
    r"""Yield name, operator and values of each term; a backslash makes `,` `|` and `\` literal.

    Raises MalformedQuestion where a term has no operator.
    """
    while True:
        found = TERM.match(text)
        if not found:
            raise MalformedQuestion("filter", "must be written name:value, name>value and the like")
        values, rest = _values(text[found.end() :])
        yield found[1], found[2], values
        if rest is None:
            return
        text = rest


def _values(text: str) -> tuple[list[str], str | None]:
    words = [""]
    for found in MARKS.finditer(text):
        literal, mark, plain = found.groups()
        if mark == ",":
            return words, text[found.end() :]
        if mark == "|":
            words.append("")
        else:
            words[-1] += literal or plain
    return words, None


def _term(name: str, mark: str, values: list[str], columns: Sequence[Column]) -> Term:
    column = find_column("filter", name, columns)
    operator = OPERATORS[mark]
    if len(values) > (MAX_VALUES if operator in LISTS else 1):
        most = f"{MAX_VALUES} values" if operator in LISTS else "one value"
        raise MalformedQuestion("filter", f"a term of {column.name} may have {most}")
    if operator not in LISTS and (column.kind == "boolean" or not values[0]):
        raise MalformedQuestion("filter", f"{column.name} cannot be compared with {mark} so")
    checked = {filter_value(column, value) for value in values}
    return Term(column, operator, tuple(sorted(checked)))


def find_column(parameter: str, name: str, columns: Sequence[Column]) -> Column:
    """Find a column by its name; raises MalformedQuestion that names those there are."""
    found = next((column for column in columns if column.name == name), None)
    if found is None:
        known = ", ".join(column.name for column in columns) or "none here"
        raise MalformedQuestion(parameter, f"must be of {known}")
    return found


def filter_value(column: Column, text: str) -> str:
    """Check one value of a filter and write it as the warehouse reads it.

    Raises MalformedQuestion when the column cannot hold it.
    """
    if column.kind == "string":
        if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise MalformedQuestion("filter", f"{column.name} has a character that is never stored")
        return text
    value = READERS[column.kind](text)
    if value is None:
        raise MalformedQuestion("filter", f"{column.name} must be a {column.kind}")
    return value


def _whole(text: str) -> str | None:
    return str(int(text)) if WHOLE.match(text) and -BIGGEST <= int(text) < BIGGEST else None


def _number(text: str) -> str | None:
    if not NUMBER.match(text) or not math.isfinite(value := float(text)):
        return None
    # Redshift's CAST refuses what is too small for a normal double; it is stored as 0.
    if abs(value) < sys.float_info.min:
        return "0"
    number = Decimal(text).normalize(EVERY_DIGIT)
    return f"{number:f}" if abs(number.adjusted()) <= MAX_PLAIN else str(number)


def _truth(text: str) -> str | None:
    return text if text in ("true", "false") else None


def _time(text: str) -> str | None:
    try:
        return format_moment(parse_moment(text))
    except (ValueError, OverflowError):
        return None


READERS: Mapping[str, Callable[[str], str | None]] = {
    "integer": _whole,
    "number": _number,
    "boolean": _truth,
    "timestamp": _time,
}
