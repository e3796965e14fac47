"""The event queue: rows in, several to a message, because a message costs ten times a row."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.brief import BRIEF
from pipeline.errors import DeliveryFailed
from pipeline.event import ROW_FORMAT

# One message and one SendMessageBatch call carry at most 1 MiB (SQS quota); attributes and the
# JSON around a body need their share of it.
MAX_CALL_BYTES = 1_000_000
MAX_MESSAGE_BYTES = 250_000
MAX_CALL_MESSAGES = 10
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)

Attributes = Mapping[str, Mapping[str, str]]


class SqsClient(Protocol):
    """The call of boto3's SQS client that the queue makes."""

    def send_message_batch(self, **arguments: Any) -> Any:
        """Send up to ten messages."""


class CountingClient(Protocol):
    """The call of boto3's SQS client that counts messages."""

    def get_queue_attributes(self, **arguments: Any) -> Any:
        """Tell attributes of a queue."""


class QueueGauge:
    """Tells how much waits in queues; `report` is told when that cannot be known."""

    def __init__(
        self,
        client: CountingClient | None = None,
        *,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._sqs: CountingClient = client or boto3.client("sqs", config=BRIEF)
        self._report = report

    def depth(self, url: str) -> int | None:
        """Count the messages of a queue, about: waiting, being worked on and delayed ones.

        None if SQS does not tell.
        """
        try:
            answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS))
        except (BotoCoreError, ClientError) as fault:
            self._report(f"messages were not counted: {fault}")
            return None
        return sum(int(answer["Attributes"].get(name, 0)) for name in COUNTS)


class RowQueue:
    """Sends rows, as JSON Lines, to the queue that staging reads."""

    def __init__(self, url: str, client: SqsClient | None = None) -> None:
        self._url = url
        self._sqs: SqsClient = client or boto3.client("sqs")

    def send(self, lines: Iterable[str], correlation_id: str = "") -> int:
        """Send JSON lines and return their number, only after the queue has every one of them.

        The id of what they came with goes beside them, as an attribute of each message.

        Raises DeliveryFailed if the queue refused a message or could not be reached. Some may have
        gone through by then: sending all of them again is safe, since rows are told apart by their
        keys.
        """
        sent, attributes = 0, attributes_of(correlation_id)
        for call in calls(lines):
            self._send_call([body for body, _ in call], attributes)
            sent += sum(rows for _, rows in call)
        return sent

    def _send_call(self, bodies: list[str], attributes: Attributes) -> None:
        entries = [
            {"Id": str(n), "MessageBody": body, "MessageAttributes": attributes}
            for n, body in enumerate(bodies)
        ]
        try:
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
        except (BotoCoreError, ClientError) as fault:
            raise DeliveryFailed(f"the queue took no messages: {fault}") from fault
        if failed := answer.get("Failed"):
            raise DeliveryFailed(f"the queue refused {len(failed)} messages: {failed[0]['Code']}")


def attributes_of(correlation_id: str) -> Attributes:
    """Make the attributes of a message: the form of its rows, and what they came with if known."""
    told = {"format": ROW_FORMAT, "correlation_id": correlation_id}
    return {
        name: {"DataType": "String", "StringValue": text} for name, text in told.items() if text
    }


def messages(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Join lines to message bodies of at most MAX_MESSAGE_BYTES (a longer line goes alone)."""
    body: list[str] = []
    size = 0
    for line in lines:
        length = len(line.encode()) + 1
        if body and size + length > MAX_MESSAGE_BYTES:
            yield "\n".join(body), len(body)
            body, size = [], 0
        body.append(line)
        size += length
    if body:
        yield "\n".join(body), len(body)


def calls(lines: Iterable[str]) -> Iterator[list[tuple[str, int]]]:
    """Group message bodies to calls within SQS's limits of ten messages and 1 MiB."""
    call: list[tuple[str, int]] = []
    size = 0
    for body, rows in messages(lines):
        length = len(body.encode())
        if call and (len(call) == MAX_CALL_MESSAGES or size + length > MAX_CALL_BYTES):
            yield call
            call, size = [], 0
        call.append((body, rows))
        size += length
    if call:
        yield call
