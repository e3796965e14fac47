"""The reader's handlers: shapes of answers, problems, and what never leaves the house."""

import importlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from pipeline.errors import (
    BudgetSpent,
    MalformedQuestion,
    NothingFound,
    PipelineError,
    SecretUnavailable,
    StatementFailed,
    WarehouseBusy,
    WarehouseUnavailable,
)
from pipeline.queue import QueueGauge
from pipeline.serve.desk.answering import READ_SECONDS, Inquiry
from pipeline.serve.desk.desk import (
    AWAIT_SECONDS,
    BUDGET_SECONDS,
    CLAIM_SECONDS,
    PAST_CACHES,
    PAST_CACHES_SECONDS,
    RESERVE_SECONDS,
    Desk,
)
from pipeline.serve.desk.kept import KeptAnswers
from pipeline.serve.telling import problems
from pipeline.serve.telling.answers import CONTENT_TYPES, Answer
from pipeline.serve.telling.record import ARRIVAL, ENVELOPE, JUDGEMENT, write_record
from tests.reader_settings import READER

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
        assert READ_SECONDS - 1 < seconds <= READ_SECONDS
        self.calls.append((sql, parameters))
        if self.fault:
            raise self.fault
        return self.answer


class FakeGauge:
    def __init__(self, events: int | None = 3) -> None:
        self.depths = {"https://sqs/events": events, "https://sqs/loads": 0}

    def depth(self, url: str) -> int | None:
        return self.depths[url]


class FakeBudget:
    """Grants every token, or fails."""

    def __init__(self) -> None:
        self.taken = 0
        self.fault: Exception | None = None

    def take(self, *, seconds: float) -> None:
        assert seconds == BUDGET_SECONDS
        self.taken += 1
        if self.fault:
            raise self.fault


class FakeClaims:
    """Grants every claim but those of `others`, who are asking already."""

    def __init__(self) -> None:
        self.others: set[str] = set()
        self.mine: set[str] = set()
        self.refused = 0

    def take(self, key: str, seconds: float) -> bool:
        assert 0 < seconds <= CLAIM_SECONDS
        if key in self.others:
            self.refused += 1
            return False
        self.mine.add(key)
        return True

    def release(self, key: str) -> None:
        self.mine.discard(key)


class FakeShelf:
    """Keeps texts in memory."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def write_text(self, key: str, text: str) -> None:
        self.texts[key] = text

    def read_text(self, key: str) -> str | None:
        return self.texts.get(key)


class FakeSecret:
    """Hands out a secret, or fails."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.reads = 0

    def read(self) -> str:
        self.reads += 1
        if self.fault:
            raise self.fault
        return "made up"


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


