"""Function URL: webhooks proven by their Standard Webhooks signature, answered once they are kept."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.parameters.exceptions import (
    GetParameterError,
    TransformParameterError,
)

from pipeline import telemetry
from pipeline.catalogue import load_catalogue
from pipeline.correlation import request_id
from pipeline.errors import DeliveryFailed
from pipeline.event import receive_at
from pipeline.queue import RowQueue
from pipeline.receive import noting, outcomes
from pipeline.receive.delivery import read_delivery
from pipeline.receive.http import Answer, Refused, identified
from pipeline.receive.signature import SecretMalformed
from pipeline.secret import provider
from pipeline.settings import from_env

SECRETS_MAX_AGE = 300  # seconds; a new secret is live after this at the latest


@dataclass(frozen=True)
class Settings:
    """What this function needs."""

    event_queue_url: str
    webhook_secret_arn: str


settings = from_env(Settings)
queue = RowQueue(settings.event_queue_url)
store = provider()
catalogue = load_catalogue()


def secrets() -> Any:
    """Return the secrets of all endpoints, by endpoint."""
    arn = settings.webhook_secret_arn
    return store.get(arn, max_age=SECRETS_MAX_AGE, transform="json")


@telemetry.observed
def handler(event: Any, context: Any) -> Answer:
    """Take the events of one webhook delivery."""
    correlation_id = noting.begin(request_id(event, context))
    return identified(_answer(event, correlation_id), correlation_id)


def _answer(event: Any, correlation_id: str) -> Answer:
    receipt = receive_at("webhook", datetime.now(UTC))
    try:
        source, events = read_delivery(event, secrets, time.time())
        with telemetry.step(noting.CALCULATION):
            taken = outcomes.take(events, receipt, catalogue, own_source=source)
        outcomes.keep(taken, queue, correlation_id)
    except Refused as refusal:
        return noting.refused("webhook", refusal)
    except (DeliveryFailed, GetParameterError, TransformParameterError, SecretMalformed):
        return noting.failed("webhook", "the delivery could not be verified or kept")
    noting.note_outcomes("webhook", taken, catalogue)
    return outcomes.answer(taken)
