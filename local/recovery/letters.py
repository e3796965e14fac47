"""Reads a dead-letter queue to its end; what is not deleted is there again afterwards."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.recovery.announcing import chunks

CALL_LETTERS = 10  # what one call of SQS takes
# How long a message is ours: longer than anything that is done with ten of them.
HIDDEN_SECONDS = 600
# Long polling asks all of a queue's servers, so that nothing found means that nothing is there.
WAIT_SECONDS = 1
MILLISECONDS = 1_000


@dataclass(frozen=True)
class Letter:
    """One message, and when (Unix) it came; `attributes` go with it wherever it is sent."""

    id: str
    body: str
    receipt: str = field(repr=False)
    came_at: float = 0
    attributes: Mapping[str, Any] = field(default_factory=dict)


class DeadLetters:
    """One dead-letter queue."""

    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs = sqs
        self._url = url

    def read(self) -> Iterator[list[Letter]]:
        """Yield up to ten messages at a time, each once, until the queue has no others.

        They are hidden from others until they are deleted or released. What has come since, such
        as what went back and failed again, is left alone: else this could go on for ever.
        """
        began = time.time()
        known: set[str] = set()
        late: list[Letter] = []
        try:
            while letters := [one for one in self._receive() if one.id not in known]:
                known |= {letter.id for letter in letters}
                late += [letter for letter in letters if letter.came_at > began]
                if due := [letter for letter in letters if letter.came_at <= began]:
                    yield due
        finally:
            self.release(late)

    def delete(self, letters: Sequence[Letter]) -> None:
        """Delete messages: they are safe elsewhere."""
        entries = [{"Id": str(n), "ReceiptHandle": one.receipt} for n, one in enumerate(letters)]
        if entries:
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def release(self, letters: Sequence[Letter]) -> None:
        """Show messages again at once; what cannot be shown shows itself when its time is over."""
        for some in chunks(iter(letters), CALL_LETTERS):
            entries = [
                {"Id": str(n), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                for n, letter in enumerate(some)
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def _receive(self) -> Iterator[Letter]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=CALL_LETTERS,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=WAIT_SECONDS,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        for message in answer.get("Messages", ()):
            yield Letter(
                message["MessageId"],
                message["Body"],
                message["ReceiptHandle"],
                int(message["Attributes"]["SentTimestamp"]) / MILLISECONDS,
                message.get("MessageAttributes", {}),
            )
