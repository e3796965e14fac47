"""The conservation check: received = loaded + duplicates + conflicts + quarantined + in flight."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from pipeline import telemetry
from pipeline.lake import Stored
from pipeline.watch.batches import Listed, Unloaded, batch_id_of, days_before, gone, unloaded
from pipeline.watch.findings import Findings, Gap
from pipeline.watch.questions import Ledger
from pipeline.watch.rows import Read, count_rows, lost_rows


class Searched(Listed, Read, Protocol):
    """What the check needs of the lake."""


def check(
    ledger: Ledger, lake: Searched, staged: Mapping[str, Stored], grace: timedelta, now: datetime
) -> Findings:
    """Compare what the lake holds, the ledger and the tables; raises what these raise.

    A batch may be on its way for the time of `grace` before it counts as missing.
    Objects are read in what the questions leave of the time: half of it is for batches in flight at
    most, so that some is there for those that are overdue, whose rows are asked for.
    """
    due = now - grace
    loaded = ledger.loaded_objects(days_before(now)[0])
    balance, totals = ledger.balance(), ledger.totals(due)
    absent = gone(lake, staged, loaded)
    with telemetry.step("calculate unloaded"):
        waiting = unloaded(staged, loaded, due)
    half = ledger.left() / 2
    in_flight = count_rows(lake, waiting.young, lambda: ledger.left() - half)
    overdue, lost = lost_rows(lake, waiting.overdue, ledger.known, ledger.left)
    return Findings(
        totals=totals,
        missing=balance.missing + overdue.rows,
        surplus=balance.surplus,
        gaps=(*balance.gaps, *lost),
        in_flight=in_flight,
        overdue=overdue,
        oldest=_oldest(waiting, lost, now),
        gone=tuple(absent),
    )


def _oldest(waiting: Unloaded, lost: Iterable[Gap], now: datetime) -> timedelta:
    ids = {gap.batch_id for gap in lost}
    overdue = (found for found in waiting.overdue if batch_id_of(found.key) in ids)
    moments = [found.stored_at for found in (*waiting.young, *overdue)]
    return max(timedelta(), now - min(moments, default=now))
