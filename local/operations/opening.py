"""Opens the operations page beside a stack, and sends it a flight that can be followed."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests

from local.operations.desk import AskEvent, Desk
from local.operations.server import OperationsServer
from local.stack import ANSWER_SECONDS, EndpointError, Stack

Event = Mapping[str, Any]


@contextmanager
def operations_page(stack: Stack, name: str) -> Iterator[str]:
    """Serve the page of the stack with this name, on a free port; gives its address."""
    desk = Desk(stack.client, name, event_asker(stack))
    with OperationsServer(desk) as server:
        yield server.url


def event_asker(stack: Stack) -> AskEvent:
    """Ask the endpoint where an event is; on connections of its own, since it runs in threads."""

    def ask(event_key: str) -> Event | None:
        answer = requests.get(
            f"{stack.url}/v1/events/{event_key}",
            headers={"x-api-key": stack.api_key},
            timeout=ANSWER_SECONDS,
        )
        if answer.status_code == requests.codes.not_found:
            return None
        if answer.status_code != requests.codes.ok:
            raise EndpointError(f"{answer.status_code} for the event: {answer.text[:500]}")
        known: Event = answer.json()
        return known

    return ask


def send_one_flight(stack: Stack, events: Sequence[Event]) -> str:
    """POST the first departure alone, as if it left now; returns its key. Raises EndpointError."""
    flight = next(event for event in events if event["type"] == "flight.departed")
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    answer = stack.session.post(
        f"{stack.url}/v1/events",
        json={**flight, "id": f"followed-{uuid.uuid4()}", "time": now},
        headers={"x-api-key": stack.api_key, "Content-Type": "application/cloudevents+json"},
        timeout=ANSWER_SECONDS,
    )
    if answer.status_code != requests.codes.accepted:
        raise EndpointError(f"{answer.status_code} for the flight: {answer.text[:500]}")
    return str(answer.json()["events"][0]["event_key"])
