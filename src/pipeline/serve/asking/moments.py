"""Points in time: read as callers write them, rounded so that equal questions are equal."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2}))?\Z", re.ASCII
)
INTERVALS = ("none", "minute", "hour", "day", "week", "month")
MINUTE = timedelta(minutes=1)
STEPS = {
    "minute": MINUTE,
    "hour": timedelta(hours=1),
    # Longer than any day, week or month of a zone's clock, and shorter than two: rounding down
    # after it finds the next one.
    "day": timedelta(hours=26),
    "week": timedelta(days=8),
    "month": timedelta(days=32),
}


def parse_moment(text: str, zone: tzinfo = UTC) -> datetime:
    """Read an RFC 3339 time or a date (its midnight in the zone); returns it in UTC.

    Raises ValueError for anything else and for years that cannot be rounded.
    """
    if not MOMENT.match(text):
        raise ValueError("neither an RFC 3339 time nor a date")
    moment = datetime.fromisoformat(text.upper())
    moment = moment.replace(tzinfo=moment.tzinfo or zone).astimezone(UTC)
    if not 1 < moment.year < 9999:  # noqa: PLR2004 (the years of datetime are 1 to 9999)
        raise ValueError("the year is out of range")
    return moment


def round_down(moment: datetime, interval: str, zone: tzinfo = UTC) -> datetime:
    """Find the start (UTC) of the zone's interval that a moment is in; weeks begin on Monday."""
    if interval == "none":
        return moment
    local = moment.astimezone(zone)
    if interval in ("minute", "hour"):
        # By the length and not by the clock, on which an hour comes twice when summer ends.
        past = timedelta(minutes=local.minute * (interval == "hour"), seconds=local.second)
        return moment - past - timedelta(microseconds=local.microsecond)
    floor = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if interval == "week":
        floor -= timedelta(days=floor.weekday())
    return (floor.replace(day=1) if interval == "month" else floor).astimezone(UTC)


def round_up(moment: datetime, interval: str, zone: tzinfo = UTC) -> datetime:
    """Find the first start (UTC) of an interval that is not before a moment."""
    reach = start = round_down(moment, interval, zone)
    # One step, and more where clocks are changed by half an hour, or a day comes twice: there what is
    # the start of an hour by its length may lie within another.
    while start < moment or round_down(start, interval, zone) != start:
        reach += STEPS[interval]
        start = round_down(reach, interval, zone)
    return start


def is_whole_hour(moment: datetime) -> bool:
    """Tell whether a moment is the start of an hour of UTC."""
    return not (moment.minute or moment.second or moment.microsecond)


def format_moment(moment: datetime, zone: tzinfo = UTC) -> str:
    """Write a moment as RFC 3339 in a zone, with as many digits as it needs.

    Zones were once seconds away from UTC, which RFC 3339 cannot tell: such a moment is in UTC.
    """
    local = moment.astimezone(zone)
    offset = local.utcoffset()
    if offset and offset % MINUTE:
        local = moment.astimezone(UTC)
    return local.isoformat().replace("+00:00", "Z")
