"""The ways back from the queues of messages, announcements and uploads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError

from local.recovery.announcing import Announcer
from local.recovery.letters import Letter
from pipeline.announcements import BATCH_STAGED, SOURCE
from pipeline.catalogue import EventType
from pipeline.errors import MalformedAnnouncement
from pipeline.load.plan import read_announcement
from pipeline.receive.notification import read_notification

GONE = "an object that it names is gone"
WORD_DIGITS = 12  # of the 15 characters that `replay` may have


@dataclass(frozen=True)
class Announced:
    """Tells whether a text announces objects that this lake still holds."""

    s3: Any
    bucket: str
    catalogue: Mapping[str, EventType]

    def fault(self, text: str) -> str:
        """Say what is wrong with an announcement; empty if it can be followed."""
        try:
            found = read_announcement({"messageId": "", "body": text}, self.bucket, self.catalogue)
        except MalformedAnnouncement as fault:
            return str(fault)
        keys = [pointer.key for pointer in found.pointers]
        return "" if all(is_there(self.s3, self.bucket, key) for key in keys) else GONE


@dataclass(frozen=True)
class ToQueue:
    """Back to the queue that gave up on them, attributes and all; it need not be a known text."""

    sqs: Any
    url: str
    name: str
    announced: Announced | None = None

    @property
    def done(self) -> str:
        """What becomes of a message."""
        return f"sent to {self.name}"

    def fault(self, letter: Letter) -> str:
        """Let all go, or those that announce something."""
        return self.announced.fault(letter.body) if self.announced else ""

    def send(self, letters: Sequence[Letter]) -> Mapping[str, str]:
        """Send them one by one: ten of the largest are more than a call takes."""
        for letter in letters:
            self.sqs.send_message(
                QueueUrl=self.url,
                MessageBody=letter.body,
                MessageAttributes=dict(letter.attributes),
            )
        return {}


@dataclass(frozen=True)
class Prepare:
    """Announced again, for an execution of another name: that of the batch is taken for 90 days."""

    announcer: Announcer
    announced: Announced
    done = "announced again"

    def fault(self, letter: Letter) -> str:
        """Let those go that point to a batch of this lake."""
        detail = detail_of(letter.body)
        event = {"source": SOURCE, "detail-type": BATCH_STAGED, "detail": detail}
        return self.announced.fault(json.dumps(event))

    def send(self, letters: Sequence[Letter]) -> Mapping[str, str]:
        """Announce them; a message names its execution, so that twice is once."""
        details = [{**detail_of(one.body), "replay": word_of(one)} for one in letters]
        errors = self.announcer.announce(details)
        pairs = zip(letters, errors, strict=True)
        return {one.id: f"the bus refused it ({error})" for one, error in pairs if error}


@dataclass(frozen=True)
class Upload:
    """Read again by the function, which makes the same batches of the same object."""

    functions: Any
    function: str
    s3: Any
    bucket: str
    done = "read again"

    def fault(self, letter: Letter) -> str:
        """Let notifications of objects go that are still there."""
        payload = read(letter.body).get("requestPayload")
        try:
            uploads, _ = read_notification(
                payload if isinstance(payload, dict) else {}, self.bucket
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            uploads = []
        if not uploads:
            return "it names no upload"
        there = (is_there(self.s3, one.bucket, one.key, one.version_id) for one in uploads)
        return "" if all(there) else GONE

    def send(self, letters: Sequence[Letter]) -> Mapping[str, str]:
        """Invoke the function as S3 does: Lambda has it, tries thrice and keeps what fails."""
        for letter in letters:
            payload = json.dumps(read(letter.body)["requestPayload"])
            self.functions.invoke(
                FunctionName=self.function, InvocationType="Event", Payload=payload.encode()
            )
        return {}


def detail_of(body: str) -> dict[str, Any]:
    """Find the announced batch in what EventBridge, Lambda or the state machine left; {} if none.

    EventBridge leaves the event, Lambda the event as requestPayload, the state machine its input
    as `batch`, which may be that of an earlier replay.
    """
    told = read(body)
    event = told.get("requestPayload", told)
    detail = told.get("batch", event.get("detail") if isinstance(event, dict) else None)
    return detail if isinstance(detail, dict) else {}


def word_of(letter: Letter) -> str:
    """Make the word by which a message's batch is replayed: always the same for one message."""
    return sha256(letter.id.encode()).hexdigest()[:WORD_DIGITS]


def read(body: str) -> dict[str, Any]:
    """Decode a JSON object; what is none is empty."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def is_there(s3: Any, bucket: str, key: str, version: str | None = None) -> bool:
    """Tell whether an object, or a version of it, still exists."""
    named = {"VersionId": version} if version else {}
    try:
        s3.head_object(Bucket=bucket, Key=key, **named)
    except ClientError as fault:
        if fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in {400, 404, 405}:
            return False
        raise
    return True
