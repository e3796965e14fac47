"""Names mean in a query what they mean on Redshift, and columns know where they come from."""

from collections.abc import Iterator

import pytest

from local.redshift_data.catalog import Catalog, Column, Origin, Table
from local.redshift_data.dialect.gate import translate
from local.redshift_data.dialect.plans import Select
from local.redshift_data.dialect.types import INT4
from local.redshift_data.testing import Warehouse, running

KEY = Origin("public", "t", "k", not_null=True)
VALUE = Origin("public", "t", "v")


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        yield warehouse


def origins(sql: str) -> list[Origin | None]:
    """Return where a query's result columns come from."""
    table = Table("t", (Column("k", INT4, not_null=True), Column("v", INT4)))
    plan, _ = translate(sql, Catalog().with_table(table))
    assert isinstance(plan, Select)
    return [column.origin for column in plan.columns]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT k, v FROM t", [KEY, VALUE]),
        ("SELECT * FROM t x", [KEY, VALUE]),
        ("SELECT (k) AS a, v AS b FROM t", [KEY, VALUE]),
        ("SELECT s.a FROM (SELECT k AS a FROM t) s", [KEY]),
        ("WITH w(a) AS (SELECT k FROM t) SELECT a FROM w", [KEY]),
        ("SELECT a.k FROM t a LEFT JOIN t b USING (k)", [KEY]),
        ("SELECT k FROM t a JOIN t b USING (k)", [KEY]),
        ("SELECT k, COUNT(*) FROM t GROUP BY k", [KEY, None]),
        ("SELECT k + 0, k::BIGINT, COALESCE(k, 1) FROM t", [None, None, None]),
        ("SELECT k FROM t UNION ALL SELECT k FROM t", [None]),
        ("SELECT k FROM t a FULL JOIN t b USING (k)", [None]),
        ("SELECT 1", [None]),
    ],
)
def test_a_plain_column_knows_its_table(sql: str, expected: list[Origin | None]) -> None:
    assert origins(sql) == expected


def test_an_origin_is_no_part_of_what_a_column_is() -> None:
    assert Column("k", INT4) == Column("k", INT4, origin=KEY)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT * FROM (SELECT 1 a, 2 k) t JOIN (SELECT 2 k, 3 b) u USING (k)", [[2, 1, 3]]),
        ("SELECT t.* FROM (SELECT 1 a, 2 k) t JOIN (SELECT 2 k) u USING (k)", [[1, 2]]),
        ("SELECT k FROM (SELECT 1 k) t FULL JOIN (SELECT 2 k) u USING (k) ORDER BY 1", [[1], [2]]),
        ("SELECT COUNT(*) FROM (SELECT 1 a) s, (SELECT 1 b) t RIGHT JOIN (SELECT 2 c) u ON b = c", [[1]]),
        ("SELECT COUNT(*) FROM ((SELECT 1 k) a JOIN (SELECT 1 k) b USING (k)) JOIN ((SELECT 1 k) c JOIN (SELECT 1 k) d USING (k)) USING (k)", [[1]]),
        ("SELECT * FROM (SELECT 1 k) a JOIN ((SELECT 1 k, 2 c) b JOIN (SELECT 2 c, 3 d) e USING (c)) USING (k)", [[1, 2, 3]]),
        ("SELECT n = t FROM (SELECT 10 AS n, '10'::VARCHAR(9) AS t) v", [[True]]),
        ("SELECT x FROM (SELECT 1, 2) AS t(x, y)", [[1]]),
        ("SELECT a + 1 AS b, b * 2 AS c FROM (SELECT 1 AS a)", [[2, 4]]),
        ("SELECT a * 2 AS d FROM (SELECT 1 AS a UNION SELECT 5) t WHERE d > 5", [[10]]),
        ("SELECT 1 AS n UNION SELECT 2 UNION ALL SELECT 2 ORDER BY n", [[1], [2], [2]]),
        ("SELECT 3 IN (SELECT 3.0), (1, 2) = (1, 2), TRUE = 1", [[True, True, True]]),
        ("SELECT SUM(a) FROM (SELECT 1 AS a UNION SELECT 2) GROUP BY ()", [[3]]),
        ("SELECT UPPER('a') AS u, COUNT(*) FROM (SELECT 1) t GROUP BY ALL", [["A", 1]]),
        ('SELECT "A" FROM (SELECT 1 AS a) t', [[1]]),
        ("WITH RECURSIVE w(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM w WHERE n < 4) SELECT MAX(n) FROM w", [[4]]),
        ("SELECT n FROM (SELECT 1 AS n UNION SELECT NULL) t ORDER BY n DESC NULLS LAST", [[1], [None]]),
        ("SELECT b.v FROM (SELECT 1 k) a, (SELECT 1 k, 2 v UNION SELECT 3, 4) b WHERE a.k = b.k(+)", [[2]]),
    ],
)  # fmt: skip
def test_a_query_means_what_it_means_on_redshift(
    warehouse: Warehouse, sql: str, rows: list[list[object]]
) -> None:
    assert warehouse.rows(sql) == rows


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT k FROM (SELECT 1 k) t, (SELECT 2 k) u", "ambiguous"),
        ("SELECT * FROM (SELECT 1 a) t, (SELECT 2 b) u JOIN (SELECT 1 c) v ON a = c", '"a"'),
        ("SELECT 1 FROM (SELECT 1 a) t JOIN (SELECT 1 a) t ON TRUE", "more than once"),
        ("SELECT * FROM (SELECT 1 a) t, LATERAL (SELECT a) u", "LATERAL"),
        ("SELECT *", "SELECT *"),
        ("SELECT a FROM (SELECT 1 a) t FETCH FIRST 1 ROWS ONLY", "FETCH FIRST"),
        ("SELECT 1 BETWEEN SYMMETRIC 2 AND 0", "SYMMETRIC"),
        ("SELECT a, b + COUNT(*) FROM (SELECT 1 a, 2 b) t GROUP BY ALL", "GROUP BY ALL"),
        ("SELECT a FROM (SELECT 1 a) t CONNECT BY a = 1", "CONNECT"),
    ],
)
def test_what_has_no_meaning_is_refused(warehouse: Warehouse, sql: str, error: str) -> None:
    assert error in warehouse.error(sql)


def test_a_pivot_of_a_group_without_listed_values_is_refused(warehouse: Warehouse) -> None:
    data = "(SELECT 'a' AS k, 1 AS v UNION SELECT 'b', 2)"
    error = warehouse.error(f"SELECT * FROM {data} PIVOT (COUNT(*) FOR v IN (1))")
    assert "PIVOT of rows with none of the listed values" in error


@pytest.mark.parametrize(
    ("entry", "label"),
    [
        ("CAST(2008 AS CHAR(4))", "bpchar"),
        ("'5'::INT", "int4"),
        ("1 + 1", "?column?"),
        ("(a)", "a"),
        ("a::VARCHAR", "a"),
        ("MAX(a)::INT", "max"),
        ("COUNT(*) OVER ()", "count"),
        ("MEDIAN(a)", "median"),
        ("CASE WHEN TRUE THEN 1 END", "case"),
        ("(SELECT 1)", "?column?"),
    ],
)
def test_an_entry_without_an_alias_has_a_name(warehouse: Warehouse, entry: str, label: str) -> None:
    statement = warehouse.execute(f"SELECT {entry} FROM (SELECT 1 AS a) t GROUP BY a")
    assert statement["Status"] == "FINISHED", statement["Error"]
    result = warehouse.client.get_statement_result(Id=statement["Id"])
    assert result["ColumnMetadata"][0]["label"] == label
