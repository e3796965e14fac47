"""The reader's handlers: shapes of answers, problems, and what never leaves the house."""

import importlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.errors import (
    MalformedQuestion,
    NothingFound,
    PipelineError,
    StatementFailed,
    WarehouseBusy,
    WarehouseUnavailable,
)
from pipeline.queue import QueueGauge
from pipeline.serve import problems
from pipeline.serve.record import ARRIVAL, ENVELOPE, JUDGEMENT, write_record

EVENTS = Path(__file__).parents[2] / "events"
SECRET = 'ERROR: relation "facts_x" SELECT arn:aws:iam::123456789012:role/reader'


def request(name: str, **change: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"read_{name}.json").read_text())
    return event | change


class FakeWarehouse:
    """Answers with lines or rows, or fails."""

    def __init__(self, answer: Any = (), fault: Exception | None = None) -> None:
        self.answer = answer
        self.fault = fault
        self.calls: list[tuple[str, Any]] = []

    def csv(self, sql: str, parameters: Any = None, *, seconds: float) -> Iterator[list[str]]:
        return iter(self.rows(sql, parameters, seconds=seconds))

    def rows(self, sql: str, parameters: Any = None, *, seconds: float) -> Any:
        assert seconds == 25
        self.calls.append((sql, parameters))
        if self.fault:
            raise self.fault
        return self.answer


class FakeGauge:
    def depth(self, url: str) -> int:
        return {"https://sqs/events": 3, "https://sqs/loads": 0}[url]


Serve = Callable[..., tuple[ModuleType, FakeWarehouse]]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    for name, value in {
        "WORKGROUP_NAME": "pipeline",
        "DATABASE_NAME": "events",
        "EVENT_QUEUE_URL": "https://sqs/events",
        "LOAD_QUEUE_URL": "https://sqs/loads",
    }.items():
        monkeypatch.setenv(name, value)

    def build(name: str, *answer: Any, **more: Any) -> tuple[ModuleType, FakeWarehouse]:
        module = importlib.import_module(f"pipeline.serve.{name}")
        warehouse = FakeWarehouse(*answer, **more)
        monkeypatch.setattr(module, "warehouse", warehouse)
        monkeypatch.setattr(module, "gauge", FakeGauge(), raising=False)
        return module, warehouse

    return build


def body_of(response: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(response["body"])
    return body


def test_a_metric_is_answered_with_its_question(serve: Serve, context: Any) -> None:
    line = [str(int(datetime(2013, 1, 1, tzinfo=UTC).timestamp())), "4", "1.5", "=JFK"]
    module, _ = serve("metrics", [line])
    response = module.handler(request("metrics"), context)
    assert response["statusCode"] == 200
    body = body_of(response)
    assert datetime.fromisoformat(body.pop("as_of"))
    assert body == {
        "type": "flight.departed",
        "measure": "dep_delay",
        "unit": "minutes",
        "stat": "avg",
        "interval": "day",
        "from": "2013-01-01T00:00:00Z",
        "to": "2013-01-08T00:00:00Z",
        "group_by": ["origin"],
        "filter": {"carrier": ["UA", "AA"]},
        "truncated": False,
        "rows": [{"bucket": "2013-01-01T00:00:00Z", "origin": "JFK", "count": 4, "value": 1.5}],
    }


@pytest.mark.parametrize("text", ["Infinity", "-Infinity", "inf", "NaN"])
def test_a_sum_that_overflowed_is_null_because_json_has_no_word_for_it(
    serve: Serve, context: Any, text: str
) -> None:
    module, _ = serve("metrics", [["0", "2", text, "=JFK"]])
    [row] = body_of(module.handler(request("metrics"), context))["rows"]
    assert (row["count"], row["value"]) == (2, None)


def test_the_list_of_metrics_asks_no_warehouse(serve: Serve, context: Any) -> None:
    module, warehouse = serve("metrics")
    asked = request(
        "metrics",
        resource="/v1/metrics",
        pathParameters=None,
        multiValueQueryStringParameters=None,
    )
    (departed,) = [
        one
        for one in body_of(module.handler(asked, context))["types"]
        if one["type"] == "flight.departed"
    ]
    assert "dep_delay" in [measure["name"] for measure in departed["measures"]]
    assert not warehouse.calls


def test_an_unknown_type_is_not_found(serve: Serve, context: Any) -> None:
    module, warehouse = serve("metrics")
    response = module.handler(request("metrics", pathParameters={"type": "..%2f'"}), context)
    assert response["statusCode"] == 404
    assert not warehouse.calls


def test_a_malformed_question_names_its_parameter(serve: Serve, context: Any) -> None:
    module, warehouse = serve("metrics")
    asked = request("metrics", multiValueQueryStringParameters={"limit": ["1e9"]})
    response = module.handler(asked, context)
    assert response["statusCode"] == 400
    assert response["headers"]["Content-Type"] == "application/problem+json"
    assert body_of(response)["parameter"] == "limit"
    assert not warehouse.calls


@pytest.mark.parametrize("name", ["metrics", "events", "status"])
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (WarehouseBusy(SECRET), 503),
        (WarehouseUnavailable(SECRET), 504),
        (StatementFailed("s-1", SECRET), 503),
    ],
)
def test_a_fault_of_the_warehouse_tells_when_to_ask_again_and_no_more(
    serve: Serve, context: Any, name: str, fault: Exception, status: int
) -> None:
    module, _ = serve(name, fault=fault)
    response = module.handler(request(name), context)
    assert response["statusCode"] == status
    assert int(response["headers"]["Retry-After"]) > 0
    for word in ("SELECT", "arn:", "facts_", "s-1"):
        assert word not in json.dumps(response)


