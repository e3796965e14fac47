"""Sessions that outlive a statement, as a boto3 client sees them."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.redshift_data.limits import Limits
from local.redshift_data.testing import Clock, SlowObjects, Warehouse, running

NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slow() -> Iterator[SlowObjects]:
    slow = SlowObjects()
    yield slow
    slow.answering.set()


@pytest.fixture
def warehouse(clock: Clock, slow: SlowObjects) -> Iterator[Warehouse]:
    with running(objects=slow, clock=clock) as warehouse:
        yield warehouse


def opened(warehouse: Warehouse, sql: str = "SELECT 1", seconds: int = 60) -> str:
    members = {"SessionKeepAliveSeconds": seconds, "WaitTimeSeconds": 30}
    answer = warehouse.client.execute_statement(Sql=sql, **warehouse.where, **members)
    return str(answer["SessionId"])


def run_in(warehouse: Warehouse, session: str, sql: str, **members: Any) -> dict[str, Any]:
    answer = warehouse.client.execute_statement(Sql=sql, SessionId=session, **members)
    return warehouse.wait(answer["Id"])


def refusal(warehouse: Warehouse, session: str, **members: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        warehouse.client.execute_statement(Sql="SELECT 1", SessionId=session, **members)
    error = raised.value.response["Error"]
    return str(error["Code"]), str(error["Message"])


def the_session(warehouse: Warehouse, session: str) -> dict[str, Any]:
    (found,) = warehouse.client.list_sessions(SessionId=session)["Sessions"]
    return dict(found)


def load_that_waits(warehouse: Warehouse, slow: SlowObjects, session: str) -> str:
    sql = (
        "COPY loaded FROM 's3://b/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/r' "
        "MANIFEST GZIP JSON 'auto'"
    )
    identifier = warehouse.client.execute_statement(Sql=sql, SessionId=session)["Id"]
    assert slow.asked.wait(30)
    return str(identifier)


def test_temporary_tables_live_as_long_as_their_session(warehouse: Warehouse) -> None:
    session = opened(warehouse, "CREATE TEMP TABLE mine (n INT)")
    run_in(warehouse, session, "INSERT INTO mine VALUES (7)")
    described = run_in(warehouse, session, "SELECT n FROM mine")
    assert (described["ResultRows"], described["SessionId"]) == (1, session)
    assert warehouse.error("SELECT n FROM mine") == 'ERROR: relation "mine" does not exist'


def test_a_session_says_where_it_runs(warehouse: Warehouse) -> None:
    described = run_in(warehouse, opened(warehouse), "SELECT 1")
    assert (described["WorkgroupName"], described["Database"]) == ("local-workgroup", "dev")
    code, _ = refusal(warehouse, opened(warehouse), Database="dev")
    assert code == "ValidationException"


def test_a_session_is_told_wherever_its_statements_are(warehouse: Warehouse) -> None:
    session = opened(warehouse)
    (listed,) = warehouse.client.list_statements()["Statements"]
    assert listed["SessionId"] == session
    assert "SessionId" not in warehouse.execute("SELECT 1")


def test_a_session_survives_a_failed_statement(warehouse: Warehouse) -> None:
    session = opened(warehouse, "SELECT 1 / 0")
    assert run_in(warehouse, session, "SELECT 1")["Status"] == "FINISHED"


def test_a_batch_can_run_in_a_session(warehouse: Warehouse) -> None:
    session = opened(warehouse, "CREATE TEMP TABLE counted (n INT)")
    answer = warehouse.client.batch_execute_statement(
        Sqls=["INSERT INTO counted VALUES (1)", "SELECT n FROM counted"], SessionId=session
    )
    assert warehouse.wait(answer["Id"])["ResultRows"] == 2


def test_a_session_takes_one_statement_at_a_time(warehouse: Warehouse, slow: SlowObjects) -> None:
    warehouse.execute("CREATE TABLE loaded (n INT)")
    session = opened(warehouse)
    running_one = load_that_waits(warehouse, slow, session)
    assert refusal(warehouse, session) == ("ValidationException", "Session is not available")
    listed = the_session(warehouse, session)
    assert (listed["Status"], listed["CurrentStatementId"]) == ("BUSY", running_one)
    slow.answering.set()
    assert warehouse.wait(running_one)["Status"] == "FAILED"  # there is no manifest
    assert run_in(warehouse, session, "SELECT 1")["Status"] == "FINISHED"


def test_a_repeated_request_finds_its_statement_in_a_busy_session(
    warehouse: Warehouse, slow: SlowObjects
) -> None:
    warehouse.execute("CREATE TABLE loaded (n INT)")
    session = opened(warehouse)
    members = {"SessionId": session, "ClientToken": "again"}
    first = warehouse.client.execute_statement(Sql="SELECT 1", **members)
    warehouse.wait(first["Id"])
    load_that_waits(warehouse, slow, session)
    assert warehouse.client.execute_statement(Sql="SELECT 1", **members)["Id"] == first["Id"]


def test_an_idle_session_is_closed(warehouse: Warehouse, clock: Clock) -> None:
    session = opened(warehouse, seconds=60)
    clock.now += 59
    run_in(warehouse, session, "SELECT 1")
    clock.now += 59
    assert the_session(warehouse, session)["Status"] == "AVAILABLE"
    clock.now += 2
    assert refusal(warehouse, session) == ("ValidationException", "Session is not available")
    closed = the_session(warehouse, session)
    assert closed["Status"] == "CLOSED"
    assert closed["UpdatedAt"] == closed["SessionTtl"]


def test_the_idle_time_can_be_changed(warehouse: Warehouse, clock: Clock) -> None:
    session = opened(warehouse, seconds=60)
    run_in(warehouse, session, "SELECT 1", SessionKeepAliveSeconds=600)
    clock.now += 599
    assert the_session(warehouse, session)["SessionAliveSeconds"] == 600
    assert run_in(warehouse, session, "SELECT 1")["Status"] == "FINISHED"


def test_a_session_that_is_kept_for_no_time_ends_with_its_statement(warehouse: Warehouse) -> None:
    session = opened(warehouse, seconds=0)
    assert refusal(warehouse, session) == ("ValidationException", "Session is not available")


def test_a_session_ends_after_a_day_with_what_runs_in_it(
    warehouse: Warehouse, clock: Clock, slow: SlowObjects
) -> None:
    warehouse.execute("CREATE TABLE loaded (n INT)")
    session = opened(warehouse, seconds=86_400)
    identifier = load_that_waits(warehouse, slow, session)
    clock.now += 24 * 3600 - 1
    assert the_session(warehouse, session)["Status"] == "BUSY"
    clock.now += 1
    assert warehouse.wait(identifier)["Status"] == "ABORTED"


def test_a_closed_session_lets_go_of_its_connection(warehouse: Warehouse, clock: Clock) -> None:
    session = opened(warehouse, "CREATE TEMP TABLE gone (n INT)")
    clock.now += 61
    assert the_session(warehouse, session)["Status"] == "CLOSED"
    again = opened(warehouse, "CREATE TEMP TABLE gone (n INT)")
    assert run_in(warehouse, again, "SELECT n FROM gone")["Status"] == "FINISHED"


def test_an_unknown_session_is_invalid(warehouse: Warehouse) -> None:
    assert refusal(warehouse, NOBODY) == (
        "ValidationException",
        f"Session with Id: {NOBODY} is invalid",
    )
    with pytest.raises(ClientError) as raised:
        warehouse.client.list_sessions(SessionId=NOBODY)
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_sessions_are_listed_by_state_and_place(warehouse: Warehouse, clock: Clock) -> None:
    short, long = opened(warehouse, seconds=10), opened(warehouse, seconds=100)
    clock.now += 20

    def listed(**members: Any) -> list[str]:
        found = warehouse.client.list_sessions(**members)["Sessions"]
        return [session["SessionId"] for session in found]

    assert listed() == [long]
    assert listed(Status="CLOSED") == [short]
    assert listed(WorkgroupName="local-workgroup", Database="dev") == [long]
    assert listed(WorkgroupName="another-workgroup") == []
    assert listed(Database="another") == []
    with pytest.raises(ClientError):
        listed(SessionId=long, Status="CLOSED")


def test_sessions_are_forgotten_after_a_day(warehouse: Warehouse, clock: Clock) -> None:
    opened(warehouse, seconds=10)
    clock.now += 24 * 3600 + 1
    assert warehouse.client.list_sessions(Status="CLOSED")["Sessions"] == []


def test_sessions_come_in_pages(warehouse: Warehouse) -> None:
    sessions = [opened(warehouse) for _ in range(5)]
    pages = list(
        warehouse.client.get_paginator("list_sessions").paginate(PaginationConfig={"PageSize": 2})
    )
    assert [len(page["Sessions"]) for page in pages] == [2, 2, 1]
    found = [session["SessionId"] for page in pages for session in page["Sessions"]]
    assert found == sessions


def test_sessions_are_limited_by_warehouse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.redshift_data.limits.ACTIVE_SESSIONS", 2)
    clock = Clock()
    with running(clock=clock) as warehouse:
        opened(warehouse), opened(warehouse)
        with pytest.raises(ClientError) as raised:
            opened(warehouse)
        assert raised.value.response["Error"]["Code"] == "ActiveSessionsExceededException"
        elsewhere = {**warehouse.where, "WorkgroupName": "another-workgroup"}
        warehouse.client.execute_statement(Sql="SELECT 1", SessionKeepAliveSeconds=9, **elsewhere)
        clock.now += 61
        opened(warehouse)


def test_the_limit_of_sessions_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.redshift_data.limits.ACTIVE_SESSIONS", 1)
    with running(limits=Limits(calls=False, active_sessions=False)) as warehouse:
        assert len({opened(warehouse) for _ in range(3)}) == 3
