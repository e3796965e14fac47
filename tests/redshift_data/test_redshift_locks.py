"""What a statement locks, and in which order locks are granted."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest

from local.redshift_data.dialect.locking import Mode, needs
from local.redshift_data.errors import StatementAborted
from local.redshift_data.locks import Claim, Locks

DEADLINE_SECONDS = 20
A_MOMENT = 0.15
"""Seconds after which what can go on has gone on."""


def waits(future: Future[Any]) -> bool:
    return not wait([future], timeout=A_MOMENT).done


@pytest.mark.parametrize(
    ("sql", "locked"),
    [
        ("SELECT x.m FROM public.t x JOIN u ON x.n = u.n", {"t": 1, "u": 1}),
        ("INSERT INTO public.t (m) SELECT n FROM u", {"t": 2, "u": 1}),
        ("WITH q AS (SELECT 1) DELETE FROM t USING u", {"t": 2, "u": 1}),
        ("MERGE INTO t USING u ON t.n = u.n WHEN MATCHED THEN DELETE", {"t": 2, "u": 1}),
        ("COPY t FROM 's3://bucket/u' IAM_ROLE DEFAULT", {"t": 2}),
        ('LOCK TABLE "t", s.u', {"t": 3, "u": 3}),
        ("DROP TABLE IF EXISTS t, u CASCADE", {"t": 3, "u": 3, "": 2}),
        ("ALTER TABLE t APPEND FROM u", {"t": 3, "u": 3, "": 2}),
        ("ALTER TABLE t ADD COLUMN u INT", {"t": 3, "u": 1, "": 2}),
        ("TRUNCATE t", {"t": 3}),
        ("REFRESH MATERIALIZED VIEW t", {"t": 2, "": 2}),
        ("CREATE TABLE t (LIKE u)", {"t": 1, "u": 1, "": 2}),
        ("CREATE TEMP TABLE t (LIKE u)", {"t": 1, "u": 1}),
        ("CREATE TABLE #t AS SELECT n FROM u", {"#t": 1, "u": 1}),
        ("SELECT n INTO t FROM u", {"t": 1, "u": 1, "": 2}),
        ("SELECT n INTO TEMP t FROM u", {"t": 1, "u": 1}),
        ("DELETE FROM mine", {}),
        ("DROP TABLE mine", {}),
    ],
)
def test_a_statement_locks_what_it_names(sql: str, locked: dict[str, int]) -> None:
    found = needs([sql], {"mine"})
    assert {name: int(mode) for name, mode in found.items() if name in locked} == locked
    assert all(mode == Mode.READ for name, mode in found.items() if name not in locked)


def test_who_asks_later_does_not_overtake() -> None:
    locks = Locks()
    held, alone, reader = (Claim({"t": mode}) for mode in (Mode.READ, Mode.ALONE, Mode.READ))
    locks.wait_for(held)
    waiting = [threading.Thread(target=locks.wait_for, args=[claim]) for claim in (alone, reader)]
    for thread in waiting:
        thread.start()
        time.sleep(A_MOMENT)
    assert [alone.granted, reader.granted] == [False, False]
    locks.release(held)
    waiting[0].join(DEADLINE_SECONDS)
    assert alone.granted
    assert not reader.granted
    locks.release(alone)
    waiting[1].join(DEADLINE_SECONDS)
    assert reader.granted


def test_who_gives_up_lets_others_pass() -> None:
    locks = Locks()
    held, alone, reader = (Claim({"t": mode}) for mode in (Mode.READ, Mode.ALONE, Mode.READ))
    locks.wait_for(held)
    with ThreadPoolExecutor(2) as threads:
        gone = threads.submit(locks.wait_for, alone)
        assert waits(gone)
        passing = threads.submit(locks.wait_for, reader)
        assert waits(passing)
        locks.give_up(alone)
        with pytest.raises(StatementAborted):
            gone.result(DEADLINE_SECONDS)
        passing.result(DEADLINE_SECONDS)


def test_only_so_many_run_at_a_time() -> None:
    locks = Locks(running=1)
    first, second = Claim({}), Claim({})
    locks.wait_for(first)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(locks.wait_for, second)
        assert waits(waiting)
        locks.release(first)
        waiting.result(DEADLINE_SECONDS)
