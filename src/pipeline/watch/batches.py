"""The batches that lie in the lake, compared with those that the ledger has: no rows, only keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pipeline.lake import Stored, batches_of

# The queues keep a message for 14 days, so no batch holds an earlier day's receipts.
DAYS = 14


class Listed(Protocol):
    """What is needed of the lake to find batches."""

    def stored_since(self, prefix: str, moment: datetime) -> Iterable[Stored]:
        """Yield the objects below a prefix that were stored at this moment or later."""


@dataclass(frozen=True)
class Unloaded:
    """Batches that are not in the ledger: `young` ones are on their way, `overdue` ones are not."""

    young: tuple[Stored, ...]
    overdue: tuple[Stored, ...]


def days_before(now: datetime) -> list[str]:
    """Name what the keys of batches begin with, by day of receipt, the earliest first."""
    days = (now - timedelta(days=DAYS - n) for n in range(DAYS + 1))
    return [batches_of(day.isoformat()) for day in days]


def list_batches(lake: Listed, prefixes: Iterable[str]) -> dict[str, Stored]:
    """Find the batches below these prefixes, by key."""
    ever = datetime.fromisoformat("1970-01-01T00:00:00Z")
    return {found.key: found for prefix in prefixes for found in lake.stored_since(prefix, ever)}


def unloaded(staged: Mapping[str, Stored], loaded: set[str], due: datetime) -> Unloaded:
    """Sort those that the ledger lacks by whether they were stored before `due`, oldest first."""
    missing = sorted(
        (found for key, found in staged.items() if key not in loaded),
        key=lambda found: (found.stored_at, found.key),
    )
    overdue = tuple(found for found in missing if found.stored_at < due)
    return Unloaded(tuple(missing[len(overdue) :]), overdue)


def gone(lake: Listed, staged: Mapping[str, Stored], loaded: set[str]) -> list[str]:
    """Name the batches in the ledger that the lake has no longer: they cannot be replayed.

    What was stored and loaded since the lake was listed is there too, so their days are listed anew.
    """
    absent = {key for key in loaded if key not in staged}
    days = sorted({key.rpartition("/")[0] + "/" for key in absent})
    return sorted(absent - list_batches(lake, days).keys())


def batch_id_of(key: str) -> str:
    """Read the id of a batch off the key of its object."""
    return key.rpartition("/")[2].removesuffix(".jsonl.gz")
