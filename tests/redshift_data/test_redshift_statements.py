"""The pure parts: quotas, what is kept and for how long, and how results are cut into pages."""

import time

import pytest

from local.redshift_data.callers import Caller
from local.redshift_data.catalog import Column, Origin
from local.redshift_data.columns import of_result
from local.redshift_data.dialect.types import INT4, varchar
from local.redshift_data.errors import (
    ActiveSessionsExceededException,
    ActiveStatementsExceededException,
    ActiveWaitingRequestsExceededException,
    ResourceNotFoundException,
    StatementError,
    ThrottlingException,
    ValidationException,
)
from local.redshift_data.limits import CALLS_PER_SECOND, Limits, Retention, Throttle
from local.redshift_data.model import OPERATIONS
from local.redshift_data.results import CSV_CHUNK_BYTES, result_set
from local.redshift_data.retention import StatementStore
from local.redshift_data.statements import PART_BYTES, STATEMENT_BYTES, Statement, Target
from local.redshift_data.testing import Clock

COLUMNS = (Column("n", INT4), Column("text", varchar(65_535)))
CALLER = Caller("key")
TARGET = Target("dev", "admin", "some-workgroup")
ROOMY = Retention()


def store_with(retention: Retention = ROOMY, clock: Clock | None = None) -> StatementStore:
    return StatementStore(clock or Clock(), retention)


def submit(store: StatementStore, sql: str = "SELECT 1", **members: str) -> Statement:
    return store.add({"Sql": sql, **members}, [sql], CALLER, TARGET, is_batch=False)


def finish(store: StatementStore, statement: Statement, status: str = "FINISHED") -> None:
    store.finish(statement)
    statement.move(status)


def test_a_quota_refills_evenly() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    for _ in range(20):
        throttle.take("GetStatementResult")
    with pytest.raises(ThrottlingException):
        throttle.take("GetStatementResult")
    now[0] += 0.05
    throttle.take("GetStatementResult")


def test_every_operation_has_a_quota_of_calls() -> None:
    assert CALLS_PER_SECOND.keys() == OPERATIONS


def test_quotas_can_be_switched_off() -> None:
    Limits(statements_per_batch=False).check_statements(["SELECT 1"] * 41)
    Limits(statement_bytes=False).check_statements(["x" * 300_000])
    Limits(active_statements=False).check_active(10_000)
    Limits(active_sessions=False).check_sessions(10_000)
    Limits(waiting_requests=False).check_waiting(10_000)
    with pytest.raises(ActiveStatementsExceededException):
        Limits().check_active(500)
    with pytest.raises(ActiveSessionsExceededException):
        Limits().check_sessions(500)
    with pytest.raises(ActiveWaitingRequestsExceededException):
        Limits().check_waiting(3, allowed=3)


def test_a_statement_length_is_counted_in_bytes() -> None:
    with pytest.raises(ValidationException):
        Limits().check_statements(["é" * 110_000])


def test_active_statements_are_those_not_over() -> None:
    store = store_with()
    first, _ = (submit(store) for _ in range(2))
    finish(store, first)
    assert (store.active, len(store)) == (1, 2)


def test_tokens_and_results_end_with_their_time() -> None:
    clock = Clock()
    store = store_with(clock=clock)
    request = {"Sql": "SELECT 1", "ClientToken": "token"}
    statement = submit(store, ClientToken="token")
    finish(store, statement)
    assert store.replayed(request, CALLER) is statement
    clock.now += 8 * 3600 + 1
    assert store.replayed(request, CALLER) is None
    assert store.find(statement.id, CALLER) == (statement, "")
    clock.now += 16 * 3600
    with pytest.raises(ResourceNotFoundException):
        store.find(statement.id, CALLER)
    assert list(store.latest_first()) == []
    submit(store)
    assert len(store) == 1


def test_a_token_belongs_to_the_role_that_used_it() -> None:
    store = store_with()
    submit(store, ClientToken="token")
    other = Caller("key", "Other")
    assert store.replayed({"Sql": "SELECT 1", "ClientToken": "token"}, other) is None


def test_a_repeated_request_may_wait_longer_and_nothing_else() -> None:
    store = store_with()
    statement = submit(store, ClientToken="token")
    repeated = {"Sql": "SELECT 1", "ClientToken": "token", "WaitTimeSeconds": 9}
    assert store.replayed(repeated, CALLER) is statement
    with pytest.raises(ValidationException):
        store.replayed({**repeated, "StatementName": "another"}, CALLER)


