"""POST /v1/events: CloudEvents over HTTP, answered 202 only after the queue has every one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import load_catalogue
from pipeline.errors import DeliveryFailed
from pipeline.event import receive_at
from pipeline.origins import readable_from
from pipeline.queue import RowQueue
from pipeline.receive import outcomes
from pipeline.receive.cloudevents import read_request
from pipeline.receive.http import Answer, Refused, problem, unavailable
from pipeline.settings import from_env


@dataclass(frozen=True)
class Settings:
    """What this function needs."""

    event_queue_url: str
    allowed_origin: str = ""


settings = from_env(Settings)
queue = RowQueue(settings.event_queue_url)
catalogue = load_catalogue()


@telemetry.observed
@readable_from(settings.allowed_origin)
def handler(event: Any, _context: Any) -> Answer:
    """Take the events of one API Gateway request."""
    receipt = receive_at("request", datetime.now(UTC))
    try:
        taken = outcomes.take(read_request(event), receipt, catalogue)
        outcomes.keep(taken, queue)
    except Refused as refused:
        telemetry.count("RequestsRefused", 1)
        return problem(refused.status, refused.fault)
    except DeliveryFailed:
        telemetry.logger.exception("the queue took nothing")
        telemetry.count("DeliveriesFailed", 1)
        return unavailable()
    outcomes.count(taken, telemetry.count)
    return outcomes.answer(taken)
