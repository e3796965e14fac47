"""Databases, schemas, tables and columns, as a boto3 client lists and describes them."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.redshift_data.testing import Warehouse, running

EVENT = (
    "CREATE TABLE event (eventid INTEGER NOT NULL, venueid SMALLINT NOT NULL, "
    "eventname VARCHAR(200), starttime TIMESTAMP, price NUMERIC(8,2), code CHAR(3))"
)


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        for sql in (
            EVENT,
            "CREATE TABLE event_old (eventid INTEGER)",
            "CREATE TABLE eventful (eventid INTEGER)",
            "INSERT INTO event VALUES (1, 1, 'event 1', '2022-02-22', 9.5, 'abc')",
        ):
            assert warehouse.execute(sql)["Status"] == "FINISHED"
        yield warehouse


def columns_of(warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    described = warehouse.execute(sql)
    result = warehouse.client.get_statement_result(Id=described["Id"])
    return list(result["ColumnMetadata"])


def tables(warehouse: Warehouse, **patterns: str) -> list[str]:
    found = warehouse.client.list_tables(**warehouse.where, **patterns)["Tables"]
    return [table["name"] for table in found]


def test_the_guide_s_column_metadata(warehouse: Warehouse) -> None:
    number, _, name, moment, *_ = columns_of(warehouse, "SELECT * FROM event WHERE eventid = 1")
    shared = {"isCurrency": False, "length": 0, "schemaName": "public", "tableName": "event"}
    assert number == {
        **shared,
        "isCaseSensitive": False,
        "isSigned": True,
        "label": "eventid",
        "name": "eventid",
        "nullable": 0,
        "precision": 10,
        "scale": 0,
        "typeName": "int4",
    }
    assert name == {
        **shared,
        "isCaseSensitive": True,
        "isSigned": False,
        "label": "eventname",
        "name": "eventname",
        "nullable": 1,
        "precision": 200,
        "scale": 0,
        "typeName": "varchar",
    }
    assert moment == {
        **shared,
        "isCaseSensitive": False,
        "isSigned": False,
        "label": "starttime",
        "name": "starttime",
        "nullable": 1,
        "precision": 29,
        "scale": 6,
        "typeName": "timestamp",
    }


def test_a_computed_column_is_of_no_table(warehouse: Warehouse) -> None:
    # Printed in the guide for SELECT 1.
    assert columns_of(warehouse, "SELECT 1") == [
        {
            "isCaseSensitive": False,
            "isCurrency": False,
            "isSigned": True,
            "label": "?column?",
            "name": "?column?",
            "nullable": 1,
            "precision": 10,
            "scale": 0,
            "schemaName": "",
            "tableName": "",
            "typeName": "int4",
            "length": 0,
        }
    ]


def test_databases_are_listed(warehouse: Warehouse) -> None:
    assert warehouse.client.list_databases(**warehouse.where)["Databases"] == ["dev"]


def test_schemas_are_listed_by_pattern(warehouse: Warehouse) -> None:
    client = warehouse.client
    expected = ["information_schema", "pg_catalog", "pg_internal", "public"]
    assert set(expected) <= set(client.list_schemas(**warehouse.where)["Schemas"])
    found = client.list_schemas(**warehouse.where, SchemaPattern="pg\\_%")["Schemas"]
    assert "public" not in found
    assert client.list_schemas(**warehouse.where, SchemaPattern="publi_")["Schemas"] == ["public"]


def test_tables_are_listed_by_patterns(warehouse: Warehouse) -> None:
    assert tables(warehouse, SchemaPattern="public") == ["event", "event_old", "eventful"]
    assert tables(warehouse, TablePattern="event") == ["event"]
    assert tables(warehouse, TablePattern="event____") == ["event_old"]
    assert tables(warehouse, SchemaPattern="p%c", TablePattern="%ful") == ["eventful"]
    assert tables(warehouse, SchemaPattern="PUBLIC") == []
    assert {"event", "svv_columns"} <= set(tables(warehouse))


def test_a_table_is_listed_with_its_schema_and_kind(warehouse: Warehouse) -> None:
    found = warehouse.client.list_tables(**warehouse.where, TablePattern="event")["Tables"]
    assert found == [{"name": "event", "schema": "public", "type": "TABLE"}]
    system = warehouse.client.list_tables(**warehouse.where, TablePattern="svv_columns")["Tables"]
    assert system[0]["type"] == "SYSTEM TABLE"


def test_lists_come_in_pages(warehouse: Warehouse) -> None:
    pages = warehouse.client.get_paginator("list_tables").paginate(
        **warehouse.where, SchemaPattern="public", PaginationConfig={"PageSize": 2}
    )
    assert [len(page["Tables"]) for page in pages] == [2, 1]


def test_a_table_is_described_by_its_columns(warehouse: Warehouse) -> None:
    told = warehouse.client.describe_table(**warehouse.where, Schema="public", Table="event")
    assert told["TableName"] == "event"
    shown = [
        (c["name"], c["typeName"], c["precision"], c["scale"], c["nullable"])
        for c in told["ColumnList"]
    ]
    assert shown == [
        ("eventid", "int4", 10, 0, 0),
        ("venueid", "int2", 5, 0, 0),
        ("eventname", "varchar", 200, 0, 1),
        ("starttime", "timestamp", 29, 6, 1),
        ("price", "numeric", 8, 2, 1),
        ("code", "bpchar", 3, 0, 1),
    ]
    assert {(c["schemaName"], c["tableName"]) for c in told["ColumnList"]} == {("public", "event")}


def test_a_description_without_a_table_is_of_all(warehouse: Warehouse) -> None:
    pages = warehouse.client.get_paginator("describe_table").paginate(
        **warehouse.where, Schema="public", PaginationConfig={"PageSize": 5}
    )
    named = [(c["tableName"], c["name"]) for page in pages for c in page["ColumnList"]]
    assert len(named) == 8
    assert named[-1] == ("eventful", "eventid")


def test_a_table_that_is_not_there_has_no_columns(warehouse: Warehouse) -> None:
    told = warehouse.client.describe_table(**warehouse.where, Table="nothing")
    assert told["ColumnList"] == []


def test_temporary_tables_are_their_session_s(warehouse: Warehouse) -> None:
    warehouse.client.execute_statement(
        Sql="CREATE TEMP TABLE hidden (n INT)",
        SessionKeepAliveSeconds=60,
        WaitTimeSeconds=30,
        **warehouse.where,
    )
    assert tables(warehouse, TablePattern="hidden") == []


@pytest.mark.parametrize(
    "members",
    [
        {"Database": "dev"},
        {"Database": "dev", "WorkgroupName": "some-group", "ClusterIdentifier": "cluster"},
        {"Database": "other", "WorkgroupName": "some-group", "ConnectedDatabase": "dev"},
        {"Database": "dev", "WorkgroupName": "some-group", "NextToken": "what"},
    ],
)
def test_what_cannot_be_listed_is_refused(warehouse: Warehouse, members: dict[str, str]) -> None:
    for list_them in (warehouse.client.list_tables, warehouse.client.list_schemas):
        with pytest.raises(ClientError) as raised:
            list_them(**members)
        assert raised.value.response["Error"]["Code"] == "ValidationException"