def test_a_token_is_spent_even_if_its_statement_is_forgotten() -> None:
    clock = Clock()
    store = store_with(Retention(statements=1), clock)
    request = {"Sql": "SELECT 1", "ClientToken": "token"}
    for statement in (submit(store, ClientToken="token"), submit(store)):
        finish(store, statement)
    assert len(store) == 1
    clock.now += 8 * 3600
    with pytest.raises(ValidationException, match="--retained-statements"):
        store.replayed(request, CALLER)
    clock.now += 1
    assert store.replayed(request, CALLER) is None


def test_csv_comes_in_chunks_of_at_most_a_megabyte() -> None:
    row = (1, "x" * 60_000)
    result = result_set(COLUMNS, [row] * 300, Limits())
    first = result.csv_page(None)
    rest = result.csv_page(first["NextToken"])
    sizes = [len(record["CSVRecords"]) for record in first["Records"]]
    assert len(sizes) == 15
    assert all(CSV_CHUNK_BYTES - 70_000 < size <= CSV_CHUNK_BYTES for size in sizes)
    assert "NextToken" not in rest
    texts = [record["CSVRecords"] for page in (first, rest) for record in page["Records"]]
    assert "".join(texts).count("\r\n") == 301


def test_without_its_quota_csv_comes_in_one_piece() -> None:
    rows = [(1, "x" * 60_000)] * 300
    page = result_set(COLUMNS, rows, Limits(csv_bytes=False)).csv_page(None)
    assert len(page["Records"]) == 1
    assert "NextToken" not in page


def test_an_empty_result_has_a_header_only() -> None:
    page = result_set(COLUMNS, [], Limits()).csv_page(None)
    assert page["Records"] == [{"CSVRecords": "n,text\r\n"}]


def test_a_row_is_measured_in_bytes() -> None:
    with pytest.raises(StatementError):
        result_set(COLUMNS, [(1, "é" * 33_000)], Limits())
    result_set(COLUMNS, [(1, "é" * 33_000)], Limits(row_bytes=False))


def test_a_result_is_measured_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.redshift_data.results.RESULT_BYTES", 100)
    with pytest.raises(StatementError, match="exceeded size limit"):
        result_set(COLUMNS, [(1, "x" * 40)] * 2, Limits())
    result_set(COLUMNS, [(1, "x" * 40)] * 2, Limits(result_bytes=False))


def test_a_result_weighs_what_the_guide_prints() -> None:
    # "ResultSize": 11 for `select 1`
    assert result_set(COLUMNS[:1], [(1,)], Limits()).size == 11


@pytest.mark.parametrize("token", ["what", "LTE=", "eA=="])
def test_a_made_up_next_token_is_refused(token: str) -> None:
    with pytest.raises(ValidationException):
        result_set(COLUMNS, [], Limits()).json_page(token)


def test_a_column_says_which_tables_it_is() -> None:
    origin = Origin("public", "event", "eventid", not_null=True)
    told = of_result(Column("id", INT4, origin=origin))
    assert (told["schemaName"], told["tableName"], told["nullable"]) == ("public", "event", 0)
    computed = of_result(Column("?column?", INT4))
    assert (computed["schemaName"], computed["tableName"], computed["nullable"]) == ("", "", 1)


def test_the_oldest_results_go_when_memory_is_full() -> None:
    store = store_with(Retention(bytes=500 + 3 * (STATEMENT_BYTES + PART_BYTES)))
    statements = [submit(store, "S") for _ in range(3)]
    for statement in statements:
        statement.parts[0].keep(result_set(COLUMNS, [(1, "x" * 40)], Limits()))
        finish(store, statement)
    assert [bool(s.parts[0].result) for s in statements] == [False, True, True]
    assert statements[0].has_result_set


def test_the_oldest_statements_go_when_their_texts_fill_the_memory() -> None:
    weight = STATEMENT_BYTES + PART_BYTES + 100
    store = store_with(Retention(bytes=5 * weight))
    for _ in range(10):
        finish(store, submit(store, "S" * 100))
    assert (len(store), store.bytes) == (5, 5 * weight)


def test_only_so_many_statements_are_remembered() -> None:
    store = store_with(Retention(statements=3))
    running = submit(store, "SELECT 0")
    statements = [submit(store, f"SELECT {number}") for number in range(10)]
    for statement in statements:
        finish(store, statement)
    assert list(store.latest_first()) == [*reversed(statements[-3:]), running]
    assert store.active == 1


def test_many_statements_cost_no_more_than_a_few() -> None:
    store = store_with(Retention(statements=20_000))

    def seconds_of(count: int) -> float:
        started = time.perf_counter()
        for _ in range(count):
            finish(store, submit(store))
            next(store.latest_first())
        return time.perf_counter() - started

    first = seconds_of(2_000)
    seconds_of(25_000)
    # More than are remembered: each new one makes an old one go.
    assert seconds_of(2_000) < 10 * first + 0.5
    assert len(store) == 20_000
