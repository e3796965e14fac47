"""A question for a metric: only what the catalogue allows gets through, under its own names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property
from typing import Any

from pipeline.catalogue import Column, EventType
from pipeline.errors import MalformedQuestion
from pipeline.serve.asking.contract import (
    DEFAULT_LIMIT,
    FORMATS,
    MAX_GROUPS,
    MAX_LIMIT,
    STATS,
)
from pipeline.serve.asking.filters import WHOLE, Term, find_column, read_filter
from pipeline.serve.asking.moments import (
    INTERVALS,
    format_moment,
    parse_moment,
    round_down,
    round_up,
)
from pipeline.serve.asking.zones import UTC_NAME, plain_name, zone_of

# What an answer may be ordered by beside the dimensions of group_by.
OWN_FIELDS = ("bucket", "count", "value")


@dataclass(frozen=True)
class Question:
    """A checked question; `start` is inclusive, `end` exclusive, both rounded to the interval."""

    event_type: EventType
    stat: str
    measure: Column | None
    interval: str
    timezone: str
    start: datetime | None
    end: datetime | None
    group_by: tuple[Column, ...]
    terms: tuple[Term, ...]
    order: tuple[str, ...]
    limit: int
    format: str

    @cached_property
    def zone(self) -> tzinfo:
        """The zone in which intervals begin."""
        return zone_of(self.timezone)

    def described(self) -> dict[str, Any]:
        """Tell how the question was understood; equal questions are described alike."""
        measure = self.measure
        return {
            "type": self.event_type.name,
            "measure": measure.name if measure else None,
            "unit": measure.unit if measure and self.stat not in ("count", "distinct") else None,
            "stat": self.stat,
            "interval": self.interval,
            "timezone": self.timezone,
            "from": format_moment(self.start, self.zone) if self.start else None,
            "to": format_moment(self.end, self.zone) if self.end else None,
            "group_by": [column.name for column in self.group_by],
            "filter": [term.described() for term in self.terms],
            "order": list(self.order),
        }


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
    interval = choice("interval", given.get("interval", INTERVALS[0]), INTERVALS)
    timezone = _timezone(given)
    start, end = read_span(given, interval, zone_of(timezone))
    stat = choice("stat", given.get("stat", STATS[0]), STATS)
    group_by = _group_by(event_type, given)
    filtered = given.get("filter")
    return Question(
        event_type=event_type,
        stat=stat,
        measure=_measure(event_type, stat, given),
        interval=interval,
        timezone=timezone,
        start=start,
        end=end,
        group_by=group_by,
        terms=() if filtered is None else read_filter(filtered, event_type.columns),
        order=_order(group_by, given),
        limit=read_limit(given, DEFAULT_LIMIT, MAX_LIMIT),
        format=choice("format", given.get("format", FORMATS[0]), FORMATS),
    )


def choice(parameter: str, value: str, choices: Sequence[str]) -> str:
    """Check one of a few words."""
    if value not in choices:
        raise MalformedQuestion(parameter, f"must be one of {', '.join(choices)}")
    return value


def read_limit(given: Mapping[str, str], default: int, most: int) -> int:
    """Check how many rows are wanted."""
    text = given.get("limit")
    if text is None:
        return default
    if not WHOLE.match(text) or not 1 <= int(text) <= most:
        raise MalformedQuestion("limit", f"must be a whole number from 1 to {most}")
    return int(text)


def read_span(
    given: Mapping[str, str], interval: str, zone: tzinfo
) -> tuple[datetime | None, datetime | None]:
    """Check `from` and `to`, widened to whole intervals."""
    start = _moment("from", given, zone, lambda moment: round_down(moment, interval, zone))
    end = _moment("to", given, zone, lambda moment: round_up(moment, interval, zone))
    if start and end and start >= end:
        raise MalformedQuestion("to", "must be after from")
    return start, end


def _moment(
    parameter: str,
    given: Mapping[str, str],
    zone: tzinfo,
    rounded: Callable[[datetime], datetime],
) -> datetime | None:
    if parameter not in given:
        return None
    try:
        return rounded(parse_moment(given[parameter], zone))
    except (ValueError, OverflowError):
        reason = "must be a date or an RFC 3339 time with its zone (write + as %2B)"
        raise MalformedQuestion(parameter, reason) from None


def _timezone(given: Mapping[str, str]) -> str:
    name = plain_name(given.get("timezone", UTC_NAME))
    try:
        zone_of(name)
    except ValueError:
        raise MalformedQuestion("timezone", "must be a name such as Europe/Berlin") from None
    return name


def _measure(event_type: EventType, stat: str, given: Mapping[str, str]) -> Column | None:
    if "measure" not in given:
        if stat != "count":
            raise MalformedQuestion("measure", "is needed for this stat")
        return None
    columns = event_type.columns if stat == "distinct" else event_type.measures
    return find_column("measure", given["measure"], columns)


def _group_by(event_type: EventType, given: Mapping[str, str]) -> tuple[Column, ...]:
    names = given["group_by"].split(",") if "group_by" in given else []
    if len(set(names)) < len(names):
        raise MalformedQuestion("group_by", "names a dimension twice")
    if len(names) > MAX_GROUPS:
        raise MalformedQuestion("group_by", f"may name {MAX_GROUPS} dimensions")
    return tuple(find_column("group_by", name, event_type.dimensions) for name in names)


def _order(group_by: Sequence[Column], given: Mapping[str, str]) -> tuple[str, ...]:
    fields = tuple(given["order"].split(",")) if "order" in given else ()
    known = [*OWN_FIELDS, *(column.name for column in group_by)]
    names = [text.removeprefix("-") for text in fields]
    if not set(names) <= set(known):
        raise MalformedQuestion("order", f"must be of {', '.join(known)}, with - to descend")
    if len(set(names)) < len(names):
        raise MalformedQuestion("order", "names a field twice")
    return _needed(fields, ("bucket", *(column.name for column in group_by)))


def _needed(order: tuple[str, ...], keys: Sequence[str]) -> tuple[str, ...]:
    """Leave out what changes nothing at an order's end: rows are ordered by their keys then anyway."""
    while order and _completed(order[:-1], keys) == _completed(order, keys):
        order = order[:-1]
    return order


def _completed(order: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Write out an order up to the last key, after which no two rows are equal."""
    named = [text.removeprefix("-") for text in order]
    whole = [*order, *(key for key in keys if key not in named)]
    last = max(place for place, text in enumerate(whole) if text.removeprefix("-") in keys)
    return whole[: last + 1]