Serve = Callable[..., tuple[ModuleType, FakeWarehouse]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Serve:
    for name, value in READER.items():
        monkeypatch.setenv(name, value)

    def build(name: str, *answer: Any, **more: Any) -> tuple[ModuleType, FakeWarehouse]:
        module = importlib.import_module(f"pipeline.serve.{name}")
        warehouse = FakeWarehouse(*answer, **more)
        monkeypatch.setattr(module, "warehouse", warehouse)
        monkeypatch.setattr(module, "gauge", FakeGauge(), raising=False)
        monkeypatch.setattr(module, "secret", FakeSecret(), raising=False)
        kept = KeptAnswers(FakeShelf(), clock=clock)
        desk = Desk(FakeBudget(), FakeClaims(), kept, 60, clock.wait, clock)
        monkeypatch.setattr(module, "desk", desk)
        return module, warehouse

    return build


def body_of(response: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(response["body"])
    return body


DAY = str(int(datetime(2013, 1, 1, tzinfo=UTC).timestamp()))
LINE = ["17", DAY, "4", "1.5", "3", "=JFK"]  # version, bucket, count, value, values, group


def test_a_metric_is_answered_with_its_question(serve: Serve, context: Any) -> None:
    module, _ = serve("metrics", [LINE])
    response = module.handler(request("metrics"), context)
    assert response["statusCode"] == 200
    body = body_of(response)
    assert datetime.fromisoformat(body.pop("as_of"))
    assert body == {
        "stale": False,
        "data_version": 17,
        "truncated": False,
        "type": "flight.departed",
        "measure": "dep_delay",
        "unit": "minutes",
        "stat": "avg",
        "interval": "day",
        "timezone": "UTC",
        "from": "2013-01-01T00:00:00Z",
        "to": "2013-01-08T00:00:00Z",
        "group_by": ["origin"],
        "filter": [{"name": "carrier", "operator": "in", "values": ["AA", "UA"]}],
        "order": [],
        "rows": [
            {
                "bucket": "2013-01-01T00:00:00Z",
                "origin": "JFK",
                "count": 4,
                "value": 1.5,
                "values": 3,
            }
        ],
    }


def test_an_answer_tells_caches_what_they_need(serve: Serve, context: Any) -> None:
    module, _ = serve("metrics", [LINE])
    headers = module.handler(request("metrics"), context)["headers"]
    assert headers["Cache-Control"] == "private, max-age=60"
    assert headers["ETag"].startswith('W/"17-')
    assert headers["Data-Version"] == "17"
    assert datetime.fromisoformat(headers["As-Of"])


def with_header(name: str, value: str, **change: Any) -> dict[str, Any]:
    event = request("metrics", **change)
    return event | {"headers": event["headers"] | {name: value}}


@pytest.mark.parametrize("known", ["{etag}", '"x", {etag}', "{strong}", "*"])
def test_what_the_caller_has_already_is_not_sent_again(
    serve: Serve, context: Any, known: str
) -> None:
    module, _ = serve("metrics", [LINE])
    etag = module.handler(request("metrics"), context)["headers"]["ETag"]
    value = known.format(etag=etag, strong=etag.removeprefix("W/"))
    response = module.handler(with_header("if-none-match", value), context)
    assert (response["statusCode"], response["body"]) == (304, "")
    assert response["headers"]["ETag"] == etag
    assert module.handler(with_header("If-None-Match", 'W/"1-a"'), context)["statusCode"] == 200


def test_another_version_of_the_data_has_another_tag(serve: Serve, context: Any) -> None:
    tags = set()
    for version in ("17", "18"):
        module, _ = serve("metrics", [[version, *LINE[1:]]])
        tags.add(module.handler(request("metrics"), context)["headers"]["ETag"])
    assert len(tags) == 2


def test_equal_questions_are_answered_once_however_they_are_spelled(
    serve: Serve, context: Any
) -> None:
    module, warehouse = serve("metrics", [LINE])
    one = module.handler(request("metrics"), context)
    spelled = {
        **request("metrics")["multiValueQueryStringParameters"],
        "from": ["2012-12-31T19:00:00-05:00"],
        "filter": ["carrier:AA|UA|AA"],
        "limit": ["01000"],
    }
    other = module.handler(request("metrics", multiValueQueryStringParameters=spelled), context)
    assert one == other
    assert len(warehouse.calls) == 1


@pytest.mark.parametrize("value", ["max-age=0", "no-cache", "Max-Age = 0, foo"])
def test_a_caller_may_ask_past_what_was_answered(
    serve: Serve, context: Any, clock: Clock, value: str
) -> None:
    module, warehouse = serve("metrics", [LINE])
    module.handler(request("metrics"), context)
    clock.now += PAST_CACHES_SECONDS
    module.handler(with_header("cache-control", value), context)
    assert len(warehouse.calls) == 2


def test_asking_past_the_caches_again_and_again_takes_few_reads(
    serve: Serve, context: Any, clock: Clock
) -> None:
    module, warehouse = serve("metrics", [LINE])
    for _ in range(40):
        response = module.handler(with_header("Cache-Control", "no-cache"), context)
        assert response["statusCode"] == 200
        clock.now += PAST_CACHES_SECONDS / 10
    assert len(warehouse.calls) == module.desk.budget.taken == 4


def test_a_kept_answer_is_good_for_less_than_a_new_one(
    serve: Serve, context: Any, clock: Clock
) -> None:
    module, _ = serve("metrics", [LINE])
    module.handler(request("metrics"), context)
    clock.now += 59
    again = module.handler(request("metrics"), context)
    assert again["headers"]["Cache-Control"] == "private, max-age=1"
    known = with_header("If-None-Match", again["headers"]["ETag"])
    response = module.handler(known, context)
    assert (response["statusCode"], response["headers"]["Cache-Control"]) == (
        304, "private, max-age=1",
    )  # fmt: skip


@pytest.mark.parametrize(
    "fault",
    [
        WarehouseBusy("x"),
        WarehouseUnavailable("x"),
        StatementFailed("s-1", "x"),
        BudgetSpent(3),
    ],
)
def test_the_last_good_answer_stands_in_marked_as_stale(
    serve: Serve, context: Any, clock: Clock, fault: Exception
) -> None:
    module, warehouse = serve("metrics", [LINE])
    good = module.handler(request("metrics"), context)
    clock.now += PAST_CACHES_SECONDS
    fresh = with_header("Cache-Control", "no-cache")
    if isinstance(fault, BudgetSpent):
        module.desk.budget.fault = fault
    else:
        warehouse.fault = fault
    stale = module.handler(fresh, context)
    assert stale["statusCode"] == 200
    assert stale["headers"]["Stale"] == "true"
    assert body_of(stale) == {**body_of(good), "stale": True}


def test_a_spent_budget_without_an_answer_says_when_to_ask_again(
    serve: Serve, context: Any
) -> None:
    module, warehouse = serve("metrics", [LINE])
    module.desk.budget.fault = BudgetSpent(3)
    response = module.handler(request("metrics"), context)
    assert (response["statusCode"], response["headers"]["Retry-After"]) == (429, "3")
    assert not warehouse.calls


def test_an_answer_of_over_a_megabyte_is_refused(serve: Serve, context: Any) -> None:
    lines = [["17", DAY, "4", "1.5", "4", "=" + "x" * 1_000]] * 1_000
    module, _ = serve("metrics", lines)
    response = module.handler(request("metrics"), context)
    assert response["statusCode"] == 413
    assert "/v1/exports" in body_of(response)["detail"]


def test_nothing_at_all_is_a_count_of_zero(serve: Serve, context: Any) -> None:
    module, _ = serve("metrics", [["17", "", "", "", ""]])
    asked = request("metrics", multiValueQueryStringParameters={"stat": ["count"]})
    assert body_of(module.handler(asked, context))["rows"] == [
        {"bucket": None, "count": 0, "value": 0, "values": 0}
    ]


@pytest.mark.parametrize("text", ["Infinity", "-Infinity", "inf", "NaN"])
def test_a_sum_that_overflowed_is_null_because_json_has_no_word_for_it(
    serve: Serve, context: Any, text: str
) -> None:
    module, _ = serve("metrics", [["17", "0", "2", text, "2", "=JFK"]])
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


@pytest.mark.parametrize("name", ["metrics", "events", "events_page", "status"])
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (WarehouseBusy(SECRET), 429),
        (WarehouseUnavailable(SECRET), 504),
        (StatementFailed("s-1", SECRET), 503),
    ],
)
def test_a_fault_of_the_warehouse_tells_when_to_ask_again_and_no_more(
    serve: Serve, context: Any, name: str, fault: Exception, status: int
) -> None:
    module, _ = serve(name.removesuffix("_page"), fault=fault)
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
    [line] = [record for record in caplog.records if record.message == "not answered"]
    assert vars(line)["error"] == "division by zero"


