"""Conditions joined by and, or and not, whatever each of them says: of log queries and trace filters."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, Union

Plain = TypeVar("Plain")


@dataclass(frozen=True)
class Not(Generic[Plain]):
    """A condition that must not hold."""

    inner: "Joined[Plain]"


@dataclass(frozen=True)
class Both(Generic[Plain]):
    """Two conditions that must hold."""

    left: "Joined[Plain]"
    right: "Joined[Plain]"


@dataclass(frozen=True)
class Either(Generic[Plain]):
    """Two conditions of which one must hold."""

    left: "Joined[Plain]"
    right: "Joined[Plain]"


Joined = Union[Plain, Not[Plain], Both[Plain], Either[Plain]]  # noqa: UP007 (`|` takes no variables)

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def read(takes: Callable[[str], Any], single: Callable[[], Joined[Plain]]) -> Joined[Plain]:
    """Read conditions joined by `or`, of conditions joined by `and`.

    `takes` takes the next word if it is this one; `single` reads what stands between such words.
    """
    left = _read_both(takes, single)
    while takes("or"):
        left = Either(left, _read_both(takes, single))
    return left


def _read_both(takes: Callable[[str], Any], single: Callable[[], Joined[Plain]]) -> Joined[Plain]:
    left = single()
    while takes("and"):
        left = Both(left, single())
    return left


def is_met(condition: Joined[Plain], holds: Callable[[Plain], bool]) -> bool:
    """Tell whether a condition is met; `holds` tells it of those that nothing joins."""
    match condition:
        case Not(inner):
            return not is_met(inner, holds)
        case Both(left, right):
            return is_met(left, holds) and is_met(right, holds)
        case Either(left, right):
            return is_met(left, holds) or is_met(right, holds)
    return holds(condition)
