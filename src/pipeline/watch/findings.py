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
class Sample:
    """So many batches, how many of them were read, and how many rows those have."""

    batches: int = 0
    read: int = 0
    counted: int = 0

    @property
    def rows(self) -> int:
        """How many rows all have: about, by the mean of those that were read; one each if none was."""
        return self.counted * self.batches // self.read if self.read else self.batches


@dataclass(frozen=True)
class Findings:
    """What a check found. Counts of rows are about right where not all batches were read.

    `totals` are the ledger's, `gaps` places in tables and lake where rows are missing or too many.
    """

    totals: Mapping[str, int]
    missing: int
    surplus: int
    gaps: tuple[Gap, ...]
    in_flight: Sample
    overdue: Sample  # its rows are those that the warehouse lacks
    oldest: timedelta
    gone: tuple[str, ...]

    @property
    def wrong(self) -> dict[str, int]:
        """Count what should not be, by a sentence's rest; nothing if all is right."""
        counts = {
            "events are missing": self.missing,
            "events are there that no load has brought": self.surplus,
            "batches are gone from the lake": len(self.gone),
            "events have no facts": self.totals["without_facts"],
        }
        return {what: many for what, many in counts.items() if many}

    @property
    def settled(self) -> bool:
        """Whether nothing is wrong, nor will be once facts that are awaited are overdue."""
        return not self.wrong and not self.totals["awaiting_facts"]
