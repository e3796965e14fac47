"""Announcements on the event bus: what was staged, never its payload."""

import json
from typing import Any, Protocol

import boto3

from pipeline.announcements import SOURCE
from pipeline.errors import DeliveryFailed


class EventsClient(Protocol):
    """The call of boto3's EventBridge client that the bus makes."""

    def put_events(self, **arguments: Any) -> Any:
        """Publish up to ten events."""


class Bus:
    """Announces on one EventBridge bus."""

    def __init__(self, name: str, client: EventsClient | None = None) -> None:
        self._name = name
        self._events: EventsClient = client or boto3.client("events")

    def announce(self, detail_type: str, detail: dict[str, Any]) -> None:
        """Publish one announcement; the same detail gives the same bytes.

        Raises DeliveryFailed when the bus refused it: PutEvents answers 200 even then.
        """
        entry = {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": detail_type,
            "Detail": json.dumps(detail, sort_keys=True, separators=(",", ":")),
        }
        answer = self._events.put_events(Entries=[entry])
        if answer.get("FailedEntryCount"):
            raise DeliveryFailed(f"the bus refused {detail_type}: {answer['Entries'][0]}")
