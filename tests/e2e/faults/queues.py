"""Queues that give up sooner."""

from collections.abc import Iterator
from contextlib import contextmanager

from local.recovery.deployment import Deployment


@contextmanager
def impatient(there: Deployment, queue: str) -> Iterator[None]:
    """Have a queue deliver a failed message again at once."""
    sqs, url = there.client("sqs"), there.resources[queue]
    patient = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=patient["Attributes"])
