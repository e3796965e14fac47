"""Time zones: those that callers may name, and what is known of their offsets."""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

UTC_NAME = "UTC"
# UTC by other names. Other zones keep the name that the caller knows: which of two names is the newer
# one depends on the release of the database, and Redshift has a release of its own.
UTC_NAMES = frozenset(
    f"{area}{name}"
    for area in ("", "Etc/")
    for name in (
        "UTC", "UCT", "Universal", "Zulu", "GMT", "GMT0", "GMT+0", "GMT-0", "Greenwich",
    )
)  # fmt: skip
# No places: Factory is what an unset clock has. The others are abbreviations too, which by Redshift's
# guide are offsets that are the same all year; which of the two it takes such a name for is not told.
NO_PLACES = frozenset({"Factory", "CET", "EET", "EST", "HST", "MET", "MST", "WET"})
# Events lie between 2000 and their receipt; rules beyond 2100 are nobody's business yet.
YEARS = range(2000, 2101)
HOUR_SECONDS = 3600


@cache
def zone_of(name: str) -> ZoneInfo:
    """Find a zone by its IANA name; raises ValueError for any other text.

    The names are those of the tzdata package that are places, or UTC: what lies on a machine's disk
    has others too.
    """
    if name not in _names():
        raise ValueError("not a time zone of the IANA database")
    return ZoneInfo(name)


def plain_name(name: str) -> str:
    """Write all names of UTC as one, so that equal questions are equal."""
    return UTC_NAME if name in UTC_NAMES else name


@cache
def has_whole_hours(name: str) -> bool:
    """Tell whether a zone is always whole hours away from UTC, so that hours of UTC are its hours."""
    zone = zone_of(name)
    firsts = (datetime(year, month, 1, tzinfo=UTC) for year in YEARS for month in range(1, 13))
    offsets = (first.astimezone(zone).utcoffset() for first in firsts)
    return all(
        offset is not None and not offset.total_seconds() % HOUR_SECONDS for offset in offsets
    )


@cache
def _names() -> frozenset[str]:
    text = files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(text.split()) - NO_PLACES
