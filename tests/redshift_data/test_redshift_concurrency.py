"""Who waits for whom: one writer a table, readers beside it, and how waiting ends."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest

from local.redshift_data.engine import Engine, Session
from local.redshift_data.errors import StatementAborted, StatementError
from local.redshift_data.testing import MemoryObjects

DEADLINE_SECONDS = 20
A_MOMENT = 0.15
"""Seconds after which what can go on has gone on."""

TEN = "SELECT 1 AS n " + "UNION ALL SELECT 1 " * 9
SLOW = f"WITH t AS ({TEN}) SELECT SUM(a.n + l.n) FROM {', '.join(f't {x}' for x in 'abcdefghijkl')}"
"""Runs for hours."""

LONG = f"WITH t AS ({TEN}) SELECT a.n FROM {', '.join(f't {x}' for x in 'abcdefgh')}"
"""Has a hundred million rows."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(":memory:", MemoryObjects())
    run(engine, "CREATE TABLE a (n INT)")
    run(engine, "CREATE TABLE b (n INT)")
    yield engine
    engine.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


def run(engine: Engine, *sqls: str) -> list[Any]:
    """Run statements in one transaction and return the last one's rows."""
    with engine.open_session() as session:
        return run_in(session, *sqls)


def run_in(session: Session, *sqls: str) -> list[Any]:
    with session.transaction(sqls, block=len(sqls) > 1):
        outcomes = [session.run(sql, {}) for sql in sqls]
    return [list(row) for row in outcomes[-1].rows]


def waits(future: Future[Any]) -> bool:
    return not wait([future], timeout=A_MOMENT).done


def done(future: Future[Any]) -> Any:
    return future.result(timeout=DEADLINE_SECONDS)


def test_writers_of_different_tables_run_side_by_side(engine: Engine) -> None:
    with engine.open_session() as first, first.transaction(["INSERT INTO a VALUES (1)"]):
        first.run("INSERT INTO a VALUES (1)", {})
        run(engine, "INSERT INTO b SELECT COUNT(*) FROM a")
    assert run(engine, "SELECT n FROM b") == [[0]]


def test_writers_of_one_table_take_turns(engine: Engine, threads: ThreadPoolExecutor) -> None:
    with engine.open_session() as first, first.transaction(["INSERT INTO a VALUES (1)"]):
        first.run("INSERT INTO a VALUES (1)", {})
        second = threads.submit(run, engine, "UPDATE a SET n = n + 1")
        assert waits(second)
    done(second)
    assert run(engine, "SELECT n FROM a") == [[2]]


def test_no_update_is_lost(engine: Engine, threads: ThreadPoolExecutor) -> None:
    run(engine, "INSERT INTO a VALUES (0)")
    increments = [threads.submit(run, engine, "UPDATE a SET n = n + 1") for _ in range(100)]
    for each in increments:
        done(each)
    assert run(engine, "SELECT n FROM a") == [[100]]


def test_a_reader_sees_its_snapshot_and_never_waits(engine: Engine) -> None:
    count = "SELECT COUNT(*) FROM a"
    with engine.open_session() as reader, reader.transaction([count, count]):
        assert reader.run(count, {}).rows == ((0,),)
        with engine.open_session() as writer, writer.transaction(["DELETE FROM a"]):
            writer.run("INSERT INTO a VALUES (1)", {})
            assert reader.run(count, {}).rows == ((0,),)
        assert reader.run(count, {}).rows == ((0,),)
    assert run(engine, count) == [[1]]


def test_lock_keeps_readers_out_until_its_transaction_ends(
    engine: Engine, threads: ThreadPoolExecutor
) -> None:
    with engine.open_session() as first, first.transaction(["LOCK a", "INSERT INTO a VALUES (1)"]):
        first.run("LOCK a", {})
        reader = threads.submit(run, engine, "SELECT COUNT(*) FROM a")
        other = threads.submit(run, engine, "SELECT COUNT(*) FROM b")
        assert done(other) == [[0]]
        assert waits(reader)
        first.run("INSERT INTO a VALUES (1)", {})
    assert done(reader) == [[1]]


def test_lock_keeps_readers_of_a_view_out(engine: Engine, threads: ThreadPoolExecutor) -> None:
    run(engine, "CREATE VIEW v AS SELECT n FROM a")
    run(engine, "CREATE VIEW w AS SELECT n FROM v")
    with engine.open_session() as first, first.transaction(["LOCK a"]):
        assert waits(reader := threads.submit(run, engine, "SELECT COUNT(*) FROM w"))
    assert done(reader) == [[0]]


def test_a_schema_is_not_dropped_under_a_writer(
    engine: Engine, threads: ThreadPoolExecutor
) -> None:
    run(engine, "CREATE SCHEMA going")
    run(engine, "CREATE TABLE going.t (n INT)")
    with engine.open_session() as first, first.transaction(["INSERT INTO going.t VALUES (1)"]):
        first.run("INSERT INTO going.t VALUES (1)", {})
        dropping = threads.submit(run, engine, "DROP SCHEMA going CASCADE")
        assert waits(dropping)
    done(dropping)


