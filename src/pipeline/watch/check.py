"""On a schedule: is every event that was staged where it belongs? The first missing one alarms."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline import telemetry
from pipeline.lake import ListingLake
from pipeline.settings import from_env
from pipeline.warehouse import Warehouse
from pipeline.watch.batches import days_before, list_batches
from pipeline.watch.checking import check
from pipeline.watch.findings import Findings
from pipeline.watch.questions import Ledger
from pipeline.watch.resting import Last, keep, kept, may_rest
from pipeline.watch.telling import RESTED, complaint, counts_of, details, written

TELL_SECONDS = 5  # kept back of the function's time


@dataclass(frozen=True)
class Settings:
    """What is compared, and when a batch counts as missing."""

    lake_bucket: str
    workgroup_name: str
    database_name: str
    missing_after_seconds: int


settings = from_env(Settings)
lake = ListingLake(settings.lake_bucket)
warehouse = Warehouse(settings.workgroup_name, settings.database_name)
grace = timedelta(seconds=settings.missing_after_seconds)


@telemetry.observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Check, and tell; whatever fails raises, and the alarm for silence tells of that.

    Called by hand, without `time`, it asks the warehouse in any case.
    """
    now = datetime.now(UTC)
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - TELL_SECONDS
    staged = list_batches(lake, days_before(now))
    scheduled = datetime.fromisoformat(event["time"]) if "time" in event else None
    if scheduled and may_rest(scheduled, kept(lake), staged, grace):
        telemetry.count("ChecksDone", 1)
        return RESTED
    ledger = Ledger(warehouse, lambda: deadline - time.monotonic())
    try:
        found = check(ledger, lake, staged, grace, now)
    finally:
        telemetry.count_usage(warehouse.take_usage())
    tell(found)
    keep(lake, Last(now, found.settled))
    return written(found)


def tell(found: Findings) -> None:
    """Write the metrics, and a log line, as an error if something is wrong."""
    for name, value in counts_of(found).items():
        telemetry.gauge(name, value)
    telemetry.gauge("OldestUnloaded", found.oldest.total_seconds(), telemetry.MetricUnit.Seconds)
    telemetry.count("ChecksDone", 1)
    if wrong := complaint(found):
        telemetry.logger.error(wrong, extra=details(found))
    else:
        telemetry.logger.info("nothing is wrong", extra=details(found))
