"""On a schedule: is every event that was staged where it belongs? The first missing one alarms."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline import telemetry
from pipeline.lake import ListingLake
from pipeline.settings import from_env
from pipeline.warehouse import Warehouse
from pipeline.watch.batches import days_before, list_batches
from pipeline.watch.checking import Rhythm, check, may_rest
from pipeline.watch.findings import Findings
from pipeline.watch.questions import Ledger
from pipeline.watch.telling import RESTED, complaint, counts_of, written

SECONDS = 120  # for one answer of the warehouse, which may have to wake up


@dataclass(frozen=True)
class Settings:
    """What is compared, how often, and when a batch counts as missing."""

    lake_bucket: str
    workgroup_name: str
    database_name: str
    check_minutes: int
    missing_after_seconds: int


settings = from_env(Settings)
lake = ListingLake(settings.lake_bucket)
ledger = Ledger(Warehouse(settings.workgroup_name, settings.database_name), SECONDS)
rhythm = Rhythm(
    timedelta(minutes=settings.check_minutes), timedelta(seconds=settings.missing_after_seconds)
)


@telemetry.observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Check, and tell; whatever fails raises, and the alarm for silence tells of that.

    Called by hand, without `time`, it asks the warehouse in any case.
    """
    now = datetime.now(UTC)
    staged = list_batches(lake, days_before(now))
    scheduled = datetime.fromisoformat(event["time"]) if "time" in event else None
    if may_rest(scheduled, staged, rhythm, now):
        telemetry.count("ChecksDone", 1)
        return RESTED
    found = check(ledger, lake, staged, rhythm, now)
    tell(found)
    return written(found)


def tell(found: Findings) -> None:
    """Write the metrics, and a log line if something is wrong."""
    for name, value in counts_of(found).items():
        telemetry.gauge(name, value)
    telemetry.gauge("OldestUnloaded", found.oldest.total_seconds(), telemetry.MetricUnit.Seconds)
    telemetry.count("ChecksDone", 1)
    if said := complaint(found):
        sentence, fields = said
        telemetry.logger.error(sentence, extra=fields)
