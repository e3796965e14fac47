"""Schemas, tables, users and privileges: what they are after a change, a rollback and a restart."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from local.redshift_data.testing import Warehouse, running

TABLES = "SELECT table_schema, table_name FROM svv_tables ORDER BY 1, 2"


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        yield warehouse


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as warehouse:
        for sql in (
            "CREATE USER keeper PASSWORD 'abcD1234' CREATEDB",
            "CREATE ROLE reader",
            "CREATE GROUP staff WITH USER keeper",
            "CREATE SCHEMA kept AUTHORIZATION keeper",
            "CREATE TABLE kept.numbers (id INT IDENTITY(10, 5), n INT DEFAULT 3)",
            "ALTER TABLE kept.numbers ALTER DISTKEY n, ALTER SORTKEY (n)",
            "ALTER TABLE kept.numbers ADD UNIQUE (n)",
            "INSERT INTO kept.numbers (n) VALUES (1)",
            "CREATE VIEW bound AS SELECT n FROM kept.numbers",
            "CREATE VIEW late AS SELECT * FROM kept.numbers WITH NO SCHEMA BINDING",
            "CREATE MATERIALIZED VIEW stored AS SELECT n FROM kept.numbers",
            "GRANT SELECT ON kept.numbers TO ROLE reader",
            "COMMENT ON TABLE kept.numbers IS 'numbered'",
            "ALTER TABLE kept.numbers RENAME TO numbered",
            "ALTER SCHEMA kept RENAME TO held",
        ):
            assert warehouse.execute(sql)["Status"] == "FINISHED", sql
        before = _everything(warehouse)
    with running(tmp_path) as warehouse:
        assert _everything(warehouse) == before
        warehouse.execute("INSERT INTO held.numbered (id, n) VALUES (DEFAULT, 2)")
        warehouse.execute("INSERT INTO held.numbered (n) VALUES (2)")
        ids = [row[0] for row in warehouse.rows("SELECT id FROM held.numbered ORDER BY 1")]
        assert (ids[0], len(ids), len(set(ids))) == (10, len(ids), len(ids))
        assert all(number % 5 == 0 for number in ids)
        assert warehouse.value("SELECT COUNT(*) FROM bound") == len(ids)


def _everything(warehouse: Warehouse) -> list[object]:
    return [
        warehouse.rows(f"SELECT * FROM {view}")
        for view in (
            "svv_tables", "svv_redshift_columns", "svv_redshift_schemas", "pg_user_info",
            "svv_roles", "pg_group", "svv_relation_privileges", "svv_mv_info", "svv_table_info",
            "information_schema.table_constraints", "bound", "stored",
        )
    ]  # fmt: skip


def test_a_rollback_forgets_every_definition(warehouse: Warehouse) -> None:
    before = warehouse.rows(TABLES)
    error = warehouse.error(
        "CREATE SCHEMA undone",
        "CREATE TABLE undone.t (id INT IDENTITY(1, 1), n INT)",
        "CREATE VIEW undone_view AS SELECT n FROM undone.t",
        "CREATE MATERIALIZED VIEW undone_mv AS SELECT n FROM undone.t",
        "CREATE USER undone_user PASSWORD DISABLE",
        "ALTER TABLE undone.t RENAME TO u",
        "SELECT 1 / 0",
    )
    assert "division by zero" in error.lower()
    assert warehouse.rows(TABLES) == before
    assert warehouse.error("SELECT * FROM undone.t") == 'ERROR: relation "t" does not exist'
    assert warehouse.rows("SELECT usename FROM pg_user WHERE usename = 'undone_user'") == []
    for sql in ("CREATE SCHEMA undone", "CREATE TABLE undone.t (id INT IDENTITY(1, 1), n INT)"):
        assert warehouse.execute(sql)["Status"] == "FINISHED"


def test_tables_of_one_name_live_in_two_schemas(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE SCHEMA second")
    for schema, n in (("public", 1), ("second", 2)):
        warehouse.execute(f"CREATE TABLE {schema}.same (n INT)")
        warehouse.execute(f"INSERT INTO {schema}.same VALUES ({n})")
    assert warehouse.rows("SELECT * FROM same, second.same s") == [[1, 2]]
    found = warehouse.batch("SET search_path TO second, public", "SELECT n FROM same")
    result = warehouse.client.get_statement_result(Id=found["SubStatements"][-1]["Id"])
    assert result["Records"] == [[{"longValue": 2}]]
    # The setting was the batch's own, and the translation of the same text is not.
    assert warehouse.value("SELECT n FROM same") == 1


def test_a_renamed_table_makes_room_for_another(warehouse: Warehouse) -> None:
    for sql in (
        "CREATE TABLE swap_live (n INT)",
        "CREATE TABLE swap_new (n INT)",
        "INSERT INTO swap_live VALUES (1)",
        "INSERT INTO swap_new VALUES (2)",
        "CREATE VIEW swap_view AS SELECT n FROM swap_live",
    ):
        warehouse.execute(sql)
    swapped = warehouse.batch(
        "ALTER TABLE swap_live RENAME TO swap_old", "ALTER TABLE swap_new RENAME TO swap_live"
    )
    assert swapped["Status"] == "FINISHED"
    assert warehouse.rows("SELECT a.n, b.n FROM swap_live a, swap_old b") == [[2, 1]]
    # A bound view follows the table, not the name.
    assert warehouse.value("SELECT n FROM swap_view") == 1
    assert warehouse.execute("CREATE TABLE swap_new (n INT)")["Status"] == "FINISHED"


def test_a_renamed_identity_column_goes_with_its_table(warehouse: Warehouse) -> None:
    for sql in (
        "CREATE TABLE numbering (id INT IDENTITY(1, 1), n INT)",
        "ALTER TABLE numbering RENAME COLUMN id TO key",
        "ALTER TABLE numbering RENAME TO numbering_2",
        "INSERT INTO numbering_2 (n) VALUES (7)",
        "DROP TABLE numbering_2",
        "CREATE TABLE numbering (id INT IDENTITY(1, 1), n INT)",
    ):
        assert warehouse.execute(sql)["Status"] == "FINISHED", sql


def test_append_moves_the_rows(warehouse: Warehouse) -> None:
    for sql in (
        "CREATE TABLE append_target (a INT, b INT DEFAULT 7)",
        "CREATE TABLE append_source (a INT)",
        "INSERT INTO append_source VALUES (1), (2)",
    ):
        warehouse.execute(sql)
    assert "FILLTARGET" in warehouse.error("ALTER TABLE append_target APPEND FROM append_source")
    warehouse.execute("ALTER TABLE append_target APPEND FROM append_source FILLTARGET")
    assert warehouse.rows("SELECT * FROM append_target ORDER BY a") == [[1, 7], [2, 7]]
    assert warehouse.value("SELECT COUNT(*) FROM append_source") == 0


def test_truncate_commits_what_came_before(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE TABLE truncated (n INT)")
    warehouse.execute("CREATE TABLE kept_by_truncate (n INT)")
    warehouse.execute("INSERT INTO truncated VALUES (1)")
    warehouse.error("INSERT INTO kept_by_truncate VALUES (1)", "TRUNCATE truncated", "SELECT 1 / 0")
    assert warehouse.value("SELECT COUNT(*) FROM truncated") == 0
    assert warehouse.value("SELECT COUNT(*) FROM kept_by_truncate") == 1


def test_a_column_can_be_resized_alone(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE TABLE resized (v VARCHAR(5))")
    warehouse.execute("INSERT INTO resized VALUES ('abcde')")
    shorter = warehouse.error("ALTER TABLE resized ALTER COLUMN v TYPE VARCHAR(4)")
    assert shorter == "ERROR: target column size should be different"
    longer = warehouse.execute("ALTER TABLE resized ALTER COLUMN v TYPE VARCHAR(9)")
    assert longer["Status"] == "FINISHED"
    assert "too long" in warehouse.error("INSERT INTO resized VALUES ('abcdefghij')")


def test_a_required_column_is_added_to_rows(warehouse: Warehouse) -> None:
    for sql in (
        "CREATE TABLE required (n INT)",
        "INSERT INTO required VALUES (1)",
        "ALTER TABLE required ADD COLUMN more INT NOT NULL DEFAULT 7",
        "ALTER TABLE required ADD COLUMN even_more VARCHAR(5) DEFAULT 'x' NOT NULL",
    ):
        assert warehouse.execute(sql)["Status"] == "FINISHED", sql
    assert warehouse.rows("SELECT * FROM required") == [[1, 7, "x"]]
    error = warehouse.error("INSERT INTO required VALUES (1, NULL, 'x')")
    assert error == "ERROR: Cannot insert a NULL value into column more"


def test_long_names_are_cut(warehouse: Warehouse) -> None:
    name = "n" * 130
    warehouse.execute(f"CREATE TABLE {name} (a INT)")
    names = warehouse.rows("SELECT table_name FROM svv_tables WHERE table_name LIKE 'nnn%'")
    assert names == [["n" * 127]]


def test_a_table_has_at_most_1600_columns(warehouse: Warehouse) -> None:
    columns = ", ".join(f"c{n} INT" for n in range(1_601))
    error = warehouse.error(f"CREATE TEMP TABLE wide ({columns})")
    assert error == "ERROR: tables can have at most 1600 columns"


@pytest.mark.parametrize("type_", ["GEOMETRY", "GEOGRAPHY", "HLLSKETCH"])
def test_types_that_are_not_emulated_are_refused(warehouse: Warehouse, type_: str) -> None:
    error = warehouse.error(f"CREATE TEMP TABLE refused (a {type_})")
    assert error.startswith("ERROR: not emulated locally")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE SCHEMA limited QUOTA 50 GB",
        "CREATE TEMP TABLE insensitive (a VARCHAR(5) COLLATE CASE_INSENSITIVE)",
        "CREATE MATERIALIZED VIEW automatic AUTO REFRESH YES AS SELECT 1 AS n",
        "CREATE VIEW of_user AS SELECT CURRENT_USER AS u",
        "CREATE VIEW of_catalog AS SELECT table_name FROM svv_tables",
        "GRANT SELECT (n) ON t TO admin",
        "ALTER USER admin SET search_path TO public",
        "ALTER SCHEMA public RENAME TO other",
    ],
)
def test_what_cannot_be_done_right_is_refused_loudly(warehouse: Warehouse, sql: str) -> None:
    assert warehouse.error(sql).startswith("ERROR: not emulated locally")


def test_a_file_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    with running(tmp_path) as warehouse:
        warehouse.execute("CREATE TABLE facts (n INT NOT NULL)")
        warehouse.execute("INSERT INTO facts VALUES (1)")
    (file,) = tmp_path.glob("**/*.duckdb")
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "DELETE FROM redshift.entries;"
            "CREATE TABLE redshift.columns (table_name VARCHAR, ordinal_position INTEGER,"
            " column_name VARCHAR, type_name VARCHAR, size INTEGER, scale INTEGER,"
            " not_null BOOLEAN, default_sql VARCHAR, data_type VARCHAR);"
            "INSERT INTO redshift.columns"
            " VALUES ('facts', 1, 'n', 'int4', 0, 0, true, NULL, 'integer');"
            "CREATE TABLE redshift.users (usename VARCHAR);"
            "INSERT INTO redshift.users VALUES ('admin'), ('IAMR:loader');"
            "CREATE VIEW redshift.svv_columns AS SELECT 1 AS n;"
            "CREATE VIEW redshift.pg_user AS SELECT 1 AS n"
        )
    with running(tmp_path) as warehouse:
        assert warehouse.value("SELECT n FROM facts") == 1
        assert "NULL" in warehouse.error("INSERT INTO facts VALUES (NULL)")
        users = warehouse.rows("SELECT usename FROM pg_user ORDER BY usesysid")
        assert users == [["rdsdb"], ["admin"], ["IAMR:loader"]]
