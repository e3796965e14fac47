"""EventQueue to one lake object a batch, announced; a failure leaves all messages in the queue."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline import telemetry
from pipeline.announcements import BATCH_STAGED
from pipeline.bus import Bus
from pipeline.catalogue import load_catalogue
from pipeline.event import OTHER, type_label
from pipeline.lake import Lake
from pipeline.quarantined import note_quarantined
from pipeline.settings import from_env
from pipeline.stage.rows import FAULT, FOREIGN, Batch, make_batch

ENTRANCES = {"request", "webhook", "change"}  # those that send to the queue


@dataclass(frozen=True)
class Settings:
    """What this function needs."""

    lake_bucket: str
    bus_name: str


settings = from_env(Settings)
lake = Lake(settings.lake_bucket)
bus = Bus(settings.bus_name)
catalogue = load_catalogue()


@telemetry.observed
def handler(event: Any, _context: Any) -> dict[str, Any]:
    """Store one batch of the queue and announce it."""
    with telemetry.step("calculate rows"):
        batch = make_batch(event["Records"])
    begin(batch)
    bus.announce(BATCH_STAGED, lake.write_batch(batch.batch_id, batch.received_at, batch.lines))
    note_staged(batch, datetime.now(UTC))
    return {"batchItemFailures": []}


def begin(batch: Batch) -> None:
    """Let whatever this invocation logs and traces be found by its batch and by what is in it."""
    correlation_ids = list(batch.correlation_ids[: telemetry.MAX_TOLD])
    telemetry.identify(batch_id=batch.batch_id)
    telemetry.log_keys(correlation_ids=correlation_ids)
    telemetry.note(batch_ids=[batch.batch_id], correlation_ids=correlation_ids)


def note_staged(batch: Batch, now: datetime) -> None:
    """Count a batch, its events and how long the oldest of them has been here."""
    age = now - datetime.fromisoformat(batch.received_at)
    telemetry.count("BatchesStaged", 1)
    telemetry.count("BatchEvents", len(batch.lines))
    telemetry.count(
        "BatchBytes", sum(map(len, batch.lines)) + len(batch.lines), telemetry.MetricUnit.Bytes
    )
    telemetry.gauge("BatchAge", age.total_seconds(), telemetry.MetricUnit.Seconds)
    telemetry.count("ForeignMessages", batch.foreign)
    if batch.foreign:
        note_quarantined(FOREIGN, OTHER, FAULT, batch.foreign)
    staged = labelled(batch.tally)
    for (entrance, event_type), number in staged.items():
        telemetry.count_by({"entrance": entrance, "type": event_type}, {"EventsStaged": number})
    telemetry.annotate_type({event_type for _, event_type in staged})
    log = {"staged": len(batch.lines), "foreign": batch.foreign}
    telemetry.logger.info("a batch was staged", extra=log)


def labelled(tally: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Name entrances and types as metrics do: whoever may write to the queue could invent others."""
    named: Counter[tuple[str, str]] = Counter()
    for (entrance, event_type), number in tally.items():
        known = entrance if entrance in ENTRANCES else FOREIGN
        named[known, type_label(event_type, catalogue)] += number
    return named