def test_a_temporary_table_is_locked_by_nobody(engine: Engine) -> None:
    load = ["CREATE TEMP TABLE t (n INT)", "INSERT INTO t VALUES (1)", "DROP TABLE t"]
    with engine.open_session() as first, first.transaction(load):
        first.run(load[0], {})
        first.run(load[1], {})
        run(engine, *load)


def test_batches_in_opposite_order_never_deadlock(
    engine: Engine, threads: ThreadPoolExecutor
) -> None:
    run(engine, "INSERT INTO a VALUES (0)", "INSERT INTO b VALUES (0)")
    there = ["UPDATE a SET n = n + 1", "UPDATE b SET n = n + 1"]
    batches = [threads.submit(run, engine, *there[:: 1 if n % 2 else -1]) for n in range(60)]
    for each in batches:
        done(each)
    assert run(engine, "SELECT a.n, b.n FROM a, b") == [[60, 60]]


def test_every_one_of_many_tables_made_at_once_is_in_the_catalog(
    engine: Engine, threads: ThreadPoolExecutor
) -> None:
    made = [threads.submit(run, engine, f"CREATE TABLE made_{n} (n INT)") for n in range(40)]
    for each in made:
        done(each)
    for number in range(40):
        run(engine, f"INSERT INTO made_{number} VALUES ({number})")


def test_rows_and_columns_change_side_by_side(engine: Engine, threads: ThreadPoolExecutor) -> None:
    sqls = [f"ALTER TABLE a ADD COLUMN c{n} INT" for n in range(10)]
    sqls += ["INSERT INTO a (n) VALUES (1)"] * 20 + ["SELECT * FROM a"] * 20
    for each in [threads.submit(run, engine, sql) for sql in sqls]:
        done(each)
    assert [len(row) for row in run(engine, "SELECT * FROM a")] == [11] * 20


def when_started(engine: Engine, sql: str, then: Callable[[Session], object]) -> float:
    """Run a statement, do something to its session a moment later, and time its end from there."""
    moments = []

    def act() -> None:
        time.sleep(A_MOMENT)
        moments.append(time.monotonic())
        then(session)

    with engine.open_session() as session:
        actor = threading.Thread(target=act)
        actor.start()
        with pytest.raises(StatementAborted):
            run_in(session, sql)
        ended = time.monotonic()
        actor.join()
    return ended - moments[0]


@pytest.mark.parametrize("sql", [SLOW, LONG])
def test_what_runs_ends_when_it_is_cancelled(engine: Engine, sql: str) -> None:
    assert when_started(engine, sql, Session.cancel) < 1


def test_what_waits_ends_when_it_is_cancelled(engine: Engine) -> None:
    with engine.open_session() as first, first.transaction(["LOCK a"]):
        assert when_started(engine, "SELECT n FROM a", Session.cancel) < 1


def test_a_cancellation_before_the_start_counts(engine: Engine) -> None:
    with engine.open_session() as session:
        assert session.cancel()
        with pytest.raises(StatementAborted):
            run_in(session, "INSERT INTO a VALUES (1)")
    assert run(engine, "SELECT n FROM a") == []


def test_a_cancelled_transaction_commits_nothing_or_says_so(
    engine: Engine, threads: ThreadPoolExecutor
) -> None:
    for number in range(60):
        with engine.open_session() as session:
            running = threads.submit(run_in, session, f"INSERT INTO a VALUES ({number})")
            time.sleep(number / 40_000)
            nothing = session.cancel()
            wait([running])
            failed = running.exception() is not None
        rows = run(engine, f"SELECT n FROM a WHERE n = {number}")
        assert rows == ([] if failed else [[number]])
        assert failed or not nothing


def test_a_session_goes_on_after_a_cancellation(engine: Engine) -> None:
    with engine.open_session() as session:
        threading.Timer(A_MOMENT, session.cancel).start()
        with pytest.raises(StatementAborted):
            run_in(session, SLOW)
        session.cancelled = False
        time.sleep(A_MOMENT)
        assert run_in(session, "SELECT COUNT(*) FROM a") == [[0]]


def test_statement_timeout_ends_what_runs(engine: Engine) -> None:
    with engine.open_session() as session:
        run_in(session, "SET statement_timeout TO 100")
        started = time.monotonic()
        with pytest.raises(StatementError, match="canceled on user's request") as error:
            run_in(session, SLOW)
        assert not isinstance(error.value, StatementAborted)
        assert time.monotonic() - started < 2
        assert run_in(session, "SELECT 1") == [[1]]


def test_statement_timeout_ends_what_waits(engine: Engine) -> None:
    with (
        engine.open_session() as first,
        engine.open_session() as second,
        first.transaction(["LOCK a"]),
    ):
        run_in(second, "SET statement_timeout TO 100")
        with pytest.raises(StatementError, match="canceled on user's request"):
            run_in(second, "INSERT INTO a VALUES (1)")
    assert run(engine, "SELECT n FROM a") == []
