import pytest

from local.redshift_data.catalog import Column
from local.redshift_data.dialect.types import INT4, varchar
from local.redshift_data.errors import (
    ActiveStatementsExceededException,
    ResourceNotFoundException,
    StatementError,
    ThrottlingException,
    ValidationException,
)
from local.redshift_data.limits import Limits, Throttle
from local.redshift_data.results import CSV_CHUNK_CHARACTERS, result_set
from local.redshift_data.statements import StatementStore

COLUMNS = (Column("n", INT4), Column("text", varchar(65_535)))


def test_a_quota_refills_evenly() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    for _ in range(20):
        throttle.take("GetStatementResult")
    with pytest.raises(ThrottlingException):
        throttle.take("GetStatementResult")
    now[0] += 0.05
    throttle.take("GetStatementResult")


def test_quotas_can_be_switched_off() -> None:
    Limits(statements_per_batch=False).check_statements(["SELECT 1"] * 41)
    Limits(statement_bytes=False).check_statements(["x" * 300_000])
    Limits(active_statements=False).check_active(10_000)
    with pytest.raises(ActiveStatementsExceededException):
        Limits().check_active(500)


def test_a_statement_length_is_counted_in_bytes() -> None:
    with pytest.raises(ValidationException):
        Limits().check_statements(["é" * 110_000])


def test_active_statements_are_those_not_over() -> None:
    store = StatementStore()
    first, _ = (store.add({}, ["SELECT 1"], is_batch=False) for _ in range(2))
    first.move("FINISHED")
    assert (store.active, len(store)) == (1, 2)


def test_tokens_and_results_end_with_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    store = StatementStore()
    request = {"Sql": "SELECT 1", "ClientToken": "token"}
    statement = store.add(request, ["SELECT 1"], is_batch=False)
    statement.move("FINISHED")
    assert store.replayed(request) is statement
    later = statement.created + 8 * 3600 + 1
    monkeypatch.setattr("time.time", lambda: later)
    assert store.replayed(request) is None
    assert store.find(statement.id) == (statement, "")
    monkeypatch.setattr("time.time", lambda: later + 16 * 3600)
    with pytest.raises(ResourceNotFoundException):
        store.find(statement.id)
    store.add({}, ["SELECT 2"], is_batch=False)
    assert len(store) == 1


def test_csv_comes_in_chunks_of_a_megabyte() -> None:
    row = (1, "x" * 60_000)
    result = result_set(COLUMNS, [row] * 300, Limits())
    first = result.csv_page(None)
    rest = result.csv_page(first["NextToken"])
    sizes = [len(record["CSVRecords"]) for record in first["Records"]]
    assert len(sizes) == 15
    assert all(CSV_CHUNK_CHARACTERS <= size < CSV_CHUNK_CHARACTERS + 70_000 for size in sizes)
    assert "NextToken" not in rest
    texts = [record["CSVRecords"] for page in (first, rest) for record in page["Records"]]
    assert "".join(texts).count("\r\n") == 301


def test_an_empty_result_has_a_header_only() -> None:
    page = result_set(COLUMNS, [], Limits()).csv_page(None)
    assert page["Records"] == [{"CSVRecords": "n,text\r\n"}]


def test_a_row_is_measured_in_bytes() -> None:
    with pytest.raises(StatementError):
        result_set(COLUMNS, [(1, "é" * 33_000)], Limits())
    result_set(COLUMNS, [(1, "é" * 33_000)], Limits(row_bytes=False))


def test_a_made_up_next_token_is_refused() -> None:
    with pytest.raises(ValidationException):
        result_set(COLUMNS, [], Limits()).json_page("what")


def test_the_oldest_results_go_when_memory_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.redshift_data.statements.RETAINED_BYTES", 100)
    store = StatementStore()
    statements = [store.add({}, ["SELECT 1"], is_batch=False) for _ in range(3)]
    for statement in statements:
        statement.parts[0].keep(result_set(COLUMNS, [(1, "x" * 40)], Limits()))
        statement.move("FINISHED")
    assert [bool(s.parts[0].result) for s in statements] == [False, True, True]
    assert statements[0].has_result_set
