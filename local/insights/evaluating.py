"""What an operand's value is for a record, and whether a condition holds for it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from local.insights.language import (
    Bin,
    Call,
    Compare,
    Condition,
    Field,
    Like,
    Literal,
    OfValues,
    Operand,
    Test,
    Within,
)
from local.insights.values import TIME, Record, Value, holds, number_of, text_of
from local.logic import is_met


@dataclass(frozen=True)
class Function:
    """What makes a value of values: of one, of at most so many, or of any number."""

    call: Callable[..., Value | None]
    most: int | None = 1


def _of_text(change: Callable[[str], Value]) -> Function:
    return Function(lambda value: None if value is None else change(text_of(value)))


def _first(*values: Value | None) -> Value | None:
    return next((value for value in values if value is not None), None)


def _milliseconds(value: Value | None) -> Value | None:
    number = number_of(value)
    return None if number is None else int(number)


FUNCTIONS = {
    "coalesce": Function(_first, most=None),
    "strlen": _of_text(len),
    "tolower": _of_text(str.lower),
    "toupper": _of_text(str.upper),
    "tomillis": Function(_milliseconds),
}
TESTS: dict[str, Callable[[Value | None], bool]] = {
    "ispresent": lambda value: value is not None,
    "isempty": lambda value: value is None or value == "",
    "isblank": lambda value: value is None or not text_of(value).strip(),
}


def value_of(operand: Operand, record: Record) -> Value | None:
    """Return what an operand is for a record; None is absent."""
    match operand:
        case Field(name):
            return record.get(name)
        case Literal(value):
            return value
        case Call(function, arguments):
            return FUNCTIONS[function].call(*(value_of(one, record) for one in arguments))
        case Bin(milliseconds):
            return _rounded(record.get(TIME), milliseconds)


def _rounded(time: Value | None, milliseconds: int) -> Value | None:
    if not isinstance(time, int):
        return None
    return type(time)(time - time % milliseconds)


def is_true(condition: Condition, record: Record) -> bool:
    """Whether a condition holds for a record."""
    return is_met(condition, partial(_is_true_of_values, record=record))


def _is_true_of_values(condition: OfValues, record: Record) -> bool:
    match condition:
        case Compare(sign, left, right):
            return holds(sign, value_of(left, record), value_of(right, record))
        case Like(operand, pattern):
            value = value_of(operand, record)
            return value is not None and pattern.search(text_of(value)) is not None
        case Within(operand, choices):
            value = value_of(operand, record)
            return any(holds("=", value, value_of(one, record)) for one in choices)
        case Test(function, operand):
            return TESTS[function](value_of(operand, record))
