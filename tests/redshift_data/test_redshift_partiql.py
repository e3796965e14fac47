import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from local.redshift_data.catalog import Catalog, Column, Table
from local.redshift_data.dialect.gate import translate
from local.redshift_data.dialect.macros import MACROS
from local.redshift_data.dialect.plans import Select
from local.redshift_data.dialect.types import INT4, SUPER
from local.redshift_data.testing import Warehouse, running

CARTS = (
    (1, '[{"name": "a", "tags": ["x", "y"], "price": 2.50}, {"name": "b", "tags": []}]'),
    (2, "[]"),
    (3, None),
)
EVENTS = 10_000
BYTES_OF_AN_EVENT = 3_000
MEMORY = "2GB"
"""A lateral join of the one document with its elements would take 300 GB."""


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        rows = ", ".join(f"({k}, {_json(items)})" for k, items in CARTS)
        warehouse.execute("CREATE TABLE carts (id INT, items SUPER)")
        warehouse.execute(f"INSERT INTO carts VALUES {rows}")
        yield warehouse


def _json(items: str | None) -> str:
    return f"JSON_PARSE('{items}')" if items else "NULL"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT id, i.name FROM carts c, c.items i", [[1, '"a"'], [1, '"b"']]),
        ("SELECT id, n FROM carts c, c.items AS i AT n", [[1, 0], [1, 1]]),
        ("SELECT n, t FROM carts c, c.items[0].tags AS t AT n", [[0, '"x"'], [1, '"y"']]),
        ("SELECT i.name, t FROM carts c, c.items i, i.tags t", [['"a"', '"x"'], ['"a"', '"y"']]),
        ("SELECT id FROM carts c LEFT JOIN c.items i ON TRUE", [[1], [1], [2], [3]]),
        ("SELECT i.name FROM carts c JOIN c.items i ON i.price > 2", [['"a"']]),
        ("SELECT i.name FROM carts c CROSS JOIN c.items i WHERE i.price IS NULL", [['"b"']]),
        (
            "SELECT k, v FROM carts c, UNPIVOT c.items[0] AS v AT k WHERE k <> 'tags'",
            [["name", '"a"'], ["price", "2.50"]],
        ),
        ("SELECT p.v FROM carts c, UNNEST(c.items[0].tags) AS p(v)", [['"x"'], ['"y"']]),
        (
            "SELECT id, (SELECT COUNT(*) FROM c.items e WHERE e.price > 1) FROM carts c",
            [[1, 1], [2, 0], [3, 0]],
        ),
        ("SELECT a.id, b.id FROM carts a, a.items i, carts b WHERE b.id = 3", [[1, 3], [1, 3]]),
        (
            "WITH w AS (SELECT items AS l FROM carts) SELECT e.name FROM w, w.l e",
            [['"a"'], ['"b"']],
        ),
        ("SELECT * FROM (SELECT id, i.name FROM carts c, c.items i) s", [[1, '"a"'], [1, '"b"']]),
        ("SELECT c.id, i.tags FROM carts c, c.items i", [[1, '["x","y"]'], [1, "[]"]]),
        ("SELECT id, COUNT(i), SUM(i.price) FROM carts c, c.items i GROUP BY id", [[1, 2, "2.50"]]),
        (
            "SELECT i.name, COUNT(*) FROM carts c, c.items i GROUP BY i.name ORDER BY i.name DESC",
            [['"b"', 1], ['"a"', 1]],
        ),
        ("SELECT COUNT(DISTINCT i.name) FROM carts c, c.items i", [[2]]),
        (
            "SELECT items[0].name FROM (SELECT ARRAY(OBJECT('name', 1)) AS items, 2 AS name) items",
            [["1"]],
        ),
    ],
)
def test_from_iterates(warehouse: Warehouse, sql: str, rows: list[Any]) -> None:
    assert warehouse.rows(sql) == rows


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT e FROM JSON_PARSE('[1]') e", "not emulated locally: FROM item"),
        ("SELECT e FROM carts c, c.items[0].name e", "not emulated locally: unnesting a SUPER"),
        ("SELECT v FROM carts c, UNPIVOT c.items AS v", "not emulated locally: unpivoting"),
        ("SELECT e FROM carts c, c.id e", "integer cannot be unnested"),
        ("SELECT e FROM carts c, c.nope e", 'column "c.nope" does not exist'),
        ("SELECT e FROM carts c, c.items", "not emulated locally: unnesting without an alias"),
        ("SELECT e FROM carts c, c.items[id] e", "not emulated locally: an array index"),
        ("SELECT e FROM carts c LEFT JOIN c.items e ON c.id = 1", "not emulated locally: LEFT"),
        ("SELECT e FROM carts c RIGHT JOIN c.items e ON TRUE", "SUPER is not supported in right"),
        ("SELECT e FROM carts c, c.items e, c.items e", 'table name "e of" specified more than'),
        ("SELECT e FROM carts c, UNNEST(c.items) AS e", "syntax error"),
        ("SELECT id FROM carts GROUP BY ROLLUP (items)", "not emulated locally: "),
    ],
)
def test_what_cannot_be_iterated_is_refused(warehouse: Warehouse, sql: str, error: str) -> None:
    assert warehouse.error(sql).startswith(f"ERROR: {error}")


def test_views_can_unnest(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE VIEW cart_names AS SELECT c.id, i.name FROM carts c, c.items i")
    assert warehouse.rows("SELECT * FROM cart_names") == [[1, '"a"'], [1, '"b"']]
    warehouse.execute(
        "CREATE MATERIALIZED VIEW shredded AS (SELECT c.id, i.name::VARCHAR(8) AS name, i.price, at_ "
        "FROM carts c, c.items i AT at_)"
    )
    rows = warehouse.rows(
        "SELECT c.id, v.price FROM carts c JOIN shredded v USING (id) WHERE at_ = 0"
    )
    assert rows == [[1, "2.50"]]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT COUNT(*), SUM(e.n::INT) FROM batches b, b.data AS e", (10_000, 49_995_000)),
        ("SELECT COUNT(*), MAX(b.k) FROM batches b, b.data AS e AT i WHERE i > 9", (9_990, 7)),
        ("SELECT COUNT(*), MAX(g::INT) FROM batches b, b.data AS e, e.tags g", (20_000, 2)),
    ],
)
def test_the_memory_of_unnesting_does_not_grow_with_the_elements(
    sql: str, expected: tuple[int, ...]
) -> None:
    table = Table("batches", (Column("k", INT4), Column("data", SUPER)))
    plan, _ = translate(sql, Catalog({("public", "batches"): table}))
    assert isinstance(plan, Select)
    padding = "x" * BYTES_OF_AN_EVENT
    document = json.dumps([{"n": n, "tags": [1, 2], "p": padding} for n in range(EVENTS)])
    with duckdb.connect(config={"threads": 2}) as connection:
        for macro in MACROS:
            connection.execute(macro)
        connection.execute("CREATE SCHEMA IF NOT EXISTS public")
        connection.execute(f"CREATE TABLE {table.sql} (k INTEGER, data JSON)")
        connection.execute(f"INSERT INTO {table.sql} VALUES (7, ?)", [document])
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute("SET temp_directory = ''")
        assert connection.execute(plan.bound.sql).fetchone() == expected
