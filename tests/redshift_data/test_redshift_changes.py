"""INSERT, UPDATE and DELETE where the guide's examples do not reach."""

from collections.abc import Iterator

import pytest

from local.redshift_data.testing import Warehouse, running


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        warehouse.execute("CREATE TABLE t (id INT, name VARCHAR(8) DEFAULT 'none', n INT)")
        warehouse.execute("CREATE TABLE u (id INT, name VARCHAR(8))")
        warehouse.execute("INSERT INTO t VALUES (1, 'a', 10), (1, 'b', 20), (2, 'c', 30)")
        warehouse.execute("INSERT INTO u VALUES (1, 'x'), (1, 'y'), (2, 'z'), (2, 'z'), (3, 'w')")
        yield warehouse


def names(warehouse: Warehouse) -> list[str]:
    return [name for (name,) in warehouse.rows("SELECT name FROM t ORDER BY n")]


def test_matches_that_agree_update_a_row_once(warehouse: Warehouse) -> None:
    described = warehouse.execute(
        "UPDATE t SET name = u.name FROM u WHERE t.id = u.id AND u.id = 2"
    )
    assert described["ResultRows"] == 1
    assert names(warehouse) == ["a", "b", "z"]


def test_matches_that_differ_are_refused(warehouse: Warehouse) -> None:
    error = warehouse.error("UPDATE t SET name = u.name FROM u WHERE t.id = u.id")
    assert "several matches that set different values" in error
    assert names(warehouse) == ["a", "b", "c"]


def test_an_update_joins_what_with_names(warehouse: Warehouse) -> None:
    warehouse.execute(
        "WITH best AS (SELECT id, MAX(name) AS name FROM u GROUP BY id) "
        "UPDATE t x SET name = best.name, n = x.n + 1 FROM best WHERE best.id = x.id"
    )
    assert warehouse.rows("SELECT name, n FROM t ORDER BY n") == [["y", 11], ["y", 21], ["z", 31]]


def test_an_update_without_a_join_to_its_target_is_refused(warehouse: Warehouse) -> None:
    error = warehouse.error("UPDATE t SET name = u.name FROM u WHERE u.id = 3")
    assert error == "ERROR: Target table must be part of an equijoin predicate"


def test_default_is_set_in_a_join_too(warehouse: Warehouse) -> None:
    warehouse.execute("UPDATE t SET name = DEFAULT FROM u WHERE u.id = t.id")
    assert names(warehouse) == ["none"] * 3


def test_a_column_called_default_is_read(warehouse: Warehouse) -> None:
    warehouse.execute('CREATE TABLE d ("default" VARCHAR(8))')
    warehouse.execute("INSERT INTO d VALUES ('v')")
    warehouse.execute('UPDATE t SET name = "default" FROM d, u WHERE u.id = t.id')
    assert names(warehouse) == ["v"] * 3


def test_a_delete_joins_several_sources(warehouse: Warehouse) -> None:
    described = warehouse.execute(
        "DELETE FROM t USING u, (SELECT 'z' AS wanted) s WHERE t.id = u.id AND u.name = s.wanted"
    )
    assert described["ResultRows"] == 1
    assert names(warehouse) == ["a", "b"]


def test_a_renamed_table_can_be_changed(warehouse: Warehouse) -> None:
    warehouse.execute("ALTER TABLE t RENAME TO renamed")
    warehouse.execute(
        "UPDATE renamed SET name = u.name FROM u WHERE u.id = renamed.id AND u.id = 2"
    )
    warehouse.execute("DELETE FROM renamed WHERE renamed.id = 1")
    assert warehouse.rows("SELECT name FROM renamed") == [["z"]]


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("INSERT INTO t (id, id) VALUES (1, 2)", 'column "id" specified more than once'),
        ("UPDATE t SET id = 1, id = 2", "multiple assignments to same column"),
        ("UPDATE t SET name = 'ninechars'", "value too long for type character varying(8)"),
        ("DELETE FROM t AS x", 'syntax error at or near "x"'),
        ("INSERT INTO svv_columns VALUES (1)", "permission denied"),
    ],
)
def test_what_redshift_refuses_is_refused(warehouse: Warehouse, sql: str, error: str) -> None:
    assert error in warehouse.error(sql)
    assert names(warehouse) == ["a", "b", "c"]
