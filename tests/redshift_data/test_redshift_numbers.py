"""Numbers keep their documented types and every digit."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.redshift_data.testing import Warehouse, running


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        warehouse.execute(
            "CREATE TABLE amounts (price DECIMAL(8,2), rate DECIMAL(8,4), n SMALLINT, f FLOAT8)"
        )
        warehouse.execute("INSERT INTO amounts VALUES (10.00, 1.2356, 3, 2.5), (-0.05, 2.5, 4, 1)")
        yield warehouse


def described(warehouse: Warehouse, expression: str) -> tuple[str, int, int]:
    """Return the type of an expression over the table as the API describes it."""
    statement = warehouse.execute(f"SELECT {expression} FROM amounts")
    assert statement["Status"] == "FINISHED", statement["Error"]
    metadata = warehouse.client.get_statement_result(Id=statement["Id"])["ColumnMetadata"][0]
    return metadata["typeName"], metadata["precision"], metadata["scale"]


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ("price + rate", ("numeric", 11, 4)),
        ("price * rate", ("numeric", 17, 6)),
        ("price / price", ("numeric", 17, 9)),
        ("price / n", ("numeric", 14, 8)),
        ("SUM(price) / SUM(price)", ("numeric", 38, 4)),
        ("SUM(price)", ("numeric", 38, 2)),
        ("AVG(rate)", ("numeric", 38, 4)),
        ("SIGN(price)", ("numeric", 1, 0)),
        ("COALESCE(price, rate)", ("numeric", 10, 4)),
        ("COALESCE(rate, 1::BIGINT)", ("numeric", 19, 4)),
        ("price::DECIMAL(30,2) + 1", ("numeric", 31, 2)),
    ],
)
def test_a_decimal_has_the_documented_precision_and_scale(
    warehouse: Warehouse, expression: str, type_: tuple[str, int, int]
) -> None:
    assert described(warehouse, expression) == type_


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("n + n", "int2"),
        ("n + 1", "int4"),
        ("n * 1::BIGINT", "int8"),
        ("n / f", "float8"),
        ("price * f", "float8"),
        ("n::REAL * n::REAL", "float4"),
        ("CEIL(n)", "int2"),
        ("SUM(n)", "int8"),
        ("-2147483648", "int4"),
        ("MOD(n::BIGINT, 5)", "int4"),
    ],
)
def test_arithmetic_has_the_documented_type(
    warehouse: Warehouse, expression: str, name: str
) -> None:
    assert described(warehouse, expression)[0] == name


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 / 3.0", "0.3333"),
        ("-2.0 / 3", "-0.666666666666"),
        ("0.1 + 0.2", "0.3"),
        ("99999999999999999999::DECIMAL(38,0) / 3", "33333333333333333333.0000"),
        ("5 / (2.0 / (3.0 / (4.0 / 5.0)))", "9.375000"),
        ("-(-0.05)", "0.05"),
        ("1.5 % 1", "0.5"),
        ("NULL / 2.5", None),
        ("-9223372036854775808", -9223372036854775808),
        ("ROUND(2.7::FLOAT8)", 3.0),
        ("ROUND(-12.3456::FLOAT8, 2)", -12.35),
        ("TRUNC(12.3456::FLOAT8, 2)", 12.34),
        ("1e5::FLOAT8", 100000.0),
        ("9223372036854775807::DECIMAL(19,0)", "9223372036854775807"),
    ],
)
def test_no_digit_is_lost(warehouse: Warehouse, expression: str, value: Any) -> None:
    assert warehouse.value(f"SELECT {expression}") == value


def test_a_cast_of_a_column_is_certain_or_refused(warehouse: Warehouse) -> None:
    assert warehouse.value("SELECT MAX(price::INT) FROM amounts WHERE n = 3") == 10
    refusal = warehouse.error("SELECT rate::DECIMAL(8,2) FROM amounts WHERE n = 3")
    assert "not emulated locally: a cast of a column that loses digits" in refusal
    assert warehouse.value("SELECT ROUND(rate, 2) FROM amounts WHERE n = 3") == "1.24"


def test_text_beside_a_decimal_keeps_its_digits_or_is_refused(warehouse: Warehouse) -> None:
    counted = "SELECT COUNT(*) FROM amounts WHERE price = :price"
    assert warehouse.value(counted, price="10.000") == 1
    assert "more decimal places than the NUMERIC" in warehouse.error(counted, price="10.005")


def test_a_quotient_of_38_digits_is_exact(warehouse: Warehouse) -> None:
    wide = "SELECT 99999999999999999999999999999999999999::DECIMAL(38,0) / 7::DECIMAL(38,0)"
    assert warehouse.value("SELECT 123456789.12::DECIMAL(38,2) / 7") == "17636684.1600"
    assert "division with more than 38 digits" in warehouse.error(wide)


@pytest.mark.parametrize(
    "expression",
    [
        "1e5",
        "ROUND(5)",
        "SIGN(5)",
        "ROUND(1.25, 3)",
        "ROUND(2.5::FLOAT8)",
        "@ -5",
        "2.5::FLOAT8 % 2",
    ],
)
def test_what_is_not_documented_is_refused(warehouse: Warehouse, expression: str) -> None:
    assert warehouse.error(f"SELECT {expression}").startswith("ERROR: ")


def test_names_of_tables_do_not_reach_into_functions(warehouse: Warehouse) -> None:
    sql = "SELECT a / b, SQRT(x) FROM (SELECT 1.0 AS a, 3 AS b, 16 AS x) rs_v"
    assert warehouse.rows(sql) == [["0.333333333333", 4.0]]
