"""Spans of time as people write them: dates, or moments as in RFC 3339."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.envelope import read_time

DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


class MalformedMoment(ValueError):
    """What should be a date or a moment is none; the message names it and shows one that is."""


@dataclass(frozen=True)
class Span:
    """From a moment up to, and without, another; both in UTC."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def __str__(self) -> str:
        return f"from {written(self.start)} up to, not including, {written(self.end)}"

    def days(self) -> Iterator[str]:
        """Yield the days (UTC, as 2026-11-29) that have a part in it."""
        day = self.start.date()
        while datetime(day.year, day.month, day.day, tzinfo=UTC) < self.end:
            yield day.isoformat()
            day += timedelta(days=1)


def read_span(start: str, end: str, now: datetime) -> Span:
    """Read FROM and TO; without TO it ends now. Raises MalformedMoment."""
    span = Span(read_moment("FROM", start), read_moment("TO", end) if end else now)
    if span.start >= span.end:
        raise MalformedMoment(f"FROM must come before TO: {written(span.start)} does not.")
    return span


def read_moment(name: str, text: str) -> datetime:
    """Read a date, which is its first moment in UTC, or a moment with a zone.

    Raises MalformedMoment.
    """
    try:
        return read_time(f"{text}T00:00:00Z" if DATE.match(text) else text)
    except (ValueError, OverflowError) as fault:
        raise MalformedMoment(
            f"{name} must be a date or a moment with a zone, such as {name}=2026-11-29 or"
            f" {name}=2026-11-29T14:30:00Z, not {text!r}."
        ) from fault


def written(moment: datetime) -> str:
    """Write a moment of UTC as RFC 3339."""
    return moment.isoformat().removesuffix("+00:00") + "Z"
