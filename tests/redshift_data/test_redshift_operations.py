"""The API as a real boto3 client sees it: life cycle, parameters, results and limits."""

import csv
import io
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local.redshift_data.limits import Limits
from local.redshift_data.server import RedshiftDataServer
from local.redshift_data.testing import (
    UNLIMITED_CALLS,
    MemoryObjects,
    Warehouse,
    as_members,
    running,
)

STOP_SECONDS = 4  # less than the time after which conversations are cut off


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        yield warehouse


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_waited_statement_answers_with_its_final_status(warehouse: Warehouse) -> None:
    answer = warehouse.client.execute_statement(
        Sql="SELECT 1", WaitTimeSeconds=30, **warehouse.where
    )
    assert (answer["Status"], answer["HasResultSet"]) == ("FINISHED", True)
    assert answer["RedshiftPid"] > 0


def test_a_statement_without_wait_is_only_acknowledged(warehouse: Warehouse) -> None:
    answer = warehouse.client.execute_statement(Sql="SELECT 1", **warehouse.where)
    assert "Status" not in answer
    assert answer["WorkgroupName"] == "local-workgroup"


def test_json_fields_carry_redshift_types(warehouse: Warehouse) -> None:
    described = warehouse.execute(
        "SELECT 1 AS i, 2.50 AS n, 1.5::FLOAT AS f, 1 = 1 AS b, NULL AS z, 'é' AS s, "
        "'2013-01-01T10:00:00Z'::TIMESTAMPTZ AS t, '2013-01-01 10:00:00.5'::TIMESTAMP AS u"
    )
    result = warehouse.client.get_statement_result(Id=described["Id"])
    assert result["Records"] == [
        [
            {"longValue": 1},
            {"stringValue": "2.50"},
            {"doubleValue": 1.5},
            {"booleanValue": True},
            {"isNull": True},
            {"stringValue": "é"},
            {"stringValue": "2013-01-01 10:00:00+00"},
            {"stringValue": "2013-01-01 10:00:00.5"},
        ]
    ]
    types = [column["typeName"] for column in result["ColumnMetadata"]]
    assert types[:4] == ["int4", "numeric", "float8", "bool"]
    assert types[6:] == ["timestamptz", "timestamp"]


def test_csv_has_a_header_and_quotes_as_rfc_4180_says(warehouse: Warehouse) -> None:
    described = warehouse.execute(
        "SELECT 'a \"b\",\nc' AS x, NULL AS y, 1 = 1 AS z", ResultFormat="CSV"
    )
    result = warehouse.client.get_statement_result_v2(Id=described["Id"])
    text = result["Records"][0]["CSVRecords"]
    assert text == 'x,y,z\r\n"a ""b"",\nc",,true\r\n'
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == ['a "b",\nc', "", "true"]


def test_results_come_in_pages(warehouse: Warehouse) -> None:
    ten = "SELECT 1 AS n " + "UNION ALL SELECT 1 " * 9
    sql = f"WITH t AS ({ten}) SELECT a.n FROM t a, t b, t c, t d LIMIT 2500"
    described = warehouse.execute(sql)
    pages = warehouse.client.get_paginator("get_statement_result").paginate(Id=described["Id"])
    assert [len(page["Records"]) for page in pages] == [1000, 1000, 500]


def test_the_result_format_asked_for_is_the_only_one(warehouse: Warehouse) -> None:
    described = warehouse.execute("SELECT 1", ResultFormat="CSV")
    with pytest.raises(ClientError) as error:
        warehouse.client.get_statement_result(Id=described["Id"])
    assert code_of(error) == "ValidationException"


def test_a_failed_statement_has_no_result(warehouse: Warehouse) -> None:
    described = warehouse.execute("SELECT 1 / 0")
    assert (described["Status"], described["Error"]) == ("FAILED", "ERROR: division by zero")
    with pytest.raises(ClientError) as error:
        warehouse.client.get_statement_result(Id=described["Id"])
    assert code_of(error) == "ResourceNotFoundException"


def test_an_unknown_statement_is_not_found(warehouse: Warehouse) -> None:
    with pytest.raises(ClientError) as error:
        warehouse.client.describe_statement(Id="00000000-0000-0000-0000-000000000000")
    assert code_of(error) == "ResourceNotFoundException"


