"""What is asked of the Data API, with the calls that the SDK repeats by itself."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from pipeline.data_api_usage import Usage
from pipeline.errors import StatementFailed, WarehouseBusy
from pipeline.warehouse import CONFIG, Warehouse

FINISHED = (200, {"Id": "s-1", "Status": "FINISHED"})
THROTTLED = (400, {"__type": "ThrottlingException", "message": "slow down"})
BROKEN = (500, {"__type": "InternalServerException", "message": "sorry"})
FAILED = (200, {"Id": "s-1", "Status": "FAILED", "Error": "division by zero"})

Answer = tuple[int, dict[str, Any]]


class Raw:
    """A body as the network has it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> list[bytes]:
        return [self._body]


Open = Callable[..., Warehouse]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """A warehouse whose real client is answered before it sends anything."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)

    def build(*answers: Answer) -> Warehouse:
        waiting = list(answers)

        def reply(**_: Any) -> AWSResponse:
            status, body = waiting.pop(0)
            return AWSResponse("https://x", status, {}, Raw(json.dumps(body).encode()))

        client = boto3.client("redshift-data", region_name="us-east-1", config=CONFIG)
        client.meta.events.register("before-send.redshift-data", reply)
        return Warehouse("pipeline", "events", client)

    return build


def test_a_call_is_counted_once(opened: Open) -> None:
    warehouse = opened(FINISHED)
    warehouse.execute("SELECT 1", seconds=30)
    usage = warehouse.take_usage()
    assert (usage.calls, usage.throttles) == (1, 0)


def test_what_the_sdk_repeats_by_itself_is_counted(opened: Open) -> None:
    warehouse = opened(THROTTLED, BROKEN, THROTTLED, FINISHED)
    warehouse.execute("SELECT 1", seconds=30)
    usage = warehouse.take_usage()
    assert (usage.calls, usage.throttles) == (4, 2)


def test_a_throttle_that_ends_a_call_is_counted(opened: Open) -> None:
    warehouse = opened(*[THROTTLED] * 5)
    with pytest.raises(WarehouseBusy):
        warehouse.execute("SELECT 1", seconds=30)
    assert warehouse.take_usage().throttles == 5


def test_a_statement_that_failed_is_no_throttle(opened: Open) -> None:
    warehouse = opened((200, {"Id": "s-1", "Status": "STARTED"}), FAILED)
    with pytest.raises(StatementFailed):
        warehouse.execute("SELECT 1", seconds=30)
    usage = warehouse.take_usage()
    assert (usage.calls, usage.throttles) == (2, 0)


def test_seconds_of_statements_add_up(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(1000))
    monkeypatch.setattr("pipeline.data_api_usage.time.perf_counter", lambda: float(next(moments)))
    warehouse = opened(FINISHED, FINISHED)
    warehouse.execute("SELECT 1", seconds=30)
    once = warehouse.take_usage().seconds
    assert once > 0
    warehouse.execute("SELECT 1", seconds=30)
    assert warehouse.take_usage().seconds == once


def test_what_was_taken_is_not_told_again(opened: Open) -> None:
    warehouse = opened(FINISHED)
    warehouse.execute("SELECT 1", seconds=30)
    warehouse.take_usage()
    assert warehouse.take_usage() == Usage()
