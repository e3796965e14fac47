"""GET /v1/events/{event_key}: where an event is, as it is stored, and what became of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline import telemetry
from pipeline.errors import MalformedQuestion
from pipeline.serve.answering import READ_SECONDS, answered
from pipeline.serve.problems import Response
from pipeline.serve.question import read_parameters
from pipeline.serve.record import write_record
from pipeline.settings import from_env
from pipeline.sql import statement
from pipeline.warehouse import Warehouse

EVENT_KEY = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class Settings:
    """Which warehouse is asked."""

    workgroup_name: str
    database_name: str


settings = from_env(Settings)
warehouse = Warehouse(settings.workgroup_name, settings.database_name)


@telemetry.observed
def handler(event: dict[str, Any], _context: Any) -> Response:
    """Answer with JSON or a problem; the warehouse is asked at most once."""
    return answered(lambda: read_event(event, warehouse))


def read_event(event: Mapping[str, Any], warehouse: Warehouse) -> str:
    """Answer an API Gateway event.

    Raises MalformedQuestion, NothingFound, and what the warehouse raises.
    """
    read_parameters(event, ())
    event_key = (event.get("pathParameters") or {}).get("event_key", "")
    if not EVENT_KEY.match(event_key):
        raise MalformedQuestion("event_key", "must be 64 hexadecimal digits in lower case")
    as_of = datetime.now(UTC)
    sql = statement("serve/event")
    rows = warehouse.rows(sql, {"event_key": event_key}, seconds=READ_SECONDS)
    return write_record(event_key, rows, as_of)
