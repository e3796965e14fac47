"""MERGE where the guide's examples do not reach."""

from collections.abc import Iterator

import pytest

from local.redshift_data.testing import Warehouse, running

CLAUSES = (
    "WHEN MATCHED THEN UPDATE SET name = s.name "
    "WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, {name})"
)


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        warehouse.execute("CREATE TABLE t (id INT, name VARCHAR(8) DEFAULT 'none')")
        warehouse.execute("CREATE TABLE u (id INT, name VARCHAR(8))")
        warehouse.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
        warehouse.execute("INSERT INTO u VALUES (2, 'x'), (3, 'y')")
        yield warehouse


def rows(warehouse: Warehouse) -> list[list[object]]:
    return warehouse.rows("SELECT * FROM t ORDER BY id")


def test_a_row_that_matches_nothing_can_take_a_default(warehouse: Warehouse) -> None:
    warehouse.execute(f"MERGE INTO t USING u s ON t.id = s.id {CLAUSES.format(name='DEFAULT')}")
    assert rows(warehouse) == [[1, "a"], [2, "x"], [3, "none"]]


def test_a_parameter_goes_into_the_source(warehouse: Warehouse) -> None:
    sql = (
        "MERGE INTO t USING (SELECT id, name FROM u WHERE id = :wanted::INT) s ON t.id = s.id "
        + CLAUSES.format(name="s.name")
    )
    described = warehouse.execute(sql, Parameters=[{"name": "wanted", "value": "3"}])
    assert (described["Status"], described["ResultRows"]) == ("FINISHED", 1)
    assert rows(warehouse) == [[1, "a"], [2, "b"], [3, "y"]]


def test_duplicates_are_removed_where_they_match(warehouse: Warehouse) -> None:
    warehouse.execute("INSERT INTO t VALUES (2, 'c'), (1, 'd')")
    described = warehouse.execute("MERGE INTO t USING u s ON t.id = s.id REMOVE DUPLICATES")
    assert described["ResultRows"] == 2
    assert sorted(map(tuple, rows(warehouse))) == [(1, "a"), (1, "d"), (2, "x"), (3, "y")]


def test_removing_duplicates_needs_as_many_columns(warehouse: Warehouse) -> None:
    sql = "MERGE INTO t USING (SELECT id FROM u) s ON t.id = s.id REMOVE DUPLICATES"
    assert "as many columns" in warehouse.error(sql)


def test_removing_duplicates_takes_a_parameter(warehouse: Warehouse) -> None:
    sql = (
        "MERGE INTO t USING (SELECT id, name FROM u WHERE id < :bound::INT) s "
        "ON t.id = s.id REMOVE DUPLICATES"
    )
    warehouse.execute(sql, Parameters=[{"name": "bound", "value": "3"}])
    assert rows(warehouse) == [[1, "a"], [2, "x"]]


@pytest.mark.parametrize("condition", ["t.id = 2", "t.id > s.id", "s.id = s.id"])
def test_a_condition_must_equate_both_tables(warehouse: Warehouse, condition: str) -> None:
    sql = f"MERGE INTO t USING u s ON {condition} {CLAUSES.format(name='s.name')}"
    assert "not emulated locally: a MERGE condition" in warehouse.error(sql)


def test_a_view_of_the_target_is_no_source(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE VIEW v AS SELECT id, name FROM t")
    sql = f"MERGE INTO t USING v s ON t.id = s.id {CLAUSES.format(name='s.name')}"
    assert "cannot reference target table" in warehouse.error(sql)