def test_a_batch_tells_of_each_statement(warehouse: Warehouse) -> None:
    described = warehouse.batch(
        "CREATE TEMP TABLE told (n INT)", "INSERT INTO told VALUES (1), (2)", "SELECT n FROM told"
    )
    parts = described["SubStatements"]
    assert [part["Id"] for part in parts] == [f"{described['Id']}:{n}" for n in (1, 2, 3)]
    assert [part["ResultRows"] for part in parts] == [0, 2, 2]
    assert [part["HasResultSet"] for part in parts] == [False, False, True]
    rows = warehouse.client.get_statement_result(Id=parts[2]["Id"])["Records"]
    assert len(rows) == 2


def test_a_failed_statement_rolls_back_the_batch(warehouse: Warehouse) -> None:
    described = warehouse.batch("CREATE TABLE gone (n INT)", "SELECT 1 / 0", "SELECT 1")
    assert described["Status"] == "FAILED"
    assert described["Error"] == "Query #2 failed with ERROR: division by zero"
    statuses = [part["Status"] for part in described["SubStatements"]]
    assert statuses == ["FINISHED", "FAILED", "ABORTED"]
    assert warehouse.error("SELECT n FROM gone") == 'ERROR: relation "gone" does not exist'


def test_auto_commit_keeps_what_succeeded(warehouse: Warehouse) -> None:
    described = warehouse.batch(
        "CREATE TABLE kept (n INT)",
        "SELECT 1 / 0",
        "INSERT INTO kept VALUES (7)",
        ExecutionMode="AUTO_COMMIT",
    )
    statuses = [part["Status"] for part in described["SubStatements"]]
    assert (described["Status"], statuses) == ("FAILED", ["FINISHED", "FAILED", "FINISHED"])
    assert warehouse.value("SELECT n FROM kept") == 7


def test_temporary_tables_end_with_their_statement(warehouse: Warehouse) -> None:
    assert warehouse.batch("CREATE TEMP TABLE brief (n INT)", "SELECT 1")["Status"] == "FINISHED"
    assert warehouse.error("SELECT n FROM brief") == 'ERROR: relation "brief" does not exist'


def test_parameters_are_found_where_sql_has_them_only(warehouse: Warehouse) -> None:
    sql = "SELECT ':a', :a::INT + 1, '12:30' /* :b */, :from -- :c"
    assert warehouse.rows(sql, a="4", **{"from": "it's"}) == [[":a", 5, "12:30", "it's"]]


def test_a_parameter_takes_the_type_of_what_it_meets(warehouse: Warehouse) -> None:
    assert warehouse.value("SELECT 10 > :n", n="9") is True
    assert warehouse.error("SELECT 10 > :n", n="x").startswith("ERROR: invalid input syntax")


def test_an_unused_parameter_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(ClientError) as error:
        warehouse.execute("SELECT ':a'", **as_members({"a": "1"}))
    assert code_of(error) == "ValidationException"


def test_batch_parameters_need_to_be_used_once_only(warehouse: Warehouse) -> None:
    described = warehouse.batch("SELECT 1", "SELECT :a", **as_members({"a": "1"}))
    assert described["Status"] == "FINISHED"


def test_a_missing_parameter_fails_the_statement(warehouse: Warehouse) -> None:
    assert warehouse.error("SELECT :a") == 'ERROR: syntax error at or near ":a"'


@pytest.mark.parametrize(
    "members",
    [
        {"WorkgroupName": "some-group", "ClusterIdentifier": "cluster", "Database": "dev"},
        {"Database": "dev"},
        {"WorkgroupName": "some-group"},
        {"SessionId": "00000000-0000-0000-0000-000000000000", "Database": "dev"},
    ],
)
def test_where_to_run_must_be_said_once(warehouse: Warehouse, members: dict[str, str]) -> None:
    with pytest.raises(ClientError) as error:
        warehouse.client.execute_statement(Sql="SELECT 1", **members)
    assert code_of(error) == "ValidationException"


