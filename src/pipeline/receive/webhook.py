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
from pipeline.errors import DeliveryFailed
from pipeline.event import receive_at
from pipeline.queue import RowQueue
from pipeline.receive import outcomes
from pipeline.receive.delivery import read_delivery
from pipeline.receive.http import Answer, Refused, problem, unavailable
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
def handler(event: Any, _context: Any) -> Answer:
    """Take the events of one webhook delivery."""
    receipt = receive_at("webhook", datetime.now(UTC))
    try:
        source, events = read_delivery(event, secrets, time.time())
        taken = outcomes.take(events, receipt, catalogue, own_source=source)
        outcomes.keep(taken, queue)
    except Refused as refused:
        telemetry.count("RequestsRefused", 1)
        return problem(refused.status, refused.fault)
    except (DeliveryFailed, GetParameterError, TransformParameterError, SecretMalformed):
        telemetry.logger.exception("the delivery could not be verified or kept")
        telemetry.count("DeliveriesFailed", 1)
        return unavailable()
    outcomes.count(taken, telemetry.count)
    return outcomes.answer(taken)
