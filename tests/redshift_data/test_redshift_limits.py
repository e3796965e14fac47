"""Quotas and waits as a boto3 client meets them, and that each quota can be switched off."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.redshift_data.limits import Limits, Retention
from local.redshift_data.testing import Clock, SlowObjects, Warehouse, as_members, running

COPY = (
    "COPY loaded FROM 's3://b/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/r' "
    "MANIFEST GZIP JSON 'auto'"
)
CANCEL_SECONDS = 2.0
"""What a busy machine may take for what is done in 50 ms."""


@pytest.fixture
def slow() -> Iterator[SlowObjects]:
    slow = SlowObjects()
    yield slow
    slow.answering.set()


def loading(warehouse: Warehouse, slow: SlowObjects) -> str:
    """Submit a statement that runs until the store answers."""
    warehouse.execute("CREATE TABLE IF NOT EXISTS loaded (n INT)")
    identifier = warehouse.client.execute_statement(Sql=COPY, **warehouse.where)["Id"]
    assert slow.asked.wait(30)
    return str(identifier)


def code_of(call: Any, **members: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**members)
    return str(raised.value.response["Error"]["Code"])


def test_a_statement_that_still_runs_has_no_result(slow: SlowObjects) -> None:
    with running(objects=slow) as warehouse:
        identifier = loading(warehouse, slow)
        client = warehouse.client
        for members in ({}, {"WaitTimeSeconds": 1}):
            code = code_of(client.get_statement_result, Id=identifier, **members)
            assert code == "ResourceNotFoundException"
        described = client.describe_statement(Id=identifier, WaitTimeSeconds=1)
        assert (described["Status"], described["ResultRows"]) == ("STARTED", -1)
        slow.answering.set()
        assert warehouse.wait(identifier)["Status"] == "FAILED"  # there is no manifest


def test_a_submission_that_waits_answers_how_far_it_came(slow: SlowObjects) -> None:
    with running(objects=slow) as warehouse:
        warehouse.execute("CREATE TABLE loaded (n INT)")
        answer = warehouse.client.execute_statement(Sql=COPY, WaitTimeSeconds=1, **warehouse.where)
        assert (answer["Status"], answer["HasResultSet"]) == ("STARTED", False)
        assert answer["RedshiftPid"] > 0


def test_a_part_is_waited_for_alone(slow: SlowObjects) -> None:
    with running(objects=slow) as warehouse:
        warehouse.execute("CREATE TABLE loaded (n INT)")
        answer = warehouse.client.batch_execute_statement(
            Sqls=["SELECT 7", COPY], **warehouse.where
        )
        first = f"{answer['Id']}:1"
        records = warehouse.client.get_statement_result(Id=first, WaitTimeSeconds=30)["Records"]
        assert records == [[{"longValue": 7}]]
        # As the guide prints it: the batch, with the part asked for only.
        described = warehouse.client.describe_statement(Id=first, WaitTimeSeconds=30)
        assert (described["Id"], described["Status"]) == (answer["Id"], "STARTED")
        (part,) = described["SubStatements"]
        assert (part["Id"], part["Status"], part["RedshiftQueryId"]) == (first, "FINISHED", -1)
        slow.answering.set()
        assert warehouse.wait(answer["Id"])["Status"] == "FAILED"
        assert code_of(warehouse.client.get_statement_result, Id=first) == (
            "ResourceNotFoundException"
        )


@pytest.mark.parametrize("call", ["describe_statement", "get_statement_result"])
def test_only_so_many_may_wait_for_one_statement(slow: SlowObjects, call: str) -> None:
    with running(objects=slow, waiting_requests=2) as warehouse, ThreadPoolExecutor(3) as waiters:
        identifier = loading(warehouse, slow)

        def outcome() -> str:
            try:
                getattr(warehouse.client, call)(Id=identifier, WaitTimeSeconds=30)
            except ClientError as error:
                return str(error.response["Error"]["Code"])
            return "answered"

        waits = [waiters.submit(outcome) for _ in range(3)]
        refused = next(as_completed(waits, timeout=20))
        assert refused.result() == "ActiveWaitingRequestsExceededException"
        assert warehouse.client.describe_statement(Id=identifier)["Status"] == "STARTED"
        slow.answering.set()
        over = "answered" if call == "describe_statement" else "ResourceNotFoundException"
        assert {wait.result() for wait in waits if wait is not refused} == {over}
        # Nobody needs to wait for what is over.
        assert outcome() == over


def wait_until(reached: Any) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline


def test_a_statement_is_cancelled_while_it_loads(slow: SlowObjects) -> None:
    with running(objects=slow) as warehouse:
        identifier = loading(warehouse, slow)
        started = time.monotonic()
        assert warehouse.client.cancel_statement(Id=identifier)["Status"] is True
        assert warehouse.wait(identifier)["Status"] == "ABORTED"
        assert time.monotonic() - started < CANCEL_SECONDS
        assert code_of(warehouse.client.cancel_statement, Id=identifier) == "ValidationException"


def test_a_statement_is_cancelled_while_it_waits_for_a_lock(slow: SlowObjects) -> None:
    with running(objects=slow) as warehouse:
        holder = loading(warehouse, slow)
        waiter = warehouse.client.execute_statement(Sql="DELETE FROM loaded", **warehouse.where)
        identifier = waiter["Id"]
        wait_until(
            lambda: warehouse.client.describe_statement(Id=identifier)["Status"] == "STARTED"
        )
        started = time.monotonic()
        warehouse.client.cancel_statement(Id=identifier)
        assert warehouse.wait(identifier)["Status"] == "ABORTED"
        assert time.monotonic() - started < CANCEL_SECONDS
        assert warehouse.client.describe_statement(Id=holder)["Status"] == "STARTED"


def test_a_statement_is_cancelled_before_it_is_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.redshift_data.execution._THREADS", 1)
    ten = "SELECT 1 AS n " + "UNION ALL SELECT 1 " * 9
    tables = ", ".join(f"t {name}" for name in "abcdefghijkl")
    endless = f"WITH t AS ({ten}) SELECT SUM(a.n + b.n) FROM {tables}"
    with running() as warehouse:
        first, second = (
            warehouse.client.execute_statement(Sql=endless, **warehouse.where)["Id"]
            for _ in range(2)
        )
        described = warehouse.client.describe_statement(Id=second)
        assert (described["Status"], described["RedshiftPid"]) == ("SUBMITTED", 0)
        for identifier in (second, first):
            warehouse.client.cancel_statement(Id=identifier)
            assert warehouse.wait(identifier)["Status"] == "ABORTED"


def test_active_statements_are_limited(monkeypatch: pytest.MonkeyPatch, slow: SlowObjects) -> None:
    monkeypatch.setattr("local.redshift_data.limits.ACTIVE_STATEMENTS", 1)
    with running(objects=slow) as warehouse:
        # Whatever is over does not count.
        identifier = loading(warehouse, slow)
        code = code_of(warehouse.client.execute_statement, Sql="SELECT 1", **warehouse.where)
        assert code == "ActiveStatementsExceededException"
        slow.answering.set()
        warehouse.wait(identifier)
        assert warehouse.value("SELECT 1") == 1


def test_a_client_token_is_kept_for_eight_hours() -> None:
    clock = Clock()
    with running(clock=clock) as warehouse:
        first = warehouse.execute("SELECT 1", ClientToken="token")["Id"]
        clock.now += 8 * 3600
        assert warehouse.execute("SELECT 1", ClientToken="token")["Id"] == first
        clock.now += 1
        assert warehouse.execute("SELECT 1", ClientToken="token")["Id"] != first


def test_results_are_kept_for_a_day() -> None:
    clock = Clock()
    with running(clock=clock) as warehouse:
        identifier = warehouse.execute("SELECT 1")["Id"]
        clock.now += 24 * 3600
        assert warehouse.client.get_statement_result(Id=identifier)["TotalNumRows"] == 1
        clock.now += 1
        code = code_of(warehouse.client.get_statement_result, Id=identifier)
        assert code == "ResourceNotFoundException"
        assert warehouse.client.list_statements(Status="ALL")["Statements"] == []


def test_a_dropped_result_says_why() -> None:
    with running(retention=Retention(bytes=8_400)) as warehouse:
        first, second = (
            warehouse.execute("SELECT :text", **as_members({"text": "x" * 1_000}))["Id"]
            for _ in range(2)
        )
        described = warehouse.client.describe_statement(Id=first)
        assert (described["HasResultSet"], described["ResultRows"]) == (True, 1)
        with pytest.raises(ClientError, match="--memory-mb"):
            warehouse.client.get_statement_result(Id=first)
        assert warehouse.client.get_statement_result(Id=second)["TotalNumRows"] == 1


def test_the_database_s_memory_can_be_limited() -> None:
    ten = "SELECT 1 AS n " + "UNION ALL SELECT 1 " * 9
    sql = f"WITH t AS ({ten}) SELECT LISTAGG(a.n::VARCHAR) FROM t a, t b, t c, t d, t e, t f, t g"
    with running(database_megabytes=20) as warehouse:
        assert "ERROR" in warehouse.error(sql)
        assert warehouse.value("SELECT 1") == 1


def test_calls_over_the_quota_are_throttled() -> None:
    with running(limits=Limits()) as warehouse:
        lists = [
            (warehouse.client.list_statements, {}),
            (warehouse.client.list_sessions, {}),
            (warehouse.client.list_tables, warehouse.where),
        ]
        for call, members in lists:
            for _ in range(3):
                call(**members)
            # The quota refills meanwhile, one call in a third of a second.
            codes = {throttled(call, members) for _ in range(3)}
            assert ("ThrottlingException", 400) in codes


def throttled(call: Any, members: dict[str, str]) -> tuple[str, int] | None:
    try:
        call(**members)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return str(error.response["Error"]["Code"]), int(status)
    return None


@pytest.mark.parametrize(
    ("limit", "call", "members"),
    [
        ("statements_per_batch", "batch_execute_statement", {"Sqls": ["SELECT 1"] * 41}),
        ("statement_bytes", "execute_statement", {"Sql": f"SELECT '{'x' * 205_000}'"}),
        (
            "parameter_values",
            "execute_statement",
            {"Sql": "SELECT :a", "Parameters": [{"name": "a", "value": ""}]},
        ),
    ],
)
def test_a_quota_can_be_switched_off(limit: str, call: str, members: dict[str, Any]) -> None:
    off = Limits(**{"calls": False, "row_bytes": False, limit: False})
    for limits, refused in ((Limits(calls=False), True), (off, False)):
        with running(limits=limits) as checked:
            warehouse = Warehouse(checked.client.meta.endpoint_url, parameter_validation=False)
            submit = getattr(warehouse.client, call)
            if refused:
                assert code_of(submit, **members, **warehouse.where) == "ValidationException"
            else:
                answer = submit(WaitTimeSeconds=30, **members, **warehouse.where)
                assert answer["Status"] == "FINISHED"
            warehouse.close()


def test_a_row_over_64_kb_fails_the_statement() -> None:
    wide = as_members({"a": "x" * 40_000})
    with running() as warehouse:
        assert "too large" in str(warehouse.execute("SELECT :a, :a", **wide)["Error"])
    with running(limits=Limits(calls=False, row_bytes=False)) as warehouse:
        assert warehouse.execute("SELECT :a, :a", **wide)["Status"] == "FINISHED"


def test_a_query_may_run_for_a_day(slow: SlowObjects) -> None:
    clock = Clock()
    with running(objects=slow, clock=clock) as warehouse:
        identifier = loading(warehouse, slow)
        clock.now += 24 * 3600
        assert warehouse.wait(identifier)["Status"] == "ABORTED"
