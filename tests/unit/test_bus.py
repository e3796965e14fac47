"""Announcements are deterministic, and a refusal is told although the answer is 200."""

import json
from typing import Any

import pytest

from pipeline.bus import Bus
from pipeline.errors import DeliveryFailed


class FakeEvents:
    def __init__(self, answer: dict[str, Any] | None = None) -> None:
        self.entries: list[dict[str, Any]] = []
        self._answer = answer or {"FailedEntryCount": 0}

    def put_events(self, **arguments: Any) -> Any:
        self.entries += arguments["Entries"]
        return self._answer


def test_an_announcement_carries_its_detail_to_the_bus() -> None:
    events = FakeEvents()
    Bus("pipeline", events).announce("BatchStaged", {"b": 1, "a": 2})
    entry = events.entries[0]
    assert (entry["EventBusName"], entry["DetailType"]) == ("pipeline", "BatchStaged")
    assert json.loads(entry["Detail"]) == {"a": 2, "b": 1}


def test_the_same_detail_gives_the_same_bytes() -> None:
    events = FakeEvents()
    Bus("pipeline", events).announce("BatchStaged", {"b": 1, "a": 2})
    Bus("pipeline", events).announce("BatchStaged", {"a": 2, "b": 1})
    assert events.entries[0]["Detail"] == events.entries[1]["Detail"]


def test_a_refused_announcement_is_an_error() -> None:
    refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
    with pytest.raises(DeliveryFailed, match="InternalFailure"):
        Bus("pipeline", FakeEvents(refused)).announce("BatchStaged", {})