def test_a_failed_statement_is_explained_in_the_log(
    serve: Serve, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    module, _ = serve("metrics", fault=StatementFailed("s-1", "division by zero"))
    module.handler(request("metrics"), context)
    assert [vars(record)["error"] for record in caplog.records] == ["division by zero"]


@pytest.mark.parametrize("key", ["", "abc", "A" * 64, "0" * 63 + "\n", "0" * 65])
def test_a_key_that_is_none_is_refused(serve: Serve, context: Any, key: str) -> None:
    module, warehouse = serve("events")
    response = module.handler(request("events", pathParameters={"event_key": key}), context)
    assert response["statusCode"] == 400
    assert not warehouse.calls


def test_an_event_takes_no_parameters(serve: Serve, context: Any) -> None:
    module, _ = serve("events")
    asked = request("events", multiValueQueryStringParameters={"a": ["b"]})
    assert module.handler(asked, context)["statusCode"] == 400


def test_an_unknown_event_is_not_found(serve: Serve, context: Any) -> None:
    module, _ = serve("events", [])
    assert module.handler(request("events"), context)["statusCode"] == 404


def piece(place: int, body: str | None, **change: Any) -> dict[str, Any]:
    names = (*ENVELOPE, *ARRIVAL, *JUDGEMENT, "extensions")
    return {**dict.fromkeys(names), "place": place, "body": body, **change}


AS_OF = datetime(2013, 1, 1, tzinfo=UTC)


def test_pieces_of_an_event_are_joined_and_data_kept_as_they_are() -> None:
    rows = [piece(0, '{"n": 1.5', source="/s", time=AS_OF), piece(0, "00}"), piece(1, "x")]
    text = write_record("k", rows, AS_OF)
    assert '"data": {"n": 1.500}' in text
    assert json.loads(text)["event"]["time"] == "2013-01-01T00:00:00Z"
    assert json.loads(text)["quarantined"] == [{"payload": "x"}]


def test_an_event_that_was_only_quarantined_says_so() -> None:
    found = json.loads(write_record("k", [piece(1, None, reason="SCHEMA")], AS_OF))
    assert (found["status"], found["event"]) == ("quarantined", None)
    assert found["quarantined"] == [{"reason": "SCHEMA", "payload": None}]


def test_the_status_counts_messages_in_flight(serve: Serve, context: Any) -> None:
    counts = dict.fromkeys(("loaded", "duplicates", "conflicts", "quarantined"), 0)
    rows = [
        {"section": section, "name": "events", "row_count": 7, "latest": AS_OF, **counts}
        for section in ("loads", "events", "received")
    ]
    module, _ = serve("status", rows)
    body = body_of(module.handler(request("status"), context))
    assert body["in_flight"] == {"event_queue": 3, "load_queue": 0}
    assert body["events"]["row_count"] == 7


class FakeQueues:
    def get_queue_attributes(self, **arguments: Any) -> Any:
        assert arguments["QueueUrl"] == "https://sqs/events"
        return {"Attributes": dict.fromkeys(arguments["AttributeNames"], "2")}


def test_messages_in_flight_are_those_waiting_worked_on_and_delayed() -> None:
    assert QueueGauge(FakeQueues()).depth("https://sqs/events") == 6


@pytest.mark.parametrize("kind", problems.EXPECTED)
def test_every_expected_fault_has_an_answer(kind: type[PipelineError]) -> None:
    fault = kind("a", "b") if kind in (MalformedQuestion, StatementFailed) else kind("a")
    response = problems.problem(fault)
    assert response["statusCode"] == body_of(response)["status"]


def test_other_faults_are_left_to_the_alarm(serve: Serve, context: Any) -> None:
    module, _ = serve("metrics", fault=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        module.handler(request("metrics"), context)


def test_what_is_not_found_is_a_nothing_found() -> None:
    assert problems.problem(NothingFound("no"))["statusCode"] == 404
