"""Window functions follow the guide's rules of frames and types."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.redshift_data.testing import Warehouse, running


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        warehouse.execute("CREATE TABLE t (k INT, n INT, big BIGINT)")
        warehouse.execute("INSERT INTO t VALUES (1, 10, 1), (2, NULL, 2), (3, 30, 3), (4, 40, 4)")
        yield warehouse


def over(warehouse: Warehouse, call: str) -> list[Any]:
    """Return a window function's values in order of the key."""
    return [value for _, value in warehouse.rows(f"SELECT k, {call} FROM t ORDER BY k")]


@pytest.mark.parametrize(
    ("call", "values"),
    [
        ("SUM(n) OVER (ORDER BY k ROWS 1 PRECEDING)", [10, 10, 30, 70]),
        ("SUM(n) OVER (ORDER BY k ROWS UNBOUNDED FOLLOWING)", [80, 70, 70, 40]),
        ("SUM(n) OVER (ORDER BY k ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)", [10, 30, 70, 40]),
        ("COUNT(*) OVER ()", [4, 4, 4, 4]),
        ("LAG(n) IGNORE NULLS OVER (ORDER BY k)", [None, 10, 10, 30]),
        ("LEAD(n, 2) OVER (ORDER BY k)", [30, 40, None, None]),
        ("LEAD(n, k - 1) OVER (ORDER BY k)", [10, 30, None, None]),
        ("LAST_VALUE(n) OVER (ORDER BY k ROWS UNBOUNDED PRECEDING)", [10, None, 30, 40]),
        ("NTILE(2) OVER (ORDER BY k DESC)", [2, 2, 1, 1]),
        ("AVG(big) OVER ()", ["2", "2", "2", "2"]),
        ("MEDIAN(n) OVER ()", ["30.0", "30.0", "30.0", "30.0"]),
        ("LISTAGG(k, '-') WITHIN GROUP (ORDER BY k DESC) OVER ()", ["4-3-2-1"] * 4),
    ],
)
def test_a_window_function_sees_its_frame(
    warehouse: Warehouse, call: str, values: list[Any]
) -> None:
    assert over(warehouse, call) == values


@pytest.mark.parametrize(
    ("call", "type_name"),
    [
        ("RANK() OVER (ORDER BY k)", "int4"),
        ("DENSE_RANK() OVER (ORDER BY k)", "int8"),
        ("ROW_NUMBER() OVER (ORDER BY k)", "int8"),
        ("SUM(n) OVER ()", "int8"),
        ("SUM(big) OVER ()", "numeric"),
        ("PERCENT_RANK() OVER (ORDER BY k)", "float8"),
    ],
)
def test_a_window_function_has_the_documented_type(
    warehouse: Warehouse, call: str, type_name: str
) -> None:
    statement = warehouse.execute(f"SELECT {call} FROM t")
    metadata = warehouse.client.get_statement_result(Id=statement["Id"])["ColumnMetadata"]
    assert metadata[0]["typeName"] == type_name


@pytest.mark.parametrize(
    "call",
    [
        "SUM(n) OVER (ORDER BY k RANGE UNBOUNDED PRECEDING)",
        "SUM(n) OVER (ORDER BY k ROWS BETWEEN CURRENT ROW AND 2 PRECEDING)",
        "FIRST_VALUE(n) OVER (ORDER BY k)",
        "LISTAGG(k) WITHIN GROUP (ORDER BY k) OVER (ORDER BY k)",
        "SUM(n) IGNORE NULLS OVER ()",
        "LAG(n, 1, 0) OVER (ORDER BY k)",
        "PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY n)",
    ],
)
def test_what_redshift_has_no_form_for_is_refused(warehouse: Warehouse, call: str) -> None:
    error = warehouse.error(f"SELECT {call} FROM t")
    assert error.startswith("ERROR: ")
    assert "not emulated locally" not in error
