"""Tells EventBridge how statements ended, off the path of requests and statements."""

import json
import logging
import queue
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.redshift_data.callers import ACCOUNT
from local.redshift_data.limits import RESULT_SECONDS
from local.redshift_data.statements import Statement

SOURCE = "aws.redshift-data"
DETAIL_TYPE = "Redshift Data Statement Status Change"
_REFUSED = frozenset({"NotAuthorizedForSourceException", "InvalidArgument", "MalformedDetail"})
"""Codes of entries that no retry will bring through."""
_MOST_WAITING = 10_000
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 30.0
_TIMEOUT_SECONDS = 5

_log = logging.getLogger(__name__)


class EventsClient(Protocol):
    """The call of boto3's events client that is made."""

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803 - as boto3 has it
        """Put events on the default bus."""

    def close(self) -> None:
        """Close the connections."""


class EventBus:
    """Delivers in the order of the ends, again and again until the bus has taken it."""

    def __init__(self, client: EventsClient, *, first_pause: float = _FIRST_PAUSE) -> None:
        self._client = client
        self._first_pause = first_pause
        self._waiting = queue.Queue[dict[str, Any] | None](_MOST_WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._deliver, name="events", daemon=True)
        self._thread.start()

    @classmethod
    def at(cls, endpoint: str) -> "EventBus":
        """Return the bus of an EventBridge endpoint; credentials as boto3 finds them."""
        config = Config(
            connect_timeout=_TIMEOUT_SECONDS,
            read_timeout=_TIMEOUT_SECONDS,
            retries={"total_max_attempts": 1},
        )
        client = boto3.session.Session().client("events", endpoint_url=endpoint, config=config)
        return cls(client)

    def announce(self, statement: Statement, status: str) -> None:
        """Queue a statement's event; never waits."""
        try:
            self._waiting.put_nowait(entry(statement, status))
        except queue.Full:
            _log.error("the event of statement %s is lost: too many wait", statement.id)

    def close(self, seconds: float = 2) -> None:
        """Stop; what is not delivered within the time is lost, which the log tells."""
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            self._closing.set()
        self._thread.join(seconds)
        self._closing.set()
        self._thread.join()
        if lost := self._waiting.qsize():
            _log.error("%d events are lost", lost)
        self._client.close()

    def _deliver(self) -> None:
        while not self._closing.is_set():
            waiting = self._waiting.get()
            if waiting is None:
                return
            self._put_until_taken(waiting)

    def _put_until_taken(self, waiting: dict[str, Any]) -> None:
        pause = self._first_pause
        while not self._is_taken(waiting):
            if self._closing.wait(pause):
                _log.error("an event is lost: %s", waiting["Detail"])
                return
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _is_taken(self, waiting: dict[str, Any]) -> bool:
        """Put an event once; also true where the bus will never take it."""
        try:
            answer = self._client.put_events(Entries=[waiting])
        except (BotoCoreError, ClientError) as error:
            _log.warning("an event has to wait: %s", error)
            return False
        return not answer.get("FailedEntryCount") or _is_hopeless(answer["Entries"][0])


def _is_hopeless(answer: Mapping[str, Any]) -> bool:
    if answer.get("ErrorCode") in _REFUSED:
        _log.error("EventBridge refuses an event: %s", answer)
        return True
    _log.warning("an event has to wait: %s", answer)
    return False


def entry(statement: Statement, status: str) -> dict[str, Any]:
    """Return the entry for PutEvents, as the guide prints the event."""
    detail = {
        "principal": statement.caller.principal,
        "statementName": statement.name,
        "statementId": statement.id,
        "redshiftQueryId": -1 if statement.is_batch else statement.query_id,
        "state": status,
        "rows": _rows(statement) if status == "FINISHED" else -1,
        "expireAt": int(statement.created + RESULT_SECONDS),
    }
    return {
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Time": datetime.fromtimestamp(statement.clock(), UTC),
        "Resources": [_arn(statement)],
        "Detail": json.dumps(detail),
    }


def _rows(statement: Statement) -> int:
    return sum(max(part.result_rows, 0) for part in statement.parts)


def _arn(statement: Statement) -> str:
    target, region = statement.target, statement.caller.region
    if target.cluster:
        return f"arn:aws:redshift:{region}:{ACCOUNT}:cluster:{target.cluster}"
    if target.warehouse.startswith("arn:"):
        return target.warehouse
    # On AWS the workgroup's id stands here, which this server does not know.
    return f"arn:aws:redshift-serverless:{region}:{ACCOUNT}:workgroup/{target.warehouse}"
