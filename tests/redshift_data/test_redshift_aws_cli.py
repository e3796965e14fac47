"""The AWS CLI, as a person at a terminal uses it, against the server."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.redshift_data.testing import Warehouse, running

AWS = Path(sys.executable).with_name("aws")
WHERE = ("--workgroup-name", "local-workgroup", "--database", "dev")
ENDLESS = (
    "SELECT COUNT(*) FROM digits a, digits b, digits c, digits d, digits e, digits f, digits g"
)

Cli = Callable[..., Any]


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        rows = ", ".join(f"({number})" for number in range(40))
        warehouse.batch("CREATE TABLE digits (n INT)", f"INSERT INTO digits VALUES {rows}")
        yield warehouse


@pytest.fixture(scope="module")
def aws(warehouse: Warehouse) -> Cli:
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    endpoint = ("--endpoint-url", warehouse.client.meta.endpoint_url)

    def call(operation: str, *arguments: str) -> Any:
        command = [AWS, "redshift-data", operation, *endpoint, "--output", "json", *arguments]
        done = subprocess.run(  # noqa: S603 (the CLI of the test packages)
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


def test_a_statement_is_executed_described_read_and_listed(aws: Cli) -> None:
    sql = "SELECT n, n * :factor::INT AS product FROM digits WHERE n < 2 ORDER BY n"
    parameters = ("--parameters", "name=factor,value=21")
    submitted = aws("execute-statement", *WHERE, "--sql", sql, *parameters)
    identifier = submitted["Id"]
    described = aws("describe-statement", "--id", identifier, "--wait-time-seconds", "10")
    assert (described["Status"], described["ResultRows"]) == ("FINISHED", 2)
    result = aws("get-statement-result", "--id", identifier)
    assert [column["name"] for column in result["ColumnMetadata"]] == ["n", "product"]
    assert result["Records"] == [
        [{"longValue": 0}, {"longValue": 0}],
        [{"longValue": 1}, {"longValue": 21}],
    ]
    assert identifier in [each["Id"] for each in aws("list-statements")["Statements"]]


def test_a_running_statement_is_cancelled(aws: Cli) -> None:
    identifier = aws("execute-statement", *WHERE, "--sql", ENDLESS)["Id"]
    assert aws("cancel-statement", "--id", identifier) == {"Status": True}
    described = aws("describe-statement", "--id", identifier, "--wait-time-seconds", "10")
    assert described["Status"] == "ABORTED"


def test_the_database_is_looked_into(aws: Cli) -> None:
    assert aws("list-databases", *WHERE)["Databases"] == ["dev"]
    assert "public" in aws("list-schemas", *WHERE)["Schemas"]
    tables = aws("list-tables", *WHERE, "--schema-pattern", "public")["Tables"]
    assert tables == [{"name": "digits", "schema": "public", "type": "TABLE"}]
    described = aws("describe-table", *WHERE, "--schema", "public", "--table", "digits")
    assert [column["name"] for column in described["ColumnList"]] == ["n"]
