"""Aggregates have Redshift's result types, and refuse what they would only approximate."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.redshift_data.testing import Warehouse, running


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        warehouse.execute(
            "CREATE TABLE facts (kind VARCHAR(9), n INT, m DECIMAL(5,2), day DATE, at TIMESTAMP)"
        )
        warehouse.execute(
            "INSERT INTO facts VALUES ('a', 1, 2.50, '2026-01-01', '2026-01-01 00:00:00'), "
            "('a ', 2, 3.75, '2026-01-03', '2026-01-01 00:00:01'), ('b', NULL, 1.90, NULL, NULL)"
        )
        yield warehouse


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("AVG(n)", 1),
        ("AVG(m)", "2.71"),
        ("AVG(DISTINCT m)", "2.71"),
        ("MEDIAN(n)", "1.5"),
        ("MEDIAN(day)", "2026-01-02"),
        ("MEDIAN(at)", "2026-01-01 00:00:00.5"),
        ("MEDIAN(m::FLOAT8)", 2.5),
        ("PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY m)", "2.20"),
        ("PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY n DESC)", "1.75"),
        ("LISTAGG(DISTINCT kind, ',') WITHIN GROUP (ORDER BY m)", "b,a"),
        ("LISTAGG(n, '''') WITHIN GROUP (ORDER BY n)", "1'2"),
        ("COUNT(DISTINCT day)", 2),
        ("STDDEV_POP(n)", 0.5),
        ("BOOL_AND(n = 1)", False),
        ("SUM(NULL::INT)", None),
    ],
)
def test_an_aggregate_of_a_table(warehouse: Warehouse, expression: str, value: Any) -> None:
    assert warehouse.value(f"SELECT {expression} FROM facts") == value


def test_aggregates_of_no_rows_are_null_and_counts_are_zero(warehouse: Warehouse) -> None:
    calls = "SUM(m), AVG(m), AVG(n), MEDIAN(n), LISTAGG(kind), STDDEV(n), BIT_OR(n), COUNT(n)"
    (row,) = warehouse.rows(f"SELECT {calls} FROM facts WHERE FALSE")
    assert row == [None] * 7 + [0]


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("APPROXIMATE COUNT(DISTINCT n)", "APPROXIMATE COUNT"),
        ("COUNT(*) FILTER (WHERE n > 1)", "FILTER"),
        ("ANY_VALUE(n) OVER ()", "ANY_VALUE over a window"),
        ("BIT_AND(m)", "BIT_AND"),
        ("MEDIAN(CASE WHEN n = 1 THEN day ELSE day - 1 END)", "percentile"),
    ],
)
def test_what_would_be_a_guess_is_refused(warehouse: Warehouse, expression: str, what: str) -> None:
    error = warehouse.error(f"SELECT {expression} FROM facts")
    assert error.startswith("ERROR: not emulated locally")
    assert what.lower() in error.lower()


def test_a_nested_aggregate_is_refused(warehouse: Warehouse) -> None:
    error = warehouse.error("SELECT MAX(SUM(n)) FROM facts")
    assert error == "ERROR: aggregate function calls may not be nested"


def test_an_aggregate_of_a_subquery_s_aggregate_is_none_inside_another(
    warehouse: Warehouse,
) -> None:
    sql = "SELECT MAX(n + (SELECT COUNT(*) FROM facts)) FROM facts"
    assert warehouse.value(sql) == 5
