"""What a query consists of: commands, the conditions and operands in them."""

import re
from dataclasses import dataclass

from local.insights.values import Value
from local.logic import Joined


@dataclass(frozen=True)
class Field:
    """A member of a message, by its path, or what an event has beside."""

    name: str


@dataclass(frozen=True)
class Literal:
    """A text or a number that stands in the query."""

    value: Value


@dataclass(frozen=True)
class Call:
    """A function that makes a value of values."""

    function: str
    arguments: tuple["Operand", ...]


@dataclass(frozen=True)
class Bin:
    """The record's time, rounded down to a period."""

    milliseconds: int


Operand = Field | Literal | Call | Bin


@dataclass(frozen=True)
class Compare:
    """One of = != < <= > >= between two values."""

    sign: str
    left: Operand
    right: Operand


@dataclass(frozen=True)
class Like:
    """Whether the text of a value has a match of the pattern anywhere."""

    operand: Operand
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Within:
    """Whether a value equals one of those in brackets."""

    operand: Operand
    choices: tuple[Operand, ...]


@dataclass(frozen=True)
class Test:
    """A function that is true or false of a value."""

    function: str
    operand: Operand


OfValues = Compare | Like | Within | Test
Condition = Joined[OfValues]


@dataclass(frozen=True)
class Named:
    """An operand and the field that it becomes: what `as` says, or else its text in the query."""

    name: str
    operand: Operand


@dataclass(frozen=True)
class Aggregate:
    """A function over the records of a group; `count(*)` has no operand."""

    name: str
    function: str
    operand: Operand | None


@dataclass(frozen=True)
class Fields:
    """Values to show beside those that are shown already."""

    shown: tuple[Named, ...]


@dataclass(frozen=True)
class Display:
    """The only values to show."""

    shown: tuple[Named, ...]


@dataclass(frozen=True)
class Filter:
    """Records for which the condition fails are dropped."""

    condition: Condition


@dataclass(frozen=True)
class Parse:
    """The named groups of a pattern become fields of the records in which it matches."""

    operand: Operand
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Stats:
    """Records become one record of each group."""

    aggregates: tuple[Aggregate, ...]
    groups: tuple[Named, ...]


@dataclass(frozen=True)
class Order:
    """A value to sort by."""

    operand: Operand
    descending: bool


@dataclass(frozen=True)
class Sort:
    """The records' order: by the first value, among equals by the second, and so on."""

    orders: tuple[Order, ...]


@dataclass(frozen=True)
class Limit:
    """So many records and no more."""

    count: int


Command = Fields | Display | Filter | Parse | Stats | Sort | Limit
Query = tuple[Command, ...]
