"""What a transaction keeps and what it takes back: rows, catalog, settings."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from local.redshift_data.bounded import Bounded
from local.redshift_data.engine import Engine, Session
from local.redshift_data.errors import NotEmulated, StatementError
from local.redshift_data.testing import MemoryObjects


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(":memory:", MemoryObjects())
    yield engine
    engine.close()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with engine.open_session() as session:
        yield session


def run(session: Session, *sqls: str) -> list[Any]:
    """Run statements in one transaction and return the last one's rows."""
    with session.transaction(sqls, block=len(sqls) > 1):
        outcomes = [session.run(sql, {}) for sql in sqls]
    return [list(row) for row in outcomes[-1].rows]


def fail(session: Session, *sqls: str) -> str:
    with pytest.raises(StatementError) as error:
        run(session, *sqls)
    return str(error.value)


def test_a_failure_takes_rows_and_tables_back(session: Session) -> None:
    run(session, "CREATE TABLE kept (n INT)")
    fail(session, "INSERT INTO kept VALUES (1)", "CREATE TABLE gone (n INT)", "SELECT 1 / 0")
    assert run(session, "SELECT COUNT(*) FROM kept") == [[0]]
    assert "does not exist" in fail(session, "SELECT n FROM gone")


def test_a_failure_takes_back_what_it_did_to_temporary_tables(session: Session) -> None:
    run(session, "CREATE TEMP TABLE kept (n INT)", "INSERT INTO kept VALUES (1)")
    fail(session, "DROP TABLE kept", "CREATE TEMP TABLE gone (n INT)", "SELECT 1 / 0")
    assert run(session, "SELECT n FROM kept") == [[1]]
    assert "does not exist" in fail(session, "SELECT n FROM gone")


def test_temporary_tables_last_as_long_as_their_session(engine: Engine, session: Session) -> None:
    run(session, "CREATE TEMP TABLE mine (n INT)")
    run(session, "INSERT INTO mine VALUES (1)")
    assert run(session, "SELECT n FROM mine") == [[1]]
    with engine.open_session() as other:
        assert "does not exist" in fail(other, "SELECT n FROM mine")


def test_settings_last_as_long_as_their_session(engine: Engine, session: Session) -> None:
    run(session, "SET query_group TO 'mine'")
    assert run(session, "SHOW query_group") == [["mine"]]
    with engine.open_session() as other:
        assert run(other, "SHOW query_group") == [["unset"]]


def test_a_failure_takes_settings_back(session: Session) -> None:
    run(session, "CREATE SCHEMA other")
    run(session, "SET query_group TO 'kept'")
    fail(session, "SET query_group TO 'gone'", "SET search_path TO other", "SELECT 1 / 0")
    assert run(session, "SHOW query_group") == [["kept"]]
    assert run(session, "SHOW search_path") == [["$user, public"]]
    assert session.catalog.search_path == ("$user", "public")


def test_set_local_ends_with_its_transaction(session: Session) -> None:
    run(session, "SET query_group TO 'kept'")
    assert run(session, "SET LOCAL query_group TO 'brief'", "SHOW query_group") == [["brief"]]
    assert run(session, "SHOW query_group") == [["kept"]]


def test_a_variable_that_was_reset_is_null(session: Session) -> None:
    run(session, "SET app_context.user_id TO 123")
    assert run(session, "SHOW app_context.user_id") == [["123"]]
    run(session, "RESET app_context.user_id")
    assert run(session, "SHOW app_context.user_id") == [[None]]


def test_search_path_says_where_names_are_looked_for(session: Session) -> None:
    run(session, "CREATE SCHEMA sales")
    run(session, "CREATE TABLE public.t (n INT)", "CREATE TABLE sales.t (m INT)")
    run(session, "INSERT INTO sales.t VALUES (7)")
    assert run(session, "SELECT COUNT(*) FROM t") == [[0]]
    run(session, "SET search_path TO sales, public")
    assert run(session, "SELECT COUNT(*) FROM t") == [[1]]
    run(session, "CREATE TABLE made (n INT)", "INSERT INTO sales.made VALUES (1)")
    run(session, "RESET search_path")
    run(session, "CREATE TABLE made (n INT)")
    assert run(session, "SELECT COUNT(*) FROM made") == [[0]]


@pytest.mark.parametrize("sql", ["BEGIN", "START TRANSACTION READ WRITE", "COMMIT", "END", "ABORT"])
def test_a_batch_is_the_only_transaction(session: Session, sql: str) -> None:
    with pytest.raises(NotEmulated):
        run(session, sql)


