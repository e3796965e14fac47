"""Rows travel several to a message, within SQS's limits, and are either all there or told."""

from typing import Any

import pytest

from pipeline.errors import DeliveryFailed
from pipeline.queue import MAX_CALL_BYTES, MAX_MESSAGE_BYTES, RowQueue, calls


class FakeSqs:
    def __init__(self, failed: list[dict[str, str]] | None = None) -> None:
        self.requests: list[dict[str, Any]] = []
        self._failed = failed or []

    def send_message_batch(self, **arguments: Any) -> Any:
        self.requests.append(arguments)
        return {"Failed": self._failed}


def test_small_rows_share_one_message() -> None:
    sqs = FakeSqs()
    assert RowQueue("url", sqs).send(f'{{"n":{n}}}' for n in range(500)) == 500
    entries = sqs.requests[0]["Entries"]
    assert len(sqs.requests) == 1
    assert len(entries) == 1
    assert entries[0]["MessageBody"].count("\n") == 499


def test_what_rows_came_with_goes_beside_them() -> None:
    sqs = FakeSqs()
    RowQueue("url", sqs).send(["{}"], "c-1")
    [entry] = sqs.requests[0]["Entries"]
    assert entry["MessageBody"] == "{}"
    assert {name: one["StringValue"] for name, one in entry["MessageAttributes"].items()} == {
        "format": "rows.v1",
        "correlation_id": "c-1",
    }


def test_an_unknown_id_is_left_out() -> None:
    sqs = FakeSqs()
    RowQueue("url", sqs).send(["{}"])
    assert set(sqs.requests[0]["Entries"][0]["MessageAttributes"]) == {"format"}


def test_calls_stay_within_the_limits_of_sqs() -> None:
    lines = ["x" * 60_000] * 200
    made = list(calls(lines))
    assert sum(rows for call in made for _, rows in call) == 200
    assert all(len(call) <= 10 for call in made)
    assert all(sum(len(body) for body, _ in call) <= MAX_CALL_BYTES for call in made)
    assert all(len(body) <= MAX_MESSAGE_BYTES for call in made for body, _ in call)


def test_size_is_counted_in_bytes_not_characters() -> None:
    bodies = [body for call in calls(["é" * 100_000] * 2) for body, _ in call]
    assert len(bodies) == 2


def test_a_refused_message_is_an_error() -> None:
    sqs = FakeSqs(failed=[{"Id": "0", "Code": "ServiceUnavailable"}])
    with pytest.raises(DeliveryFailed, match="ServiceUnavailable"):
        RowQueue("url", sqs).send(["{}"])


def test_nothing_to_send_makes_no_call() -> None:
    sqs = FakeSqs()
    assert RowQueue("url", sqs).send([]) == 0
    assert sqs.requests == []
