"""The rows of batches that are not in the ledger: how many are on their way, which nobody has."""

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from pipeline.lake import Stored
from pipeline.watch.batches import batch_id_of
from pipeline.watch.findings import Gap
from pipeline.watch.questions import Identity

# So many objects are read, 30 ms each; others are taken to hold as many rows as these on average.
READ_AT_MOST = 100
# What an object raises that is cut off or no gzip JSON Lines at all.
UNREADABLE = (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error)

Known = Callable[[Iterable[Identity]], set[Identity]]


class Read(Protocol):
    """What is needed of the lake to read batches."""

    def read_lines(self, key: str) -> Iterator[bytes]:
        """Yield the lines of an object."""


def gaps_of(lake: Read, overdue: Sequence[Stored], known: Known) -> list[Gap]:
    """Tell which batches have rows that the warehouse lacks, of the first READ_AT_MOST.

    A batch that was stored and then not announced is staged again, by another id: its rows are
    there, and nothing is missing.
    """
    found = (_gap(lake, one, known) for one in overdue[:READ_AT_MOST])
    return [gap for gap in found if gap.missing]


def _gap(lake: Read, stored: Stored, known: Known) -> Gap:
    batch_id = batch_id_of(stored.key)
    try:
        rows = Counter(map(_identity, lake.read_lines(stored.key)))
    except UNREADABLE:
        return Gap(batch_id, "unreadable object", 1, 0)  # at least
    there = known(rows)
    loaded = sum(many for row, many in rows.items() if row in there)
    return Gap(batch_id, "lake", rows.total(), loaded)


def _identity(line: bytes) -> Identity:
    row = json.loads(line)
    return row["event_key"], row["fingerprint"]


def count_rows(lake: Read, batches: Sequence[Stored]) -> int:
    """Count the rows of batches; beyond READ_AT_MOST about, by the mean of those."""
    counted = sum(_rows(lake, one) for one in batches[:READ_AT_MOST])
    return extrapolated(counted, len(batches))


def _rows(lake: Read, stored: Stored) -> int:
    try:
        return sum(1 for _ in lake.read_lines(stored.key))
    except UNREADABLE:
        return 1


def extrapolated(rows: int, batches: int) -> int:
    """Tell how many rows batches have of which the first READ_AT_MOST have so many."""
    return rows * batches // READ_AT_MOST if batches > READ_AT_MOST else rows
