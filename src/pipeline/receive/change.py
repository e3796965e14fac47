"""DynamoDB stream: every inserted item is an event; a record that fails never blocks its shard."""

from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import load_catalogue
from pipeline.correlation import first_usable
from pipeline.errors import DeliveryFailed
from pipeline.event import Row
from pipeline.queue import RowQueue
from pipeline.receive import noting
from pipeline.receive.dynamodb import inserts, make_rows
from pipeline.receive.tallies import tally
from pipeline.settings import from_env


@dataclass(frozen=True)
class Settings:
    """What this function needs."""

    event_queue_url: str


settings = from_env(Settings)
queue = RowQueue(settings.event_queue_url)
catalogue = load_catalogue()


@telemetry.observed
def handler(event: Any, context: Any) -> dict[str, Any]:
    """Send the inserted items of one stream batch to the queue, all or, by telling so, none."""
    records = event["Records"]
    correlation_id = noting.begin(first_usable(records[0].get("eventID"), context.aws_request_id))
    changes = inserts(records)
    with telemetry.step(noting.CALCULATION):
        rows = list(make_rows(changes, catalogue))
    try:
        queue.send((row.line for row in rows), correlation_id)
    except DeliveryFailed:
        noting.note_failure("change", "the queue took nothing; the stream waits")
        first = records[0]["dynamodb"]["SequenceNumber"]
        return {"batchItemFailures": [{"itemIdentifier": first}]}
    _note(rows, ignored=len(records) - len(changes))
    return {"batchItemFailures": []}


def _note(rows: list[Row], ignored: int) -> None:
    telemetry.count("ChangesIgnored", ignored)
    telemetry.log_keys(ignored=ignored)
    if len(rows) == 1:
        telemetry.annotate(event_key=rows[0].event_key)
    noting.note_received("change", tally(rows, catalogue))
