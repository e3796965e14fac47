"""POST /v1/events: CloudEvents over HTTP, answered 202 only after the queue has every one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import load_catalogue
from pipeline.correlation import request_id
from pipeline.errors import DeliveryFailed
from pipeline.event import receive_at
from pipeline.origins import readable_from
from pipeline.queue import RowQueue
from pipeline.receive import noting, outcomes
from pipeline.receive.cloudevents import read_request
from pipeline.receive.http import Answer, Refused, identified
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
def handler(event: Any, context: Any) -> Answer:
    """Take the events of one API Gateway request."""
    correlation_id = noting.begin(request_id(event, context))
    return identified(_answer(event, correlation_id), correlation_id)


def _answer(event: Any, correlation_id: str) -> Answer:
    receipt = receive_at("request", datetime.now(UTC))
    try:
        events = read_request(event)
        with telemetry.step(noting.CALCULATION):
            taken = outcomes.take(events, receipt, catalogue)
        outcomes.keep(taken, queue, correlation_id)
    except Refused as refusal:
        return noting.refused("request", refusal)
    except DeliveryFailed:
        return noting.failed("request", "the queue took nothing")
    noting.note_outcomes("request", taken, catalogue)
    return outcomes.answer(taken)
