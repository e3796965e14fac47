"""Views follow their tables as far as they are bound, and materialised ones when refreshed."""

from collections.abc import Iterator

import pytest

from local.redshift_data.testing import Warehouse, running


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        yield warehouse


def done(warehouse: Warehouse, *statements: str) -> None:
    for sql in statements:
        described = warehouse.execute(sql)
        assert described["Status"] == "FINISHED", described["Error"]


def test_a_bound_view_keeps_its_columns(warehouse: Warehouse) -> None:
    done(
        warehouse,
        "CREATE TABLE bound_base (a INT, b INT)",
        "INSERT INTO bound_base VALUES (1, 2)",
        "CREATE VIEW bound AS SELECT * FROM bound_base",
        "ALTER TABLE bound_base ADD COLUMN c INT DEFAULT 3",
        "ALTER TABLE bound_base DROP COLUMN c",
    )
    assert warehouse.rows("SELECT * FROM bound") == [[1, 2]]
    error = warehouse.error("ALTER TABLE bound_base DROP COLUMN b")
    assert error == (
        "ERROR: cannot drop table bound_base column b because other objects depend on it"
    )
    renamed = warehouse.error("ALTER TABLE bound_base RENAME COLUMN b TO z")
    assert renamed.startswith("ERROR: not emulated locally")


def test_a_late_binding_view_is_compiled_at_each_read(warehouse: Warehouse) -> None:
    done(
        warehouse,
        "CREATE VIEW late (x) AS SELECT * FROM public.late_base WITH NO SCHEMA BINDING",
        "CREATE TABLE late_base (a INT)",
        "INSERT INTO late_base VALUES (1)",
    )
    assert warehouse.rows("SELECT x FROM late") == [[1]]
    done(warehouse, "DROP TABLE late_base", "CREATE TABLE late_base (a VARCHAR(3), b INT)")
    done(warehouse, "INSERT INTO late_base VALUES ('new', 2)")
    assert warehouse.rows("SELECT * FROM late") == [["new", 2]]
    done(warehouse, "DROP TABLE late_base")
    assert warehouse.error("SELECT * FROM late") == 'ERROR: relation "late_base" does not exist'
    assert warehouse.rows("SELECT column_name FROM svv_columns WHERE table_name = 'late'") == []


def test_a_late_binding_view_of_itself_is_refused(warehouse: Warehouse) -> None:
    done(
        warehouse,
        "CREATE VIEW circle AS SELECT 1 AS n WITH NO SCHEMA BINDING",
        "CREATE OR REPLACE VIEW circle AS SELECT n FROM public.circle WITH NO SCHEMA BINDING",
    )
    assert "infinite recursion" in warehouse.error("SELECT * FROM circle")


def test_late_binding_views_can_show_the_catalog(warehouse: Warehouse) -> None:
    for number in range(3):
        done(
            warehouse,
            f"CREATE VIEW shown_{number} AS SELECT table_name, column_name "
            "FROM pg_catalog.svv_columns WITH NO SCHEMA BINDING",
        )
    for source in ("svv_columns", "shown_1"):
        columns = warehouse.rows(f"SELECT column_name FROM {source} WHERE table_name = 'shown_0'")
        assert sorted(columns) == [["column_name"], ["table_name"]]


def test_a_bound_view_keeps_the_definition_of_a_late_one(warehouse: Warehouse) -> None:
    done(
        warehouse,
        "CREATE TABLE inlined_base (n INT)",
        "INSERT INTO inlined_base VALUES (1)",
        "CREATE VIEW inlined_late AS SELECT n FROM public.inlined_base WITH NO SCHEMA BINDING",
        "CREATE VIEW inlined AS SELECT n FROM inlined_late",
        "CREATE OR REPLACE VIEW inlined_late AS "
        "SELECT n + 1 AS n FROM public.inlined_base WITH NO SCHEMA BINDING",
    )
    assert warehouse.rows("SELECT l.n, i.n FROM inlined_late l, inlined i") == [[2, 1]]
    assert "depend on it" in warehouse.error("DROP TABLE inlined_base")


def test_a_view_looks_where_it_was_made(warehouse: Warehouse) -> None:
    done(
        warehouse,
        "CREATE SCHEMA looked",
        "CREATE TABLE looked.things (n INT)",
        "CREATE TABLE public.things (n INT)",
        "INSERT INTO looked.things VALUES (2)",
    )
    made = warehouse.batch(
        "SET search_path TO looked, public", "CREATE VIEW public.seen AS SELECT n FROM things"
    )
    assert made["Status"] == "FINISHED"
    assert warehouse.rows("SELECT * FROM seen") == [[2]]
    assert warehouse.execute("DROP TABLE public.things")["Status"] == "FINISHED"
    assert "depend on it" in warehouse.error("DROP TABLE looked.things")


def test_a_materialised_view_is_as_old_as_its_refresh(warehouse: Warehouse) -> None:
    done(
        warehouse,
        "CREATE TABLE mv_base (n INT)",
        "CREATE MATERIALIZED VIEW mv AS SELECT n FROM mv_base",
        "CREATE MATERIALIZED VIEW mv_sum AS SELECT SUM(n) AS total FROM mv",
        "INSERT INTO mv_base VALUES (1), (2)",
        "ALTER TABLE mv_base ADD COLUMN later INT",
        "REFRESH MATERIALIZED VIEW mv",
    )
    assert warehouse.rows("SELECT COUNT(*), MAX(total) FROM mv, mv_sum") == [[2, None]]
    done(warehouse, "REFRESH MATERIALIZED VIEW mv CASCADE")
    assert warehouse.value("SELECT total FROM mv_sum") == 3


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE {0} DROP COLUMN unused",
        "ALTER TABLE {0} RENAME COLUMN unused TO other",
        "ALTER TABLE {0} RENAME TO {0}_renamed",
    ],
)
def test_a_changed_base_cannot_be_refreshed_from(warehouse: Warehouse, change: str) -> None:
    base = f"changed_{abs(hash(change))}"
    done(
        warehouse,
        f"CREATE TABLE {base} (n INT, unused INT)",
        f"INSERT INTO {base} VALUES (1, 2)",
        f"CREATE MATERIALIZED VIEW {base}_mv AS SELECT n FROM {base}",
        change.format(base),
    )
    assert "cannot be refreshed" in warehouse.error(f"REFRESH MATERIALIZED VIEW {base}_mv")
    assert warehouse.rows(f"SELECT * FROM {base}_mv") == [[1]]


def test_a_refresh_beside_other_statements_is_refused(warehouse: Warehouse) -> None:
    done(warehouse, "CREATE TABLE b (n INT)", "CREATE MATERIALIZED VIEW m AS SELECT n FROM b")
    error = warehouse.error("INSERT INTO b VALUES (1)", "REFRESH MATERIALIZED VIEW m")
    assert "not emulated locally" in error