SOURCES = {
    "warehouse": "AnswersFromWarehouse",
    "memory": "AnswersKept",
    "stale": "StaleAnswers",
}


@pytest.mark.parametrize("source", SOURCES)
def test_the_log_tells_where_an_answer_came_from(
    serve: Serve, clock: Clock, context: Any, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    module, warehouse = serve("metrics", [LINE])
    if source != "warehouse":
        module.handler(request("metrics"), context)
    if source == "stale":
        clock.wait(1000)
        warehouse.fault = WarehouseUnavailable("no answer")
    capsys.readouterr()
    module.handler(request("metrics"), context)
    assert module.telemetry.logger.get_current_keys()["source"] == source
    [line] = [json.loads(t) for t in capsys.readouterr().out.splitlines() if '"_aws"' in t]
    assert line[SOURCES[source]] == [1.0]


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


def test_who_follows_an_event_sees_it_move(serve: Serve, context: Any) -> None:
    module, _ = serve("events", [piece(0, "{}", source="/s")])
    assert module.desk.max_age == 60
    headers = module.handler(request("events"), context)["headers"]
    assert headers["Cache-Control"] == "private, max-age=2"


def test_an_unknown_event_is_not_found_yet(
    serve: Serve, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, _ = serve("events", [{"data_version": 17, "place": None}])
    looked_for = []
    monkeypatch.setattr(module, "find_underway", lambda *asked: looked_for.append(asked[1]))
    response = module.handler(request("events"), context)
    assert response["statusCode"] == 404
    assert "waits in the queue" in body_of(response)["detail"]
    assert looked_for == [request("events")["pathParameters"]["event_key"]]


LEDGER = ("version", "kept_at", "object_key", "staged_at", "facts", "prepared_at")
AS_OF = datetime(2013, 1, 1, tzinfo=UTC)


def piece(place: int, body: str | None, **change: Any) -> dict[str, Any]:
    names = (*ENVELOPE, *ARRIVAL, *JUDGEMENT, *LEDGER, "extensions")
    return {**dict.fromkeys(names), "data_version": 17, "place": place, "body": body, **change}


def test_an_event_is_answered_with_the_version_of_the_data(serve: Serve, context: Any) -> None:
    module, warehouse = serve("events", [piece(0, "{}", source="/s")])
    response = module.handler(request("events"), context)
    body = body_of(response)
    assert (response["statusCode"], response["headers"]["Data-Version"]) == (200, "17")
    assert (body["data_version"], body["stale"], body["status"]) == (17, False, "loaded")
    assert [parameters for _, parameters in warehouse.calls] == [{"event_key": body["event_key"]}]
    assert not module.secret.reads


def record(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return dict(json.loads(write_record("k", rows, AS_OF)))


def test_pieces_of_an_event_are_joined_and_data_kept_as_they_are() -> None:
    rows = [piece(0, '{"n": 1.5', source="/s", time=AS_OF), piece(0, "00}"), piece(1, "x")]
    text = write_record("k", rows, AS_OF)
    assert json.loads(text)["data_version"] == 17
    assert '"data": {"n": 1.500}' in text
    assert json.loads(text)["event"]["time"] == "2013-01-01T00:00:00Z"
    assert json.loads(text)["quarantined"] == [{"payload": "x"}]


def test_an_event_that_was_only_quarantined_says_so() -> None:
    found = record([piece(1, None, reason="SCHEMA")])
    assert (found["status"], found["event"]) == ("quarantined", None)
    assert found["quarantined"] == [{"reason": "SCHEMA", "payload": None}]


def test_the_history_tells_the_steps_with_their_times() -> None:
    at = dict.fromkeys(("received_at", "staged_at", "prepared_at", "kept_at"), AS_OF)
    more = {"entrance": "webhook", "batch_id": "b", "object_key": "o", "facts": 7, "version": 3}
    moment = "2013-01-01T00:00:00Z"
    assert record([piece(0, "{}", **at, **more)])["history"] == [
        {"step": "received", "at": moment, "entrance": "webhook"},
        {"step": "staged", "at": moment, "batch_id": "b", "object": "o"},
        {"step": "prepared", "at": moment, "facts": 7},
        {"step": "loaded", "at": moment, "version": 3},
    ]


def test_a_step_is_told_without_a_time_that_is_not_known_and_left_out_before_it_is_taken() -> None:
    known = {"received_at": AS_OF, "entrance": "upload", "object_key": "o", "batch_id": "b"}
    assert record([piece(1, "x", **known, reason="SCHEMA")])["history"] == [
        {"step": "received", "at": "2013-01-01T00:00:00Z", "entrance": "upload"},
        {"step": "staged", "at": None, "batch_id": "b", "object": "o"},
        {"step": "quarantined", "at": None, "reason": "SCHEMA"},
    ]


# data_version, found, place, event_key, version, source, id, type, time, ..., data
LISTED = ["17", "2", "1", "a" * 64, "3", "=/s", "=1", "=page.viewed", *[""] * 7, '={"n": 1.50}']


def test_a_page_is_answered_with_where_it_goes_on(serve: Serve, context: Any) -> None:
    module, warehouse = serve("events", [LISTED])
    response = module.handler(request("events_page"), context)
    assert (response["statusCode"], response["headers"]["Data-Version"]) == (200, "17")
    body = body_of(response)
    assert [event["id"] for event in body["events"]] == ["1"]
    assert body["next"] == response["headers"]["Next-Cursor"]
    given = {**request("events_page")["multiValueQueryStringParameters"], "cursor": [body["next"]]}
    after = request("events_page", multiValueQueryStringParameters=given)
    assert module.handler(after, context)["statusCode"] == 200
    assert warehouse.calls[-1][1]["after_key"] == "a" * 64


def test_a_page_that_the_caller_has_is_not_sent_again(serve: Serve, context: Any) -> None:
    module, _ = serve("events", [LISTED])
    etag = module.handler(request("events_page"), context)["headers"]["ETag"]
    asked = request("events_page", headers={"If-None-Match": etag})
    assert module.handler(asked, context)["statusCode"] == 304


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("cursor", "1.AAAA." + "A" * 22), ("cursor", "\U0001f308"), ("type", "x"), ("offset", "1")],
)
def test_a_malformed_page_asks_no_warehouse(
    serve: Serve, context: Any, parameter: str, value: str
) -> None:
    module, warehouse = serve("events")
    asked = request("events_page", multiValueQueryStringParameters={parameter: [value]})
    response = module.handler(asked, context)
    assert response["statusCode"] == 400
    assert body_of(response)["parameter"] in (parameter, "query")
    assert not warehouse.calls


def test_a_page_without_a_secret_is_told_when_to_ask_again(serve: Serve, context: Any) -> None:
    module, warehouse = serve("events", [LISTED])
    module.secret.fault = SecretUnavailable(SECRET)
    response = module.handler(request("events_page"), context)
    assert (response["statusCode"], response["headers"]["Retry-After"]) == (503, "5")
    assert "arn:" not in json.dumps(response)
    assert not warehouse.calls


def status_rows() -> list[dict[str, Any]]:
    counts = dict.fromkeys(("loaded", "duplicates", "conflicts", "quarantined"), 0)
    version = {"section": "version", "name": "version", "row_count": 5, "latest": AS_OF, **counts}
    rows = [
        {"section": section, "name": "events", "row_count": 7, "latest": AS_OF, **counts}
        for section in ("loads", "events", "received")
    ]
    return [*rows, version]


def test_the_status_counts_messages_in_flight(serve: Serve, context: Any) -> None:
    module, _ = serve("status", status_rows())
    body = body_of(module.handler(request("status"), context))
    assert body["data_version"] == 5
    assert body["in_flight"] == {"event_queue": 3, "load_queue": 0}
    assert body["events"]["row_count"] == 7


def test_the_status_has_another_tag_when_only_the_queues_have_moved(
    serve: Serve, context: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, _ = serve("status", status_rows())
    etag = module.handler(request("status"), context)["headers"]["ETag"]
    asked = request("status", headers={"If-None-Match": etag})
    clock.now += 60
    assert module.handler(asked, context)["statusCode"] == 304
    monkeypatch.setattr(module, "gauge", FakeGauge(events=4))
    clock.now += 60
    moved = module.handler(asked, context)
    assert (moved["statusCode"], body_of(moved)["in_flight"]["event_queue"]) == (200, 4)


def test_queues_that_cannot_be_asked_leave_the_rest_of_the_status(
    serve: Serve, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, _ = serve("status", status_rows())
    monkeypatch.setattr(module, "gauge", FakeGauge(events=None))
    response = module.handler(request("status"), context)
    body = body_of(response)
    assert (response["statusCode"], body["in_flight"], body["data_version"]) == (200, None, 5)


class FakeQueues:
    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault

    def get_queue_attributes(self, **arguments: Any) -> Any:
        assert arguments["QueueUrl"] == "https://sqs/events"
        if self.fault:
            raise self.fault
        return {"Attributes": dict.fromkeys(arguments["AttributeNames"], "2")}


def test_messages_in_flight_are_those_waiting_worked_on_and_delayed() -> None:
    assert QueueGauge(FakeQueues()).depth("https://sqs/events") == 6


@pytest.mark.parametrize(
    "fault",
    [
        ConnectTimeoutError(endpoint_url="x"),
        ReadTimeoutError(endpoint_url="x"),
        ClientError({"Error": {"Code": "ServiceUnavailable"}}, "GetQueueAttributes"),
    ],
)
def test_a_queue_that_does_not_answer_has_no_depth(fault: Exception) -> None:
    told: list[str] = []
    gauge = QueueGauge(FakeQueues(fault), report=told.append)
    assert gauge.depth("https://sqs/events") is None
    assert len(told) == 1


@pytest.mark.parametrize("kind", problems.EXPECTED)
def test_every_expected_fault_has_an_answer(kind: type[PipelineError]) -> None:
    fault = kind("a", "b") if kind in (MalformedQuestion, StatementFailed) else kind("1")
    response = problems.problem(fault)
    assert response["statusCode"] == body_of(response)["status"]


def test_other_faults_are_left_to_the_alarm(serve: Serve, context: Any) -> None:
    module, _ = serve("metrics", fault=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        module.handler(request("metrics"), context)


def test_what_is_not_found_is_a_nothing_found() -> None:
    assert problems.problem(NothingFound("no"))["statusCode"] == 404


class Asked:
    """A question that two containers are asked, with a shelf and claims in common."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.reads = 0
        self.claims, self.shelf, self.fault = FakeClaims(), FakeShelf(), fault
        self.waits: list[float] = []
        self.waiting: Callable[[], object] = lambda: None
        self.clock = Clock()
        self.given: list[float] = []

    def desk(self) -> Desk:
        kept = KeptAnswers(self.shelf, clock=self.clock)
        return Desk(FakeBudget(), self.claims, kept, 60, self.wait, self.clock)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.wait(seconds)
        self.waiting()

    def inquiry(self) -> Inquiry:
        return Inquiry("k", self.read)

    def read(self, seconds: float = READ_SECONDS) -> Answer:
        self.reads += 1
        self.given.append(seconds)
        if self.fault:
            raise self.fault
        return Answer("{}", CONTENT_TYPES["json"], datetime.now(UTC), 7)


def test_of_two_containers_that_are_asked_the_same_one_asks_the_warehouse() -> None:
    asked = Asked()
    asked.claims.others.add("k")
    asked.waiting = lambda: answers.append(first.respond(FRESH, asked.inquiry))
    answers: list[dict[str, Any]] = []
    first, second = asked.desk(), asked.desk()
    answers.append(second.respond({}, asked.inquiry))
    assert [answer["statusCode"] for answer in answers] == [200, 200]
    assert (asked.reads, len(asked.waits)) == (1, 1)


FRESH = {"headers": {"Cache-Control": "no-cache"}}


def test_who_waits_for_too_long_is_told_to_come_again() -> None:
    asked = Asked()
    asked.claims.others.add("k")
    response = asked.desk().respond({}, asked.inquiry)
    assert (response["statusCode"], asked.reads) == (429, 0)
    assert AWAIT_SECONDS <= sum(asked.waits) < AWAIT_SECONDS + 1


def test_a_read_is_given_what_the_function_has_left_less_the_reserve() -> None:
    asked = Asked()
    asked.desk().respond({}, asked.inquiry, RESERVE_SECONDS + 6)
    asked.desk().respond({}, asked.inquiry)
    assert asked.given == [6, READ_SECONDS]


def test_what_waiting_for_another_took_is_missing_from_the_read() -> None:
    asked = Asked()
    asked.claims.others.add("k")
    asked.waiting = lambda: asked.claims.others.intersection_update("k" * (len(asked.waits) < 3))
    asked.desk().respond({}, asked.inquiry, RESERVE_SECONDS + 6)
    assert asked.given == [pytest.approx(6 - sum(asked.waits))]


def test_nobody_waits_for_another_beyond_the_deadline() -> None:
    asked = Asked()
    asked.claims.others.add("k")
    response = asked.desk().respond({}, asked.inquiry, RESERVE_SECONDS + 1)
    assert (response["statusCode"], asked.reads) == (429, 0)
    assert 1 <= sum(asked.waits) < 1.5


def test_of_all_who_ask_past_the_caches_one_asks_the_warehouse() -> None:
    asked = Asked()
    asked.claims.others.add("k" + PAST_CACHES)
    asked.waiting = lambda: len(asked.waits) == 1 and first.respond({}, asked.inquiry)
    first, second = asked.desk(), asked.desk()
    assert second.respond(FRESH, asked.inquiry)["statusCode"] == 200
    assert asked.reads == 1


def test_who_waits_asks_when_the_other_gave_up() -> None:
    asked = Asked()
    asked.claims.others.add("k")
    asked.waiting = asked.claims.others.clear
    assert asked.desk().respond({}, asked.inquiry)["statusCode"] == 200
    assert asked.reads == 1


def test_a_claim_is_let_go_when_no_answer_came() -> None:
    asked = Asked(WarehouseUnavailable("x"))
    assert asked.desk().respond({}, asked.inquiry)["statusCode"] == 504
    assert not asked.claims.mine


def test_a_claim_lasts_while_others_find_the_answer() -> None:
    asked = Asked()
    asked.desk().respond({}, asked.inquiry)
    assert asked.claims.mine == {"k"}
    asked.claims.others.add("k")
    assert asked.desk().respond({}, asked.inquiry)["statusCode"] == 200
    assert (asked.reads, asked.waits) == (1, [])


def test_the_list_of_metrics_keeps_its_tag(serve: Serve, context: Any) -> None:
    module, _ = serve("metrics")
    asked = request(
        "metrics",
        resource="/v1/metrics",
        pathParameters=None,
        multiValueQueryStringParameters=None,
    )
    etag = module.handler(asked, context)["headers"]["ETag"]
    known = asked | {"headers": {"If-None-Match": etag}}
    assert module.handler(known, context)["statusCode"] == 304
