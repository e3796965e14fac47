"""Points in time: read as callers write them, rounded so that equal questions are equal."""

import re
from datetime import UTC, datetime, timedelta

MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2}))?\Z", re.ASCII
)
INTERVALS = ("none", "minute", "hour", "day", "week", "month")
STEPS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    # Longer than any month and shorter than two: rounding down after it finds the next one.
    "month": timedelta(days=31),
}


def parse_moment(text: str) -> datetime:
    """Read an RFC 3339 time or a date (its midnight in UTC); returns it in UTC.

    Raises ValueError for anything else and for years that cannot be rounded.
    """
    if not MOMENT.match(text):
        raise ValueError("neither an RFC 3339 time nor a date")
    moment = datetime.fromisoformat(text.upper())
    moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    if not 1 < moment.year < 9999:  # noqa: PLR2004 (the years of datetime are 1 to 9999)
        raise ValueError("the year is out of range")
    return moment


def round_down(moment: datetime, interval: str) -> datetime:
    """Find the start of the interval that a moment is in; weeks begin on Monday."""
    if interval == "none":
        return moment
    floor = moment.replace(second=0, microsecond=0)
    if interval == "minute":
        return floor
    floor = floor.replace(minute=0)
    if interval == "hour":
        return floor
    floor = floor.replace(hour=0)
    if interval == "week":
        return floor - timedelta(days=floor.weekday())
    return floor.replace(day=1) if interval == "month" else floor


def round_up(moment: datetime, interval: str) -> datetime:
    """Find the first start of an interval that is not before a moment."""
    floor = round_down(moment, interval)
    return floor if floor == moment else round_down(floor + STEPS[interval], interval)


def format_moment(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, with as many digits as it needs."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
