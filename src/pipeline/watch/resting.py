"""When the check may let the warehouse sleep on: what the last one found is kept in the lake."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from pipeline.errors import LakeUnavailable
from pipeline.lake import Stored, last_check_key


class Kept(Protocol):
    """What is needed of the lake to keep what a check found."""

    def read_json(self, key: str) -> Any:
        """Return a small document, None if there is none that can be read."""

    def write_json(self, key: str, value: Any) -> None:
        """Store a small document."""


@dataclass(frozen=True)
class Last:
    """When the last check that came to its end began, and whether it left nothing open."""

    began: datetime
    settled: bool


def keep(lake: Kept, last: Last) -> None:
    """Store it for the next check; errors of S3 go through."""
    lake.write_json(last_check_key(), {"began": last.began.isoformat(), "settled": last.settled})


def kept(lake: Kept) -> Last | None:
    """Read what the last check stored; None if that is not to be had, for whatever reason."""
    try:
        told = lake.read_json(last_check_key())
        return Last(datetime.fromisoformat(told["began"]).astimezone(UTC), told["settled"] is True)
    except (LakeUnavailable, KeyError, TypeError, ValueError):
        return None


def may_rest(
    scheduled: datetime, last: Last | None, staged: Mapping[str, Stored], grace: timedelta
) -> bool:
    """Tell whether the last check saw all there is, with nothing on its way, and all was right.

    Only a warehouse that changed behind its loader's back has news then: so the first check of a
    day (UTC) asks in any case.
    """
    if last is None or not last.settled or last.began.date() != scheduled.date():
        return False
    return all(found.stored_at + grace < last.began for found in staged.values())
