"""A question for a metric: only what the catalogue allows gets through, under its own names."""

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.catalogue import Column, EventType
from pipeline.errors import MalformedQuestion
from pipeline.serve.moments import INTERVALS, format_moment, parse_moment, round_down, round_up

STATS = ("count", "sum", "avg", "min", "max")
PARAMETERS = ("measure", "stat", "interval", "from", "to", "group_by", "filter", "limit")
DEFAULT_LIMIT = 1_000
MAX_LIMIT = 10_000
MAX_VALUES = 100
BIGGEST = 2**63
WHOLE = re.compile(r"-?[0-9]{1,19}\Z", re.ASCII)
NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?\Z", re.ASCII)
FILTER_TOKENS = re.compile(r"\\(.)|([,:|])|(.)", re.DOTALL)

Filter = tuple[Column, tuple[str, ...]]


@dataclass(frozen=True)
class Question:
    """A checked question; `start` is inclusive, `end` exclusive, both rounded to the interval."""

    event_type: EventType
    stat: str
    measure: Column | None
    interval: str
    start: datetime | None
    end: datetime | None
    group_by: tuple[Column, ...]
    filters: tuple[Filter, ...]
    limit: int


def read_parameters(event: Mapping[str, Any], allowed: Sequence[str]) -> dict[str, str]:
    """Read the query parameters of an API Gateway event.

    Raises MalformedQuestion for one that is unknown or repeated: the cache tells questions apart
    by the known ones only.
    """
    found: Mapping[str, list[str]] = event.get("multiValueQueryStringParameters") or {}
    for name, values in found.items():
        if name not in allowed:
            known = ", ".join(allowed) or "none"
            raise MalformedQuestion("query", f"a parameter is not known; there are: {known}")
        if len(values) != 1:
            raise MalformedQuestion(name, "must be given once")
    return {name: values[0] for name, values in found.items()}


def read_question(event_type: EventType, given: Mapping[str, str]) -> Question:
    """Check the parameters against the catalogue.

    Raises MalformedQuestion naming the parameter at fault and what it may be.
    """
    interval = _choice("interval", given.get("interval", "none"), INTERVALS)
    start, end = _span(given, interval)
    return Question(
        event_type=event_type,
        stat=_choice("stat", given.get("stat", "count"), STATS),
        measure=_measure(event_type, given),
        interval=interval,
        start=start,
        end=end,
        group_by=_group_by(event_type, given),
        filters=tuple(_filters(event_type, given)),
        limit=_limit(given.get("limit")),
    )


def _choice(parameter: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise MalformedQuestion(parameter, f"must be one of {', '.join(choices)}")
    return value


def _measure(event_type: EventType, given: Mapping[str, str]) -> Column | None:
    if "measure" not in given:
        if given.get("stat", "count") != "count":
            raise MalformedQuestion("measure", "is needed for this stat")
        return None
    return _column("measure", given["measure"], event_type.measures)


def _column(parameter: str, name: str, columns: Sequence[Column]) -> Column:
    names = [column.name for column in columns]
    if name not in names:
        raise MalformedQuestion(parameter, f"must be of {', '.join(names) or 'none here'}")
    return columns[names.index(name)]


def _span(given: Mapping[str, str], interval: str) -> tuple[datetime | None, datetime | None]:
    start = _moment("from", given, lambda moment: round_down(moment, interval))
    end = _moment("to", given, lambda moment: round_up(moment, interval))
    if start and end and start >= end:
        raise MalformedQuestion("to", "must be after from")
    return start, end


def _moment(
    parameter: str, given: Mapping[str, str], rounded: Callable[[datetime], datetime]
) -> datetime | None:
    if parameter not in given:
        return None
    try:
        return rounded(parse_moment(given[parameter]))
    except (ValueError, OverflowError):
        reason = "must be a date or an RFC 3339 time with its zone (write + as %2B)"
        raise MalformedQuestion(parameter, reason) from None


def _group_by(event_type: EventType, given: Mapping[str, str]) -> tuple[Column, ...]:
    names = given["group_by"].split(",") if "group_by" in given else []
    if len(set(names)) < len(names):
        raise MalformedQuestion("group_by", "names a dimension twice")
    return tuple(_column("group_by", name, event_type.dimensions) for name in names)


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not WHOLE.match(text) or not 1 <= int(text) <= MAX_LIMIT:
        raise MalformedQuestion("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _filters(event_type: EventType, given: Mapping[str, str]) -> Iterator[Filter]:
    seen: set[str] = set()
    for name, values in parse_filter(given["filter"]) if "filter" in given else ():
        column = _column("filter", name, event_type.dimensions)
        if name in seen:
            raise MalformedQuestion("filter", "names a dimension twice; write several values a|b")
        if len(values) > MAX_VALUES:
            raise MalformedQuestion("filter", f"may have {MAX_VALUES} values of a dimension")
        seen.add(name)
        yield column, tuple(dict.fromkeys(filter_value(column, value) for value in values))


def parse_filter(text: str) -> list[tuple[str, list[str]]]:
    r"""Split `dimension:value|value,dimension:value`; a backslash makes `,` `|` and `\` literal.

    A colon needs none after the first. Raises MalformedQuestion when there is no dimension.
    """
    found: list[tuple[str, list[str]]] = []
    name: str | None = None
    words = [""]
    for literal, mark, plain in FILTER_TOKENS.findall(text):
        if mark == "," and name is not None:
            found.append((name, words))
            name, words = None, [""]
        elif mark == ":" and name is None:
            name, words = words[0], [""]
        elif mark == "|" and name is not None:
            words.append("")
        else:
            words[-1] += literal or mark or plain
    if name is None:
        raise MalformedQuestion("filter", "must be written dimension:value")
    return [*found, (name, words)]


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
    return text if abs(value) >= sys.float_info.min else "0"


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
