"""The Data API's client: waits, parameters, results and errors."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from pipeline.brief import BRIEF
from pipeline.errors import (
    StatementFailed,
    StatementGone,
    WarehouseBusy,
    WarehouseUnavailable,
)
from pipeline.serve.desk.answering import READ_SECONDS
from pipeline.serve.desk.desk import FUNCTION_SECONDS, RESERVE_SECONDS
from pipeline.warehouse import (
    ATTEMPTS,
    BRIEF_WAIT,
    CONFIG,
    LONG_WAIT,
    MAX_WAIT,
    Line,
    State,
    Warehouse,
    bound,
    hurried_line,
)

Answer = dict[str, Any] | Exception


class FakeClient:
    """Answers each call with the next scripted answer and remembers the calls."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        self.calls.append((name, arguments))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def execute_statement(self, **arguments: Any) -> Any:
        return self._call("execute", arguments)

    def batch_execute_statement(self, **arguments: Any) -> Any:
        return self._call("batch", arguments)

    def describe_statement(self, **arguments: Any) -> Any:
        return self._call("describe", arguments)

    def cancel_statement(self, **arguments: Any) -> Any:
        return self._call("cancel", arguments)

    def get_statement_result(self, **arguments: Any) -> Any:
        return self._call("result", arguments)

    def get_statement_result_v2(self, **arguments: Any) -> Any:
        return self._call("csv", arguments)


def started(status: str = "FINISHED", age: float = 0) -> dict[str, Any]:
    created = datetime.now(UTC) - timedelta(seconds=age)
    return {"Id": "s-1", "Status": status, "CreatedAt": created}


def page(names: dict[str, dict[str, Any]], *rows: list[Any], **more: Any) -> dict[str, Any]:
    columns = [{"name": name, **kind} for name, kind in names.items()]
    return {"ColumnMetadata": columns, "Records": list(rows), **more}


def refused(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "ExecuteStatement")


def warehouse(*answers: Answer) -> tuple[Warehouse, FakeClient]:
    client = FakeClient(*answers)
    return Warehouse("wg", "db", client), client


def test_a_query_costs_two_calls() -> None:
    house, client = warehouse(started(), page({"n": {"typeName": "int8"}}, [{"longValue": 1}]))
    assert house.rows("SELECT 1 AS n", seconds=20) == [{"n": 1}]
    assert [name for name, _ in client.calls] == ["execute", "result"]


def test_a_statement_names_workgroup_database_and_wait() -> None:
    house, client = warehouse(started())
    house.execute("SELECT 1", seconds=20)
    arguments = client.calls[0][1]
    assert arguments["WorkgroupName"] == "wg"
    assert arguments["Database"] == "db"
    assert 18 <= arguments["WaitTimeSeconds"] <= 20
    assert "SecretArn" not in arguments


def test_an_administrator_comes_in_by_secret() -> None:
    client = FakeClient(started())
    Warehouse("wg", "db", client, secret_arn="arn:secret").execute("SELECT 1", seconds=20)
    assert client.calls[0][1]["SecretArn"] == "arn:secret"


def test_the_wait_is_never_longer_than_the_api_allows() -> None:
    house, client = warehouse(started())
    house.execute("SELECT 1", seconds=900)
    assert client.calls[0][1]["WaitTimeSeconds"] == MAX_WAIT


def test_a_connection_outlasts_the_longest_wait() -> None:
    assert CONFIG.read_timeout > MAX_WAIT


@pytest.mark.parametrize("wait", [LONG_WAIT, BRIEF_WAIT])
def test_a_line_makes_each_call_once_and_outlasts_its_wait_by_little(wait: int) -> None:
    line = hurried_line(wait)
    config = line.client.meta.config  # type: ignore[attr-defined]
    assert config.retries["total_max_attempts"] == 1
    assert line.wait == wait < config.read_timeout <= wait + 2
    assert line.lasts == config.connect_timeout + config.read_timeout


def test_the_reserve_is_enough_to_cancel_and_to_find_the_last_answer() -> None:
    shelf = 2 * (BRIEF.connect_timeout + BRIEF.read_timeout) + 1
    assert hurried_line(BRIEF_WAIT).lasts + shelf < RESERVE_SECONDS
    assert READ_SECONDS <= FUNCTION_SECONDS - RESERVE_SECONDS


