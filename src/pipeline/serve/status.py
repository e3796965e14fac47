"""GET /v1/status: rows in and what became of them, freshness, and what is still in the queues."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import EventType, load_catalogue
from pipeline.queue import QueueGauge
from pipeline.serve.answering import READ_SECONDS, answered
from pipeline.serve.problems import Response
from pipeline.serve.question import read_parameters
from pipeline.serve.state import status_query, write_status
from pipeline.settings import from_env
from pipeline.warehouse import Warehouse


@dataclass(frozen=True)
class Settings:
    """Which warehouse is asked, and whose messages are counted."""

    workgroup_name: str
    database_name: str
    event_queue_url: str
    load_queue_url: str


settings = from_env(Settings)
warehouse = Warehouse(settings.workgroup_name, settings.database_name)
gauge = QueueGauge()
catalogue = load_catalogue()
queues = {"event_queue": settings.event_queue_url, "load_queue": settings.load_queue_url}


@telemetry.observed
def handler(event: dict[str, Any], _context: Any) -> Response:
    """Answer with JSON or a problem; the warehouse is asked at most once."""
    return answered(lambda: read_status(event, catalogue, warehouse, gauge))


def read_status(
    event: Mapping[str, Any],
    catalogue: Mapping[str, EventType],
    warehouse: Warehouse,
    gauge: QueueGauge,
) -> str:
    """Answer an API Gateway event; raises MalformedQuestion and what the warehouse raises."""
    read_parameters(event, ())
    as_of = datetime.now(UTC)
    in_flight = {name: gauge.depth(url) for name, url in queues.items()}
    rows = warehouse.rows(status_query(catalogue), seconds=READ_SECONDS)
    return write_status(rows, in_flight, as_of)
