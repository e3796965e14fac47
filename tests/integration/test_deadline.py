"""Whatever the warehouse does, a reader answers while its function lives: stale, or by a problem."""

import importlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import pytest

from pipeline import warehouse
from pipeline.serve.desk.desk import RESERVE_SECONDS, Desk
from pipeline.serve.desk.kept import KeptAnswers
from tests.reader_settings import READER

QUESTION = {
    "resource": "/v1/metrics/{type}",
    "httpMethod": "GET",
    "headers": {},
    "pathParameters": {"type": "flight.departed"},
    "multiValueQueryStringParameters": None,
}
HANG = "hang"
THROTTLE = 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}
STARTED = 200, {"Id": "s-1", "Status": "STARTED"}
FINISHED = 200, {"Id": "s-1", "Status": "FINISHED"}
COLUMNS = ("data_version", "bucket", "count", "value", "values")
LINES = (
    200,
    {
        "ColumnMetadata": [{"name": name} for name in COLUMNS],
        "Records": [{"CSVRecords": "17,,,,\r\n"}],
    },
)
GOOD: dict[str, Any] = {
    "ExecuteStatement": FINISHED,
    "GetStatementResultV2": LINES,
    "CancelStatement": (200, {"Status": True}),
}
# For the read: less than a call was allowed to take, let alone five of them.
READ = 1.5


class Server(ThreadingHTTPServer):
    """Answers each operation of the Data API as the test says, or never."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers = dict(GOOD)
        self.calls: Counter[str] = Counter()
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), Operation)


class Operation(BaseHTTPRequestHandler):
    """One call."""

    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        name = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.server.calls[name] += 1
        answer = self.server.answers[name]
        if answer == HANG:
            self.server.over.wait()
            return
        status, body = answer
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


class FakeBudget:
    """Grants every token."""

    def __init__(self) -> None:
        self.tokens = 0

    def take(self, *, seconds: float) -> None:
        assert seconds > 0
        self.tokens += 1


class FakeClaims:
    """Grants every claim."""

    def take(self, _key: str, _seconds: float) -> bool:
        return True

    def release(self, key: str) -> None:
        """Forget a claim."""


class NoShelf:
    def write_text(self, key: str, text: str) -> None:
        """Lose it."""

    def read_text(self, _key: str) -> str | None:
        return None


class Context:
    """What a handler reads of Lambda's context."""

    function_name = "test"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:test"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (RESERVE_SECONDS + READ))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        yield serving
        serving.over.set()
        serving.shutdown()
        thread.join()


@pytest.fixture
def budget() -> FakeBudget:
    return FakeBudget()


@pytest.fixture
def metrics(server: Server, budget: FakeBudget, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for name, value in (READER | credentials).items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module("pipeline.serve.metrics")
    endpoint = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_REDSHIFT_DATA", endpoint)
    # This server never waits as it is told to, so the clients need not wait for that either:
    # connecting and reading take 0.3 s each at most.
    monkeypatch.setattr(warehouse, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(warehouse, "GRACE_SECONDS", -0.7)
    monkeypatch.setattr(warehouse, "LONG_WAIT", 1)
    monkeypatch.setattr(module, "warehouse", warehouse.hurried_warehouse("pipeline", "events"))
    kept = KeptAnswers(NoShelf(), clock=lambda: 1e3 * time.monotonic())  # a second is long ago
    monkeypatch.setattr(module, "desk", Desk(budget, FakeClaims(), kept, 1))
    return module


Ask = Callable[[], dict[str, Any]]


@pytest.fixture
def ask(metrics: ModuleType) -> Ask:
    def asked() -> dict[str, Any]:
        started = time.monotonic()
        response: dict[str, Any] = metrics.handler(QUESTION, Context())
        # The function would live for RESERVE_SECONDS more, which a busy machine may need some of.
        assert time.monotonic() - started < READ + RESERVE_SECONDS / 2
        return response

    return asked


SILENCES: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({"ExecuteStatement": HANG}, {"ExecuteStatement": 1}),
    (
        {"GetStatementResultV2": HANG},
        {"ExecuteStatement": 1, "GetStatementResultV2": 1},
    ),
    (
        {"ExecuteStatement": STARTED, "DescribeStatement": HANG, "CancelStatement": HANG},
        {"ExecuteStatement": 1, "DescribeStatement": 1, "CancelStatement": 1},
    ),
    (
        {"ExecuteStatement": (200, {"Id": "s-1", "Status": "FAILED"}), "DescribeStatement": HANG},
        {"ExecuteStatement": 1, "DescribeStatement": 1, "CancelStatement": 1},
    ),
]


@pytest.mark.parametrize(("answers", "calls"), SILENCES)
def test_a_silent_warehouse_is_given_up_in_time(
    server: Server, ask: Ask, answers: dict[str, Any], calls: dict[str, int]
) -> None:
    server.answers |= answers
    response = ask()
    assert response["statusCode"] == 504
    assert int(response["headers"]["Retry-After"]) > 0
    assert server.calls == calls


@pytest.mark.parametrize(("answers", "calls"), SILENCES)
def test_the_last_good_answer_is_given_for_a_silent_warehouse(
    server: Server, ask: Ask, answers: dict[str, Any], calls: dict[str, int]
) -> None:
    good = ask()
    assert good["statusCode"] == 200
    server.answers |= answers
    server.calls.clear()
    time.sleep(0.01)
    stale = ask()
    assert (stale["statusCode"], stale["headers"]["Stale"]) == (200, "true")
    assert json.loads(stale["body"]) == {**json.loads(good["body"]), "stale": True}
    assert server.calls == calls


def test_a_warehouse_that_throttles_for_ever_is_asked_three_times_at_most(
    server: Server, ask: Ask, budget: FakeBudget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "PAUSE_SECONDS", 0.05)
    server.answers["ExecuteStatement"] = THROTTLE
    response = ask()
    assert response["statusCode"] == 429
    assert server.calls == {"ExecuteStatement": warehouse.ATTEMPTS}
    assert budget.tokens == 1


def test_no_pause_goes_beyond_the_deadline(
    server: Server, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "PAUSE_SECONDS", 1e6)
    server.answers["ExecuteStatement"] = THROTTLE
    assert ask()["statusCode"] == 429
    assert server.calls == {"ExecuteStatement": 1}


def test_results_that_are_throttled_once_are_fetched(
    server: Server, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "PAUSE_SECONDS", 0.01)
    answers = iter([THROTTLE, LINES])
    monkeypatch.setattr(server, "answers", Scripted(server.answers, answers))
    assert ask()["statusCode"] == 200
    assert server.calls == {"ExecuteStatement": 1, "GetStatementResultV2": 2}


class Scripted(dict[str, Any]):
    """Answers whose results come one after the other."""

    def __init__(self, answers: dict[str, Any], results: Iterator[Any]) -> None:
        super().__init__(answers)
        self._results = results

    def __getitem__(self, name: str) -> Any:
        if name == "GetStatementResultV2":
            return next(self._results)
        return super().__getitem__(name)


def test_a_statement_that_does_not_end_is_cancelled(server: Server, ask: Ask) -> None:
    server.answers |= {"ExecuteStatement": STARTED, "DescribeStatement": STARTED}
    assert ask()["statusCode"] == 504
    assert server.calls["ExecuteStatement"] == server.calls["CancelStatement"] == 1