@dataclass
class Time:
    """A clock that the waits of a fake client move."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr("pipeline.warehouse.time", clock)
    return clock


class SlowClient(FakeClient):
    """Takes as long for each call as it is told to wait, or a second."""

    def __init__(self, clock: Time, *answers: Answer) -> None:
        super().__init__(*answers)
        self.clock = clock

    def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        self.clock.now += arguments.get("WaitTimeSeconds", 1)
        return super()._call(name, arguments)


def hurried(clock: Time, *answers: Answer) -> tuple[Warehouse, SlowClient, SlowClient]:
    long, brief = SlowClient(clock), SlowClient(clock)
    long.answers = brief.answers = list(answers)
    lines = [Line(long, LONG_WAIT, LONG_WAIT + 2), Line(brief, BRIEF_WAIT, BRIEF_WAIT + 2)]
    return Warehouse("wg", "db", lines=lines), long, brief


def waits(client: FakeClient) -> list[tuple[str, int]]:
    return [(name, arguments.get("WaitTimeSeconds", 0)) for name, arguments in client.calls]


def test_a_hurried_query_waits_long_and_then_briefly_while_a_call_fits_into_its_time(
    clock: Time,
) -> None:
    house, long, brief = hurried(clock, started("STARTED"), *[{"Status": "STARTED"}] * 20)
    with pytest.raises(WarehouseUnavailable):
        house.rows("SELECT 1", seconds=15)
    assert waits(long) == [("execute", 5), ("describe", 5)]
    assert waits(brief) == [("describe", 1)] * 3 + [("cancel", 0)]
    assert clock.now <= 15


def test_results_are_not_fetched_without_time_for_them(clock: Time) -> None:
    house, long, brief = hurried(clock, started())
    with pytest.raises(WarehouseUnavailable):
        list(house.csv("SELECT 1", seconds=7))
    assert waits(long) == [("execute", 5)]
    assert not brief.calls


def test_a_hurried_query_is_asked_again_with_its_token(clock: Time) -> None:
    closed = ConnectionClosedError(endpoint_url="x")
    answers = (refused("ThrottlingException"), closed, started())
    house, long, _ = hurried(clock, *answers, page({"n": {"typeName": "int8"}}))
    assert house.rows("SELECT 1", seconds=40) == []
    assert len({arguments["ClientToken"] for _, arguments in long.calls[:-1]}) == 1


@pytest.mark.parametrize(
    ("fault", "calls"),
    [
        (refused("ThrottlingException"), ATTEMPTS),
        (refused("InternalServerException", 500), ATTEMPTS),
        (EndpointConnectionError(endpoint_url="x"), ATTEMPTS),
        (refused("ActiveStatementsExceededException"), 1),
        (ReadTimeoutError(endpoint_url="x"), 1),
    ],
)
def test_a_hurried_query_is_asked_again_a_few_times_where_that_may_help(
    clock: Time, fault: Exception, calls: int
) -> None:
    house, long, _ = hurried(clock, *[fault] * 9)
    with pytest.raises(WarehouseUnavailable):
        house.rows("SELECT 1", seconds=60)
    assert len(long.calls) == calls


@pytest.mark.parametrize("fault", [refused("ThrottlingException"), refused("x", 500)])
def test_a_patient_warehouse_leaves_repeating_to_its_client(fault: Exception) -> None:
    house, client = warehouse(fault, started())
    with pytest.raises(WarehouseUnavailable):
        house.execute_batch(["SELECT 1"], seconds=60, token="t")
    assert len(client.calls) == 1


def test_a_long_statement_is_described_until_it_ends() -> None:
    house, client = warehouse(started("STARTED"), {"Status": "PICKED"}, {"Status": "FINISHED"})
    house.execute("SELECT 1", seconds=60)
    assert [name for name, _ in client.calls] == ["execute", "describe", "describe"]
    assert client.calls[1][1]["Id"] == "s-1"


def test_no_answer_before_the_deadline_leaves_the_fate_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter([0, 0, 30])
    monkeypatch.setattr("pipeline.warehouse.time.monotonic", lambda: next(clock))
    house, _ = warehouse(started("STARTED"))
    with pytest.raises(WarehouseUnavailable):
        house.execute("SELECT 1", seconds=30)


@pytest.mark.parametrize("ask", [Warehouse.rows, lambda *a, **n: list(Warehouse.csv(*a, **n))])
def test_a_query_whose_time_is_over_is_cancelled(
    ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0, 0, 30])
    monkeypatch.setattr("pipeline.warehouse.time.monotonic", lambda: next(clock))
    house, client = warehouse(started("STARTED"), {"Status": True})
    with pytest.raises(WarehouseUnavailable):
        ask(house, "SELECT 1", seconds=30)
    assert client.calls[1:] == [("cancel", {"Id": "s-1"})]


def test_a_query_that_cannot_be_cancelled_is_still_over(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0, 0, 30])
    monkeypatch.setattr("pipeline.warehouse.time.monotonic", lambda: next(clock))
    house, _ = warehouse(started("STARTED"), refused("ThrottlingException"))
    with pytest.raises(WarehouseUnavailable):
        house.rows("SELECT 1", seconds=30)


def test_a_load_whose_time_is_over_runs_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0, 0, 30])
    monkeypatch.setattr("pipeline.warehouse.time.monotonic", lambda: next(clock))
    house, client = warehouse(started("STARTED"))
    with pytest.raises(WarehouseUnavailable):
        house.execute_batch(["SELECT 1"], seconds=30, token="t")
    assert [name for name, _ in client.calls] == ["batch"]


def test_nothing_is_started_without_time() -> None:
    house, client = warehouse()
    with pytest.raises(WarehouseUnavailable):
        house.execute("SELECT 1", seconds=0.5)
    assert not client.calls


@pytest.mark.parametrize("status", ["FAILED", "ABORTED"])
def test_a_failure_carries_id_and_reason(status: str) -> None:
    house, _ = warehouse(started(status), {"Status": status, "Error": "ERROR: column"})
    with pytest.raises(StatementFailed) as caught:
        house.execute("SELECT x", seconds=20)
    assert (caught.value.statement_id, caught.value.error) == ("s-1", "ERROR: column")
    assert "column" not in str(caught.value)


def test_a_statement_of_an_earlier_call_is_known_by_its_age() -> None:
    house, _ = warehouse(started(age=60), started())
    assert house.execute_batch(["SELECT 1"], seconds=20, token="t").replayed
    assert not house.execute_batch(["SELECT 1"], seconds=20, token="t").replayed


def test_a_replayed_failure_says_so() -> None:
    house, _ = warehouse(started("FAILED", age=60), {"Status": "FAILED", "Error": "e"})
    with pytest.raises(StatementFailed) as caught:
        house.execute_batch(["SELECT 1"], seconds=20, token="t")
    assert caught.value.replayed


def test_a_batch_has_its_token() -> None:
    house, client = warehouse(started())
    house.execute_batch(["SELECT 1", "SELECT 2"], seconds=20, token="t" * 64)
    assert client.calls[0][1]["ClientToken"] == "t" * 64
    assert client.calls[0][1]["Sqls"] == ["SELECT 1", "SELECT 2"]


@pytest.mark.parametrize(
    "fault",
    [
        refused("InternalServerException", 500),
        refused("BatchExecuteStatementException", 500),
        ReadTimeoutError(endpoint_url="x"),
        EndpointConnectionError(endpoint_url="x"),
    ],
)
def test_a_fault_of_the_service_leaves_the_fate_unknown(fault: Exception) -> None:
    house, _ = warehouse(fault)
    with pytest.raises(WarehouseUnavailable):
        house.execute("SELECT 1", seconds=20)


@pytest.mark.parametrize("code", ["ThrottlingException", "ActiveStatementsExceededException"])
def test_a_used_up_quota_means_busy(code: str) -> None:
    house, _ = warehouse(refused(code))
    with pytest.raises(WarehouseBusy):
        house.execute("SELECT 1", seconds=20)


def test_a_mistake_of_ours_is_not_hidden() -> None:
    house, _ = warehouse(refused("ValidationException"))
    with pytest.raises(ClientError):
        house.execute("SELECT 1", seconds=20)


def test_only_parameters_that_the_statements_use_are_passed() -> None:
    sql = ["SELECT :a_1, ':b', \":c\", x::d -- :e\n", "SELECT CAST(:f AS BIGINT)"]
    given: dict[str, str | int | float] = {
        "a_1": "1",
        "b": "2",
        "c": "3",
        "d": "4",
        "e": "5",
        "f": 6,
    }
    passed = bound(sql, given)["Parameters"]
    assert passed == [{"name": "a_1", "value": "1"}, {"name": "f", "value": "6"}]


def test_without_parameters_none_are_passed() -> None:
    assert bound(["SELECT 1"], {"a": "1"}) == {}


def test_an_empty_parameter_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="empty parameters: a"):
        bound(["SELECT :a"], {"a": ""})


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ({"typeName": "int8"}, {"longValue": 0}, 0),
        ({"typeName": "int8"}, {"isNull": True}, None),
        ({"typeName": "varchar"}, {"isNull": True, "stringValue": "x"}, None),
        ({"typeName": "varchar"}, {"stringValue": ""}, ""),
        ({"typeName": "bool"}, {"booleanValue": False}, False),
        ({"typeName": "float8"}, {"doubleValue": 0.5}, 0.5),
        ({"typeName": "numeric", "scale": 0}, {"stringValue": "9007199254740993"}, 2**53 + 1),
        ({"typeName": "numeric", "scale": 2}, {"stringValue": "1.10"}, Decimal("1.10")),
        (
            {"typeName": "timestamptz"},
            {"stringValue": "2013-01-01 05:00:00.25+00"},
            datetime(2013, 1, 1, 5, 0, 0, 250_000, UTC),
        ),
    ],
)
def test_values_have_the_type_of_their_column(
    kind: dict[str, Any], field: dict[str, Any], value: Any
) -> None:
    house, _ = warehouse(page({"x": kind}, [field]))
    assert house.result("s-1") == [{"x": value}]


def test_rows_come_from_every_page() -> None:
    kind = {"n": {"typeName": "int8"}}
    first = page(kind, [{"longValue": 1}], NextToken="more")
    house, client = warehouse(first, page(kind, [{"longValue": 2}]))
    assert house.result("s-1") == [{"n": 1}, {"n": 2}]
    assert client.calls[1][1] == {"Id": "s-1", "NextToken": "more"}


def csv_page(*texts: str, **more: Any) -> dict[str, Any]:
    columns = [{"name": "a"}, {"name": "b"}]
    return {"ColumnMetadata": columns, "Records": [{"CSVRecords": t} for t in texts], **more}


@pytest.mark.parametrize("header", ["", "a,b\r\n"])
def test_csv_is_read_with_or_without_a_header(header: str) -> None:
    house, client = warehouse(started(), csv_page(header + '1,"x, ""y""\n"\r\n'))
    assert list(house.csv("SELECT 1", seconds=20)) == [["1", 'x, "y"\n']]
    assert client.calls[0][1]["ResultFormat"] == "CSV"


def test_csv_comes_from_every_chunk_and_page() -> None:
    house, _ = warehouse(started(), csv_page("1,x", "2,y\n", NextToken="more"), csv_page("3,z\n"))
    assert list(house.csv("SELECT 1", seconds=20)) == [["1", "x"], ["2", "y"], ["3", "z"]]


def test_an_empty_result_has_no_lines() -> None:
    house, _ = warehouse(started(), csv_page(""))
    assert list(house.csv("SELECT 1", seconds=20)) == []


def test_the_client_fits_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    factory: Callable[..., Any] = lambda name, config: made.append((name, config))  # noqa: E731
    monkeypatch.setattr("pipeline.warehouse.boto3.client", factory)
    Warehouse("wg", "db")
    assert made == [("redshift-data", CONFIG)]


def test_a_started_batch_may_be_waited_for_a_little() -> None:
    house, client = warehouse({"Id": "s-1"})
    assert house.start_batch(["SELECT 1"], wait=1) == "s-1"
    assert client.calls[0][1]["WaitTimeSeconds"] == 1
    assert len(client.calls) == 1


def test_a_started_batch_is_not_waited_for() -> None:
    house, client = warehouse({"Id": "s-1"})
    assert house.start_batch(["SELECT :a", "SELECT 2"], {"a": "1", "b": "2"}) == "s-1"
    assert client.calls[0][1].pop("ClientToken")
    assert client.calls == [
        (
            "batch",
            {
                "WorkgroupName": "wg",
                "Database": "db",
                "Sqls": ["SELECT :a", "SELECT 2"],
                "Parameters": [{"name": "a", "value": "1"}],
            },
        )
    ]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("SUBMITTED", "RUNNING"),
        ("PICKED", "RUNNING"),
        ("STARTED", "RUNNING"),
        ("FINISHED", "DONE"),
        ("FAILED", "FAILED"),
        ("ABORTED", "FAILED"),
    ],
)
def test_the_state_of_a_batch_is_asked_for_once(status: str, told: str) -> None:
    house, client = warehouse({"Status": status})
    assert house.state("s-1").status == told
    assert client.calls == [("describe", {"Id": "s-1"})]


def test_a_state_has_the_rows_of_each_statement_and_the_error() -> None:
    parts = [
        {"Status": "FINISHED", "ResultRows": 3},
        {"Status": "FAILED", "ResultRows": 0},
        {"Status": "FINISHED"},
    ]
    house, _ = warehouse({"Status": "FAILED", "Error": "ERROR: x", "SubStatements": parts})
    assert house.state("s-1") == State("FAILED", (3, -1, -1), "ERROR: x")


def test_a_batch_of_long_ago_is_gone() -> None:
    house, _ = warehouse(refused("ResourceNotFoundException"))
    with pytest.raises(StatementGone):
        house.state("s-1")


@pytest.mark.parametrize("ask", [lambda w: w.state("s-1"), lambda w: w.start_batch(["SELECT 1"])])
def test_starting_and_looking_fail_as_waiting_does(ask: Callable[[Warehouse], Any]) -> None:
    faults = (
        (refused("ThrottlingException"), WarehouseBusy),
        (EndpointConnectionError(endpoint_url="x"), WarehouseUnavailable),
        (refused("ValidationException"), ClientError),
    )
    for fault, told in faults:
        house, _ = warehouse(fault)
        with pytest.raises(told):
            ask(house)
