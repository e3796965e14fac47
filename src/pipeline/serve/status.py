"""GET /v1/status: rows in and what became of them, freshness, and what is still in the queues."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import EventType, load_catalogue
from pipeline.lake import brief_lake
from pipeline.origins import readable_from
from pipeline.queue import QueueGauge
from pipeline.serve.asking.contract import query_names
from pipeline.serve.asking.question import read_parameters
from pipeline.serve.desk.answering import READ_SECONDS, Inquiry, inquiry
from pipeline.serve.desk.desk import open_desk, seconds_left
from pipeline.serve.desk.reading import reading
from pipeline.serve.telling.answers import CONTENT_TYPES, Answer
from pipeline.serve.telling.problems import Response
from pipeline.serve.telling.state import status_query, write_status
from pipeline.settings import from_env
from pipeline.warehouse import Warehouse, hurried_warehouse

ROUTE = "/v1/status"


@dataclass(frozen=True)
class Settings:
    """Which warehouse is asked, how, and whose messages are counted."""

    workgroup_name: str
    database_name: str
    lake_bucket: str
    budget_table: str
    reads_per_second: int
    cache_ttl_seconds: int
    event_queue_url: str
    load_queue_url: str
    allowed_origin: str = ""


settings = from_env(Settings)
warehouse = hurried_warehouse(settings.workgroup_name, settings.database_name)
desk = open_desk(
    brief_lake(settings.lake_bucket),
    settings.budget_table,
    settings.reads_per_second,
    settings.cache_ttl_seconds,
)
gauge = QueueGauge(report=telemetry.warn)
catalogue = load_catalogue()
queues = {"event_queue": settings.event_queue_url, "load_queue": settings.load_queue_url}


@telemetry.observed
@reading(warehouse)
@readable_from(settings.allowed_origin)
def handler(event: dict[str, Any], context: Any) -> Response:
    """Answer with JSON or a problem; the warehouse is asked at most once."""
    return desk.respond(
        event, lambda: inquire(event, catalogue, warehouse, gauge), seconds_left(context)
    )


def inquire(
    event: Mapping[str, Any],
    catalogue: Mapping[str, EventType],
    warehouse: Warehouse,
    gauge: QueueGauge,
) -> Inquiry:
    """Read the question off an API Gateway event; raises MalformedQuestion for any parameter."""
    read_parameters(event, query_names(ROUTE))
    return inquiry(
        ROUTE,
        {},
        lambda seconds=READ_SECONDS: read_status(catalogue, warehouse, gauge, seconds),
        versioned=False,  # the queues move without a load
    )


def read_status(
    catalogue: Mapping[str, EventType],
    warehouse: Warehouse,
    gauge: QueueGauge,
    seconds: float = READ_SECONDS,
) -> Answer:
    """Ask the queues and the warehouse; raises what the warehouse raises."""
    as_of, deadline = datetime.now(UTC), time.monotonic() + seconds
    in_flight = count_in_flight(gauge)
    rows = warehouse.rows(status_query(catalogue), seconds=deadline - time.monotonic())
    version, body = write_status(rows, in_flight, as_of)
    return Answer(body, CONTENT_TYPES["json"], as_of, version)


def count_in_flight(gauge: QueueGauge) -> dict[str, int] | None:
    """Count the messages of each queue; None, without asking further, if one cannot be counted."""
    counted: dict[str, int] = {}
    for name, url in queues.items():
        depth = gauge.depth(url)
        if depth is None:
            return None
        counted[name] = depth
    return counted
