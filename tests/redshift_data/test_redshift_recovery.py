"""What is left when the server's process is killed, and who may open the file next."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local.redshift_data.engine import DatabaseInUse, Engine
from local.redshift_data.server import DATABASE_FILE
from local.redshift_data.testing import MemoryObjects, Warehouse

WRITING_SECONDS = 0.7
STOP_SECONDS = 20
COMMAND = [sys.executable, "-m", "local.redshift_data", "--port", "0", "--no-limit-calls"]


def start(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - this project's own server
        [*COMMAND, "--data", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
    )


@contextmanager
def serving(folder: Path) -> Iterator[Warehouse]:
    """Run a server, and kill it at the end."""
    process = start(folder)
    assert process.stdout
    assert process.stderr
    ready = process.stdout.readline()
    if not ready:
        _, error = process.communicate(timeout=STOP_SECONDS)
        raise RuntimeError(error)
    warehouse = Warehouse(ready.split()[-1])
    try:
        yield warehouse
    finally:
        process.kill()
        process.wait(STOP_SECONDS)
        warehouse.close()
        process.stdout.close()
        process.stderr.close()


def until_killed(folder: Path, *writers: Callable[[Warehouse, int], bool]) -> list[int]:
    """Have each writer write number by number until the kill; returns how far each got."""
    with ThreadPoolExecutor(len(writers)) as threads, serving(folder) as warehouse:
        endpoint = warehouse.client.meta.endpoint_url
        running = [threads.submit(write, Warehouse(endpoint), writer) for writer in writers]
        time.sleep(WRITING_SECONDS)
    return [each.result() for each in running]


def write(warehouse: Warehouse, writer: Callable[[Warehouse, int], bool]) -> int:
    number = 0
    with suppress(ClientError, BotoCoreError):
        while writer(warehouse, number + 1):
            number += 1
    warehouse.close()
    return number


def inserting(table: str) -> Callable[[Warehouse, int], bool]:
    def insert(warehouse: Warehouse, number: int) -> bool:
        described = warehouse.batch(
            f"INSERT INTO {table} VALUES ({number}, 1)", f"INSERT INTO {table} VALUES ({number}, 2)"
        )
        return bool(described["Status"] == "FINISHED")

    return insert


def defining(warehouse: Warehouse, number: int) -> bool:
    described = warehouse.batch(
        f"CREATE TABLE made_{number} (n INT)",
        f"INSERT INTO made_{number} VALUES ({number})",
        f"ALTER TABLE made_{number} ADD COLUMN m VARCHAR(8)",
    )
    return bool(described["Status"] == "FINISHED")


def described_and_stored(folder: Path) -> tuple[set[str], set[str]]:
    """Return the tables that the catalog knows and those that DuckDB has, with their columns."""
    engine = Engine(folder / DATABASE_FILE, MemoryObjects())
    known = {
        f"{table.sql} {column.name}".replace('"', "")
        for table in engine.catalog.permanent.values()
        for column in table.columns
    }
    engine.close()
    with duckdb.connect(str(folder / DATABASE_FILE)) as connection:
        stored = connection.execute(
            "SELECT schema_name || '.' || table_name || ' ' || column_name FROM duckdb_columns() "
            "WHERE schema_name = 'public' AND NOT internal"
        ).fetchall()
    return known, {name for (name,) in stored}


def test_a_kill_among_writers_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with serving(tmp_path) as warehouse:
        for table in ("a", "b"):
            warehouse.execute(f"CREATE TABLE {table} (n INT, part INT)")
    reached = until_killed(tmp_path, inserting("a"), inserting("b"), defining)
    assert min(reached) > 0
    for table, last in zip(("a", "b"), reached, strict=False):
        rows = run(tmp_path, f"SELECT n, COUNT(*) FROM {table} GROUP BY n ORDER BY n")
        # The one in flight may be there too, but then with both of its rows.
        assert list(rows) in [[(n, 2) for n in range(1, to + 1)] for to in (last, last + 1)]
    for number in {1, reached[2]}:
        assert run(tmp_path, f"SELECT n, m FROM made_{number}") == ((number, None),)
    known, stored = described_and_stored(tmp_path)
    assert known == stored
    assert len(known) >= 2 * (2 + reached[2])


def test_a_log_cut_off_in_the_midst_costs_the_last_transaction_only(tmp_path: Path) -> None:
    with serving(tmp_path) as warehouse:
        warehouse.execute("CREATE TABLE t (n INT)")
        for number in range(20):
            warehouse.execute(f"INSERT INTO t VALUES ({number})")
    log = tmp_path / f"{DATABASE_FILE}.wal"
    log.write_bytes(log.read_bytes()[:-7])
    assert run(tmp_path, "SELECT COUNT(*) FROM t") == ((19,),)
    run(tmp_path, "INSERT INTO t VALUES (20)")
    assert run(tmp_path, "SELECT COUNT(*) FROM t") == ((20,),)


def run(folder: Path, sql: str) -> tuple[tuple[object, ...], ...]:
    """Open the file in this process, run one statement and close it."""
    engine = Engine(folder / DATABASE_FILE, MemoryObjects())
    with engine.open_session() as session, session.transaction([sql], block=False):
        rows = session.run(sql, {}).rows
    engine.close()
    return rows


def test_a_second_server_says_who_has_the_file(tmp_path: Path) -> None:
    engine = Engine(tmp_path / DATABASE_FILE, MemoryObjects())
    second = start(tmp_path)
    out, error = second.communicate(timeout=STOP_SECONDS)
    engine.close()
    assert (second.returncode, out) == (1, "")
    assert error.strip() == f"{tmp_path / DATABASE_FILE} is in use by process {os.getpid()}"


def test_a_file_that_is_no_database_is_no_file_in_use(tmp_path: Path) -> None:
    file = tmp_path / DATABASE_FILE
    file.write_bytes(b"something else" * 1_000)
    with pytest.raises(duckdb.Error) as error:
        Engine(file, MemoryObjects())
    assert not isinstance(error.value, DatabaseInUse)
