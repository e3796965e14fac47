"""WithEvent: what EventBridge is told, and that nobody waits for it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local.redshift_data.events import EventBus
from local.redshift_data.testing import Warehouse, running

SECONDS = 20
TAKEN = {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


class FakeBus:
    """An events client that answers what it is given, at last that it took the event."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self._changed = threading.Condition()
        self.entries: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803
        with self._changed:
            self.entries += Entries
            self._changed.notify_all()
            answer = self._answers.pop(0) if self._answers else TAKEN
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        pass

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.entries) >= count, SECONDS)
            return self.entries


@contextmanager
def telling(bus: FakeBus, **settings: Any) -> Iterator[Warehouse]:
    events = EventBus(bus, first_pause=0.001)
    try:
        with running(events=events, **settings) as warehouse:
            yield warehouse
    finally:
        events.close()


def refused(code: str) -> dict[str, Any]:
    return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "no"}]}


def test_the_event_is_the_one_the_guide_prints() -> None:
    bus = FakeBus()
    with telling(bus, roles={"local": "Loader"}, clock=lambda: 1_601_586_866.0) as warehouse:
        described = warehouse.execute("SELECT 1", StatementName="test.testtable", WithEvent=True)
        (event,) = bus.wait_for(1)
    assert event["Source"] == "aws.redshift-data"
    assert event["DetailType"] == "Redshift Data Statement Status Change"
    assert event["Time"].isoformat() == "2020-10-01T21:14:26+00:00"
    assert event["Resources"] == [
        "arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/local-workgroup"
    ]
    assert json.loads(event["Detail"]) == {
        "principal": "arn:aws:iam::123456789012:role/Loader",
        "statementName": "test.testtable",
        "statementId": described["Id"],
        "redshiftQueryId": described["RedshiftQueryId"],
        "state": "FINISHED",
        "rows": 1,
        "expireAt": 1_601_586_866 + 24 * 3600,
    }


def test_a_cluster_is_named_by_its_arn() -> None:
    bus = FakeBus()
    with telling(bus) as warehouse:
        warehouse.client.execute_statement(
            Sql="SELECT 1", ClusterIdentifier="redshift-cluster-1", Database="dev", WithEvent=True
        )
        (event,) = bus.wait_for(1)
    assert event["Resources"] == [
        "arn:aws:redshift:us-east-1:123456789012:cluster:redshift-cluster-1"
    ]


def test_only_statements_that_ask_for_it_are_told_of() -> None:
    bus = FakeBus()
    with telling(bus) as warehouse:
        warehouse.execute("SELECT 1")
        warehouse.execute("SELECT 1", WithEvent=False)
        warehouse.batch("SELECT 1", "SELECT 1 / 0", WithEvent=True)
        (event,) = bus.wait_for(1)
    detail = json.loads(event["Detail"])
    assert (detail["state"], detail["rows"]) == ("FAILED", -1)


def test_an_event_is_delivered_again_until_it_is_taken() -> None:
    unreachable = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    throttled = ClientError({"Error": {"Code": "ThrottlingException"}}, "PutEvents")
    bus = FakeBus(unreachable, throttled, refused("InternalFailure"))
    with telling(bus) as warehouse:
        warehouse.execute("SELECT 1", WithEvent=True)
        first, *others = bus.wait_for(4)
    assert all(event == first for event in others)


def test_an_event_that_is_refused_for_good_does_not_hold_up_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus = FakeBus(refused("NotAuthorizedForSourceException"))
    with telling(bus) as warehouse:
        for name in ("one", "two"):
            warehouse.execute("SELECT 1", StatementName=name, WithEvent=True)
        told = [json.loads(event["Detail"])["statementName"] for event in bus.wait_for(2)]
    assert told == ["one", "two"]
    assert "NotAuthorizedForSourceException" in caplog.text


def test_no_statement_waits_for_the_bus() -> None:
    unreachable = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    bus = FakeBus(*[unreachable] * 10_000)
    events = EventBus(bus, first_pause=3600)
    with running(events=events) as warehouse:
        for _ in range(3):
            assert warehouse.execute("SELECT 1", WithEvent=True)["Status"] == "FINISHED"
    events.close(seconds=0)


def test_without_a_bus_an_event_is_refused() -> None:
    with running() as warehouse, pytest.raises(ClientError) as raised:
        warehouse.execute("SELECT 1", WithEvent=True)
    error = raised.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert "not emulated locally" in error["Message"]


def test_an_event_goes_to_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    received = list[dict[str, Any]]()
    arrived = threading.Event()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps(TAKEN).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            arrived.set()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        events = EventBus.at(f"http://127.0.0.1:{server.server_port}")
        with running(events=events) as warehouse:
            described = warehouse.execute("SELECT 1", WithEvent=True)
            assert arrived.wait(SECONDS)
        events.close()
        server.shutdown()
    (entry,) = received[0]["Entries"]
    assert json.loads(entry["Detail"])["statementId"] == described["Id"]
