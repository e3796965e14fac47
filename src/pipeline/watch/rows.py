"""The rows of batches that are not in the ledger: how many are on their way, which nobody has."""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from pipeline.errors import WarehouseUnavailable
from pipeline.lake import Stored
from pipeline.watch.batches import batch_id_of
from pipeline.watch.findings import Gap, Sample
from pipeline.watch.questions import Identity

# So many objects are read; others are taken to hold as many rows as these on average.
READ_AT_MOST = 100
# A small object takes 30 ms, the largest some seconds: with less than this left none is begun.
MIN_SECONDS = 5
# What the content of an object raises that is cut off or no gzip JSON Lines at all.
UNREADABLE = (gzip.BadGzipFile, EOFError, ValueError, KeyError, TypeError, zlib.error)

T = TypeVar("T")
Known = Callable[[Iterable[Identity]], set[Identity]]
Left = Callable[[], float]  # tells the seconds that remain


class Read(Protocol):
    """What is needed of the lake to read batches."""

    def lines_if_there(self, key: str) -> Iterator[bytes] | None:
        """Fetch an object whose lines are to be read, None if it is gone."""


def lost_rows(
    lake: Read, overdue: Sequence[Stored], known: Known, left: Left
) -> tuple[Sample, list[Gap]]:
    """Count the rows that the warehouse lacks, and tell which of the batches that were read have any.

    A batch that was stored and then not announced is staged again, by another id if its messages
    come in other company: its rows are there, and nothing is missing. Neither is it if the object is
    gone since it was listed: what turned out to be broken is taken back.
    """
    compared = _measured(overdue, lambda one: _gap(lake, one, known), left)
    gaps = [gap for gap in compared if gap.missing]
    return Sample(len(overdue), len(compared), sum(gap.missing for gap in gaps)), gaps


def count_rows(lake: Read, batches: Sequence[Stored], left: Left) -> Sample:
    """Count the rows of batches."""
    counts = _measured(batches, lambda one: _rows(lake, one), left)
    return Sample(len(batches), len(counts), sum(counts))


def _measured(batches: Sequence[Stored], measure: Callable[[Stored], T], left: Left) -> list[T]:
    """Measure the first READ_AT_MOST, or as many of them as there is time for."""
    measured: list[T] = []
    try:
        for one in batches[:READ_AT_MOST]:
            if left() < MIN_SECONDS:
                break
            measured.append(measure(one))
    except WarehouseUnavailable:
        if left() >= MIN_SECONDS:
            raise
    return measured


def _gap(lake: Read, stored: Stored, known: Known) -> Gap:
    batch_id = batch_id_of(stored.key)
    lines = lake.lines_if_there(stored.key) or ()
    try:
        rows = Counter(map(_identity, lines))
    except UNREADABLE:
        return Gap(batch_id, "unreadable object", 1, 0)  # at least
    there = known(rows)
    loaded = sum(many for row, many in rows.items() if row in there)
    return Gap(batch_id, "lake", rows.total(), loaded)


def _identity(line: bytes) -> Identity:
    row = json.loads(line)
    return row["event_key"], row["fingerprint"]


def _rows(lake: Read, stored: Stored) -> int:
    lines = lake.lines_if_there(stored.key) or ()
    try:
        return sum(1 for _ in lines)
    except UNREADABLE:
        return 1
