"""Events that are in the lake and not yet in the warehouse, found when somebody asks for one.

Nothing is written for this as events come in: it would cost every event what few ever need.
"""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from heapq import nlargest

from pipeline.errors import LakeUnavailable
from pipeline.exact_json import decode
from pipeline.lake import ListingLake, Stored, batches_of, facts_key
from pipeline.serve.telling.record import Underway

# Loads come every 5 minutes at most; an hour also shows what waits when they fail for a while.
LOOK_BACK = timedelta(hours=1)
# A question costs at most so many GETs, a few at a time.
MOST_BATCHES = 100
THREADS = 8
# A lake that answers at all takes a fraction of it.
SECONDS = 4


def find_underway(
    lake: ListingLake, event_key: str, now: datetime, seconds: float = SECONDS
) -> Underway | None:
    """Look for an event in the latest batches; the first that was stored stands.

    Raises LakeUnavailable, also when it takes longer than SECONDS, or these seconds if they are less.
    """
    threads = ThreadPoolExecutor(THREADS)
    try:
        deadline = time.monotonic() + min(seconds, SECONDS)
        return _find(lake, event_key, now, threads, deadline)
    except TimeoutError:
        raise LakeUnavailable("the latest batches were not read in time") from None
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _find(
    lake: ListingLake, event_key: str, now: datetime, threads: ThreadPoolExecutor, deadline: float
) -> Underway | None:
    latest = threads.submit(_latest, lake, now).result(deadline - time.monotonic())
    start = f'{{"event_key":"{event_key}"'.encode()
    left = deadline - time.monotonic()
    lines = threads.map(lambda batch: lake.find_line(batch.key, start), latest, timeout=left)
    found = [(batch, line) for batch, line in zip(latest, lines, strict=True) if line]
    if not found:
        return None
    batch, line = min(found, key=lambda one: one[0].stored_at)
    row = decode(line)
    prepared_at = threads.submit(_prepared_at, lake, batch, row)
    left = deadline - time.monotonic()
    return Underway(row, batch.key, batch.stored_at, prepared_at.result(left))


def _latest(lake: ListingLake, now: datetime) -> list[Stored]:
    since = now - LOOK_BACK
    days = sorted({batches_of(moment.isoformat()) for moment in (since, now)})
    stored = (batch for day in days for batch in lake.stored_since(day, since))
    return nlargest(MOST_BATCHES, stored, key=lambda batch: batch.stored_at)


def _prepared_at(lake: ListingLake, batch: Stored, row: Mapping[str, str]) -> datetime | None:
    if "reason" in row:
        return None
    day = batch.key.partition("date=")[2]
    facts = lake.stored_since(facts_key(row["type"], row["batch_id"], day), batch.stored_at)
    return next((stored.stored_at for stored in facts), None)
