"""EventQueue to one lake object a batch, announced; a failure leaves all messages in the queue."""

from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.announcements import BATCH_STAGED
from pipeline.bus import Bus
from pipeline.lake import Lake
from pipeline.settings import from_env
from pipeline.stage.rows import make_batch


@dataclass(frozen=True)
class Settings:
    """What this function needs."""

    lake_bucket: str
    bus_name: str


settings = from_env(Settings)
lake = Lake(settings.lake_bucket)
bus = Bus(settings.bus_name)


@telemetry.observed
def handler(event: Any, _context: Any) -> dict[str, Any]:
    """Store one batch of the queue and announce it."""
    batch = make_batch(event["Records"])
    bus.announce(BATCH_STAGED, lake.write_batch(batch.batch_id, batch.received_at, batch.lines))
    telemetry.count("BatchesStaged", 1)
    telemetry.count("EventsStaged", len(batch.lines))
    telemetry.count("ForeignMessages", batch.foreign)
    return {"batchItemFailures": []}
