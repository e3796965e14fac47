"""DynamoDB stream: every inserted item is an event; a record that fails never blocks its shard."""

from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import load_catalogue
from pipeline.errors import DeliveryFailed
from pipeline.queue import RowQueue
from pipeline.receive.dynamodb import inserts, make_rows
from pipeline.settings import from_env


@dataclass(frozen=True)
class Settings:
    """What this function needs."""

    event_queue_url: str


settings = from_env(Settings)
queue = RowQueue(settings.event_queue_url)
catalogue = load_catalogue()


@telemetry.observed
def handler(event: Any, _context: Any) -> dict[str, Any]:
    """Send the inserted items of one stream batch to the queue, all or, by telling so, none."""
    records = event["Records"]
    changes = inserts(records)
    rows = list(make_rows(changes, catalogue))
    try:
        queue.send(row.line for row in rows)
    except DeliveryFailed:
        telemetry.logger.exception("the queue took nothing; the stream waits")
        telemetry.count("DeliveriesFailed", 1)
        first = records[0]["dynamodb"]["SequenceNumber"]
        return {"batchItemFailures": [{"itemIdentifier": first}]}
    telemetry.count("EventsReceived", len(rows))
    telemetry.count("EventsQuarantined", sum(row.fault is not None for row in rows))
    telemetry.count("ChangesIgnored", len(records) - len(changes))
    return {"batchItemFailures": []}
