"""Read the text of a query into its commands."""

from collections.abc import Callable
from typing import TypeVar

from local.insights.grouping import AGGREGATES
from local.insights.language import (
    Aggregate,
    Command,
    Display,
    Fields,
    Filter,
    Limit,
    Named,
    Order,
    Parse,
    Query,
    Sort,
    Stats,
)
from local.insights.reading import Reader

MOST_ROWS = 100_000

_Item = TypeVar("_Item")


def parse(text: str) -> Query:
    """Read a query; raises MalformedQuery."""
    reader = _Commands(text)
    commands = [reader.command()]
    while reader.accept("sign", "|"):
        commands.append(reader.command())
    reader.expect("end", "'|' or the end")
    return tuple(commands)


class _Commands(Reader):
    """Reads one command after the other."""

    def command(self) -> Command:
        """Read a command."""
        readers: dict[str, Callable[[], Command]] = {
            "fields": self._fields,
            "display": self._display,
            "filter": self._filter,
            "parse": self._parse,
            "stats": self._stats,
            "sort": self._sort,
            "limit": self._limit,
        }
        word = self.expect("word", "a command")
        if word.text.lower() not in readers:
            raise word.refused(f"one of the commands {', '.join(readers)}")
        return readers[word.text.lower()]()

    def _fields(self) -> Command:
        return Fields(self._listed(self._named))

    def _display(self) -> Command:
        return Display(self._listed(self._shown))

    def _filter(self) -> Command:
        return Filter(self.condition())

    def _parse(self) -> Command:
        operand = self.operand()
        start, pattern = self.next, self.pattern("regex")
        if not pattern.groupindex:
            raise start.refused("a regular expression with named groups")
        return Parse(operand, pattern)

    def _stats(self) -> Command:
        if not self._has_time:
            raise self.next.refused("no second stats")
        aggregates = self._listed(self._aggregate)
        groups = self._listed(self._named) if self.accept("word", "by") else ()
        self._has_time = False
        return Stats(aggregates, groups)

    def _sort(self) -> Command:
        return Sort(self._listed(self._order))

    def _limit(self) -> Command:
        token = self.expect("number", "a number")
        if not token.text.isdigit() or not 1 <= int(token.text) <= MOST_ROWS:
            raise token.refused(f"a number from 1 to {MOST_ROWS}")
        return Limit(int(token.text))

    def _listed(self, read: Callable[[], _Item]) -> tuple[_Item, ...]:
        items = [read()]
        while self.accept("sign", ","):
            items.append(read())
        return tuple(items)

    def _named(self) -> Named:
        start = self.next.start
        operand = self.operand()
        return Named(self._alias(start), operand)

    def _shown(self) -> Named:
        field = self.field()
        return Named(field.name, field)

    def _alias(self, start: int) -> str:
        """Return the name after `as`, or the text from `start` to here."""
        text = self.text_from(start).replace("`", "")
        return self.field().name if self.accept("word", "as") else text

    def _aggregate(self) -> Aggregate:
        word = self.expect("word", "a function")
        function = word.text.lower()
        if function not in AGGREGATES:
            raise word.refused(f"one of the functions {', '.join(AGGREGATES)}")
        self.expect_sign("(")
        operand = None if function == "count" and self._is_all() else self.operand()
        self.expect_sign(")")
        return Aggregate(self._alias(word.start), function, operand)

    def _is_all(self) -> bool:
        """Whether a count is of all records: `count(*)` or `count()`."""
        return bool(self.accept("sign", "*")) or self.next.text == ")"

    def _order(self) -> Order:
        operand = self.operand()
        descending = bool(self.accept("word", "desc"))
        if not descending:
            self.accept("word", "asc")
        return Order(operand, descending)