def test_a_commit_in_the_midst_lasts_although_the_rest_fails(
    engine: Engine, session: Session
) -> None:
    def commit_in_the_midst() -> None:
        with session.transaction(["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"]):
            session.run("INSERT INTO t VALUES (1)", {})
            session.run("CREATE TABLE kept (n INT)", {})
            session.commit()
            session.run("INSERT INTO t VALUES (2)", {})
            session.run("SELECT 1 / 0", {})

    run(session, "CREATE TABLE t (n INT)")
    with pytest.raises(StatementError, match="division by zero"):
        commit_in_the_midst()
    with engine.open_session() as other:
        assert run(other, "SELECT n FROM t") == [[1]]
        assert run(other, "SELECT n FROM kept") == []


def test_a_conflict_that_no_lock_prevented_is_redshifts_error(
    engine: Engine, session: Session
) -> None:
    run(session, "CREATE TABLE t (n INT)")
    run(session, "INSERT INTO t VALUES (1)")
    with engine.open_session() as late, session.transaction(["SELECT n FROM t"] * 2):
        run(late, "UPDATE t SET n = 2")
        with pytest.raises(StatementError, match="1023 DETAIL: Serializable isolation violation"):
            session.run("UPDATE t SET n = 3", {})
    assert run(session, "SELECT n FROM t") == [[2]]


def test_a_catalog_that_changed_without_its_lock_is_not_overwritten(
    engine: Engine, session: Session
) -> None:
    def create_without_the_lock() -> None:
        with session.transaction(["SELECT 1"]):
            session.run("CREATE TABLE second (n INT)", {})
            with engine.open_session() as other:
                run(other, "CREATE TABLE first (n INT)")

    with pytest.raises(StatementError, match="1023"):
        create_without_the_lock()
    assert run(session, "SELECT n FROM first") == []
    assert "does not exist" in fail(session, "SELECT n FROM second")


def test_translations_follow_the_catalog(session: Session) -> None:
    run(session, "CREATE TABLE t (n INT)")
    assert run(session, "SELECT * FROM t") == []
    run(session, "ALTER TABLE t ADD COLUMN m INT DEFAULT 5")
    run(session, "INSERT INTO t (n) VALUES (1)")
    assert run(session, "SELECT * FROM t") == [[1, 5]]
    run(session, "DROP TABLE t")
    run(session, "CREATE TABLE t (x VARCHAR(3))")
    run(session, "INSERT INTO t VALUES ('a')")
    assert run(session, "SELECT * FROM t") == [["a"]]


def test_translations_are_bounded(engine: Engine, session: Session) -> None:
    for number in range(1_200):
        run(session, f"SELECT {number}")
    assert len(engine.translations) == 1_000


def test_what_is_kept_is_bounded_by_weight() -> None:
    kept = Bounded[int, str](entries=10, weight=100)
    for number in range(5):
        kept.keep(number, "x", 30)
    kept.keep(9, "too heavy", 101)
    assert [number for number in range(10) if kept.get(number)] == [2, 3, 4]
    kept.keep(3, "y", 90)
    assert [number for number in range(10) if kept.get(number)] == [3]


def test_a_broken_connection_does_not_keep_its_locks(engine: Engine, session: Session) -> None:
    run(session, "CREATE TABLE t (n INT)")
    with engine.open_session() as broken:
        broken.connection.close()
        with pytest.raises((StatementError, duckdb.Error)):
            run(broken, "LOCK t")
    assert run(session, "SELECT n FROM t") == []


@pytest.mark.parametrize(
    "sql",
    [
        "VACUUM",
        "VACUUM sales",
        "VACUUM sales TO 100 PERCENT",
        "VACUUM SORT ONLY sales TO 75 PERCENT",
        "VACUUM DELETE ONLY sales TO 75 PERCENT",
        "VACUUM REINDEX sales",
        "VACUUM RECLUSTER sales",
        "VACUUM RECLUSTER sales BOOST",
    ],
)
def test_vacuum_runs_outside_of_a_block_only(session: Session, sql: str) -> None:
    run(session, "CREATE TABLE sales (n INT)")
    assert run(session, sql) == []
    assert "VACUUM cannot run inside a transaction block" in fail(session, "SELECT 1", sql)


def test_a_connection_is_used_again_only_as_good_as_new(engine: Engine) -> None:
    with engine.open_session() as first:
        run(first, "SET query_group TO 'first'")
        connection = first.connection
    with engine.open_session() as second:
        assert second.connection is connection
        assert run(second, "SHOW query_group") == [["unset"]]
        run(second, "CREATE TEMP TABLE t (n INT)")
    with engine.open_session() as third, engine.open_session("IAMR:other") as fourth:
        assert third.connection is not connection
        assert run(third, "SELECT CURRENT_USER") == [["admin"]]
        assert run(fourth, "SELECT CURRENT_USER") == [["IAMR:other"]]
