"""What a check finds: places where rows are missing or too many, and what is on its way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Gap:
    """A place where a batch has another number of rows than it should have."""

    batch_id: str
    place: str
    expected: int
    found: int

    @property
    def missing(self) -> int:
        """How many rows too few there are."""
        return max(0, self.expected - self.found)


@dataclass(frozen=True)
class Balance:
    """How many rows too few and too many there are, and where: the worst hundred places."""

    missing: int = 0
    surplus: int = 0
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True)
class Findings:
    """What a check found. Counts of rows are about right where a hundred batches are exceeded.

    `totals` are the ledger's, `gaps` places in tables and lake where rows are missing or too many.
    """

    totals: Mapping[str, int]
    missing: int
    surplus: int
    gaps: tuple[Gap, ...]
    backlog: int  # rows in flight
    batches: int  # batches in flight
    overdue: int  # batches
    oldest: timedelta
    gone: tuple[str, ...]