def test_a_client_token_runs_a_statement_once(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE TABLE once (n INT)")
    ids = {
        warehouse.execute("INSERT INTO once VALUES (1)", ClientToken="token-once")["Id"]
        for _ in range(3)
    }
    assert len(ids) == 1
    assert warehouse.value("SELECT COUNT(*) FROM once") == 1


def test_a_client_token_replays_a_failure(warehouse: Warehouse) -> None:
    # checkov:skip=CKV_SECRET_6:a client token makes a call idempotent
    first = warehouse.execute("SELECT 1 / 0", ClientToken="token-failed")
    again = warehouse.execute("SELECT 1 / 0", ClientToken="token-failed")
    assert (again["Id"], again["Status"]) == (first["Id"], "FAILED")


def test_a_client_token_belongs_to_one_request(warehouse: Warehouse) -> None:
    warehouse.execute("SELECT 1", ClientToken="token-taken")
    with pytest.raises(ClientError) as error:
        warehouse.execute("SELECT 2", ClientToken="token-taken")
    assert code_of(error) == "ValidationException"


def test_statements_are_listed_newest_first(warehouse: Warehouse) -> None:
    for number in (1, 2):
        warehouse.execute(f"SELECT {number}", StatementName="listed")
    listed = warehouse.client.list_statements(StatementName="listed")["Statements"]
    assert [statement["QueryString"] for statement in listed] == ["SELECT 2", "SELECT 1"]


def test_too_many_statements_in_a_batch_are_refused(warehouse: Warehouse) -> None:
    with pytest.raises(ClientError) as error:
        warehouse.batch(*["SELECT 1"] * 41)
    assert code_of(error) == "ValidationException"


def test_a_statement_text_over_200_kb_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(ClientError) as error:
        warehouse.execute(f"SELECT '{'x' * 205_000}'")
    assert code_of(error) == "ValidationException"


def test_a_row_over_64_kb_fails_the_statement(warehouse: Warehouse) -> None:
    wide = "x" * 40_000
    assert "too large" in warehouse.error("SELECT :a, :a", a=wide)


def test_calls_over_the_quota_are_throttled() -> None:
    with running(limits=Limits()) as warehouse:
        codes = [list_code(warehouse) for _ in range(5)]
    assert codes[:3] == [None] * 3
    assert "ThrottlingException" in codes


def list_code(warehouse: Warehouse) -> str | None:
    try:
        warehouse.client.list_statements()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def test_a_server_that_stops_ends_what_runs_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    ten = "SELECT 1 AS n " + "UNION ALL SELECT 1 " * 9
    tables = ", ".join(f"t {name}" for name in "abcdefghijkl")
    slow = f"WITH t AS ({ten}) SELECT SUM(a.n + b.n) FROM {tables}"
    sqls = [slow, "CREATE TABLE t1 (n INT)", "SELECT 1"] * 3
    server = RedshiftDataServer(None, MemoryObjects(), limits=UNLIMITED_CALLS)
    server.start()
    warehouse = Warehouse(server.url)
    with ThreadPoolExecutor(len(sqls)) as callers:
        answers = [callers.submit(call_until_it_ends, warehouse, sql) for sql in sqls]
        assert not wait(answers, timeout=0.5).done
        stopped = time.monotonic()
        server.stop()
        assert time.monotonic() - stopped < STOP_SECONDS
    warehouse.close()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def call_until_it_ends(warehouse: Warehouse, sql: str) -> None:
    with suppress(ClientError, BotoCoreError):
        while True:
            warehouse.client.execute_statement(Sql=sql, WaitTimeSeconds=30, **warehouse.where)


def start(folder: Path) -> tuple[subprocess.Popen[str], Warehouse]:
    process = subprocess.Popen(  # noqa: S603 - this project's own server
        [sys.executable, "-m", "local.redshift_data", "--port", "0", "--data", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
    )
    assert process.stdout
    ready = process.stdout.readline()
    assert ready.startswith("redshift-data listening on http://127.0.0.1:")
    return process, Warehouse(ready.split()[-1])


def stop(process: subprocess.Popen[str], warehouse: Warehouse, how: signal.Signals) -> int:
    warehouse.close()
    process.send_signal(how)
    assert process.stdout
    process.stdout.close()
    return process.wait(timeout=20)


def test_a_killed_server_keeps_what_it_committed(tmp_path: Path) -> None:
    process, warehouse = start(tmp_path)
    warehouse.batch("CREATE TABLE lasting (v VARCHAR(3))", "INSERT INTO lasting VALUES ('a')")
    warehouse.execute('CREATE USER "IAMR:loader" PASSWORD DISABLE')
    stop(process, warehouse, signal.SIGKILL)

    process, warehouse = start(tmp_path)
    try:
        assert warehouse.rows("SELECT v FROM lasting") == [["a"]]
        assert "value too long" in warehouse.error("INSERT INTO lasting VALUES ('long')")
        users = warehouse.rows("SELECT usename FROM pg_user")
        assert ["IAMR:loader"] in users
    finally:
        assert stop(process, warehouse, signal.SIGTERM) == 0
