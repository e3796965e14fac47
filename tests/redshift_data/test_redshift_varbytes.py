"""Binary values: how they are stored, compared, converted and shown."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.redshift_data.testing import Warehouse, running


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        warehouse.execute("CREATE TABLE blobs (id INT, b VARBYTE(4))")
        warehouse.execute(
            "INSERT INTO blobs VALUES (1, 'abc'), (2, FROM_HEX('00ff')), (3, 'abc'), (4, NULL)"
        )
        yield warehouse


def test_a_binary_value_comes_as_a_blob(warehouse: Warehouse) -> None:
    described = warehouse.execute("SELECT b FROM blobs WHERE id = 2")
    result = warehouse.client.get_statement_result(Id=described["Id"])
    assert result["Records"] == [[{"blobValue": b"\x00\xff"}]]
    assert result["ColumnMetadata"][0]["typeName"] == "varbyte"


def test_a_binary_value_is_hexadecimal_in_csv(warehouse: Warehouse) -> None:
    described = warehouse.execute("SELECT b FROM blobs WHERE id = 2", ResultFormat="CSV")
    result = warehouse.client.get_statement_result_v2(Id=described["Id"])
    assert result["Records"] == [{"CSVRecords": "b\r\n00ff\r\n"}]


def test_binary_values_group_and_sort_by_their_bytes(warehouse: Warehouse) -> None:
    rows = warehouse.rows("SELECT b, COUNT(*) FROM blobs GROUP BY b ORDER BY b")
    assert rows == [[b"\x00\xff", 1], [b"abc", 2], [None, 1]]
    assert warehouse.rows("SELECT id FROM blobs WHERE b > 'abb' ORDER BY 1") == [[1], [3]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("FROM_HEX('ffffff85')::INT", -123),
        ("FROM_HEX('0005')::SMALLINT", 5),
        ("(-123)::VARBYTE", b"\xff\xff\xff\x85"),
        ("'é'::VARBYTE", "é".encode()),
        ("'é'::VARBYTE::VARCHAR", "é"),
        ("LEN('é'::VARBYTE)", 2),
        ("SUBSTRING('abc'::VARBYTE, 0, 2)", b"a"),
        ("SUBSTRING('abc'::VARBYTE, 9)", b""),
        ("FROM_VARBYTE(FROM_HEX('0f') | FROM_HEX('f0'), 'hex')", "ff"),
        ("FROM_HEX('0f') # FROM_HEX('ff')", b"\xf0"),
        ("TO_VARBYTE('', 'binary')", b""),
        ("GETBIT(FROM_HEX('0100'), 8)", 1),
        ("'a'::VARBYTE || NULL", None),
        ("NVL(NULL::VARBYTE, 'x')", b"x"),
    ],
)
def test_a_binary_expression_has_its_bytes(
    warehouse: Warehouse, expression: str, expected: Any
) -> None:
    assert warehouse.value(f"SELECT {expression}") == expected


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("INSERT INTO blobs VALUES (5, 'abcde')", "value too long for type binary varying(4)"),
        ("INSERT INTO blobs VALUES (5, 5)", "integer where binary varying is expected"),
        ("SELECT GETBIT(FROM_HEX('01'), 8)", "bit index 8 is out of range"),
        ("SELECT 1.5::VARBYTE", "cannot cast type numeric(2,1) to binary varying"),
        ("SELECT FROM_HEX('01')::DATE", "cannot cast type binary varying to date"),
        ("SELECT b || id FROM blobs", "integer where binary varying is expected"),
        ("SELECT CAST('a' AS VARBYTE(16777217))", "length for type varbyte must be between"),
        ("SELECT 'abc'::VARBYTE(2)", "not emulated locally: a binary value cut"),
        ("SELECT FROM_HEX('01')::INT", "not emulated locally: a binary value as an integer"),
        ("SELECT FROM_HEX('01') & FROM_HEX('0101')", "not emulated locally: a bitwise operator"),
    ],
)
def test_a_binary_value_is_not_converted_by_itself(
    warehouse: Warehouse, sql: str, error: str
) -> None:
    assert warehouse.error(sql).startswith(f"ERROR: {error}")
