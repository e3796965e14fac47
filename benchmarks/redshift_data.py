"""Calls of the local Redshift Data API, against boto3 and DuckDB alone and after many others."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import duckdb

from local.redshift_data.callers import Caller
from local.redshift_data.engine import Engine
from local.redshift_data.limits import Limits, Retention
from local.redshift_data.operations import Operations
from local.redshift_data.settings import Settings
from local.redshift_data.testing import MemoryObjects, Warehouse

CALLS = 300
STATEMENTS = 100_000
COMPARED = 1_000
BATCH = 40
SINGLES = 10
CLIENTS = 32
CALLS_OF_A_CLIENT = 25
CANCELLED = 20
RETAINED_MEGABYTES = 64
STATEMENT = "SELECT n, name FROM things WHERE n < 10"
ROWS = "SELECT range::INT AS n, 'name ' || range AS name FROM range(1000)"
TEN = "SELECT 1 AS n " + "UNION ALL SELECT 1 " * 9
SLOW = f"WITH t AS ({TEN}) SELECT SUM(a.n + l.n) FROM {', '.join(f't {x}' for x in 'abcdefghijkl')}"


def measure() -> dict[str, str]:
    """Measure each thing beside what it is compared to; returns a line for each figure."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            **_one_call(Path(folder, "calls")),
            **asyncio.run(_many_statements()),
        }


def _one_call(folder: Path) -> dict[str, str]:
    with _server(folder) as (process, warehouse):
        for sql in _things():
            warehouse.execute(sql)
        overhead = _overhead(warehouse, _alone(CALLS))
        figures = {"overhead of a cached SELECT over boto3 and DuckDB": f"{overhead:.2f} ms"}
        figures["32 clients at once"] = _together(warehouse)
        figures["from CancelStatement to the end, running"] = _cancelled(warehouse, SLOW)
        with _locked(warehouse):
            figures["from CancelStatement to the end, waiting for a lock"] = _cancelled(
                warehouse, "SELECT COUNT(*) FROM things"
            )
        figures["memory of the server"] = f"{_resident_megabytes(process.pid):.0f} MB"
    return figures


@contextmanager
def _server(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", Warehouse]]:
    place = ["--port", "0", "--data", str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", "local.redshift_data", *place, "--no-limit-calls"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
    )
    try:
        warehouse = Warehouse(_ready(process))
        yield process, warehouse
        warehouse.close()
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _ready(process: "subprocess.Popen[str]") -> str:
    """Return the server's endpoint once it listens."""
    if not process.stdout or not (line := process.stdout.readline()):
        raise RuntimeError("the server did not start")
    return line.split()[-1]


def _things() -> Sequence[str]:
    values = ", ".join(f"({n}, 'name {n}')" for n in range(1_000))
    return "CREATE TABLE things (n INT, name VARCHAR(64))", f"INSERT INTO things VALUES {values}"


def _alone(rounds: int) -> float:
    """Return what the statement takes in DuckDB itself, in milliseconds."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE things AS {ROWS}")
        return _milliseconds(lambda: connection.execute(STATEMENT).fetchall(), rounds)


def _overhead(warehouse: Warehouse, alone: float) -> float:
    """Return what two calls take beyond two that do nothing and beyond DuckDB, in milliseconds."""
    finished = warehouse.execute(STATEMENT)["Id"]

    def call() -> None:
        answer = warehouse.client.execute_statement(
            Sql=STATEMENT, WaitTimeSeconds=30, **warehouse.where
        )
        warehouse.client.get_statement_result(Id=answer["Id"])

    def floor() -> None:
        warehouse.client.describe_statement(Id=finished)

    calls, floors = [], []
    for _ in range(CALLS):
        calls.append(_milliseconds(call, 1))
        floors.append(_milliseconds(floor, 1))
    return median(calls) - 2 * median(floors) - alone


def _together(warehouse: Warehouse) -> str:
    """Have many clients read and write at once, and count what failed."""

    def work(number: int) -> int:
        client = Warehouse(warehouse.client.meta.endpoint_url)
        failed = 0
        for turn in range(CALLS_OF_A_CLIENT):
            sql = f"INSERT INTO things VALUES ({number}, '{turn}')" if turn % 5 == 0 else STATEMENT
            failed += client.execute(sql)["Status"] != "FINISHED"
        client.close()
        return failed

    started = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as threads:
        failures = sum(threads.map(work, range(CLIENTS)))
    rate = CLIENTS * CALLS_OF_A_CLIENT / (time.monotonic() - started)
    return f"{failures} failures, {rate:.0f} statements/s"


def _cancelled(warehouse: Warehouse, sql: str) -> str:
    """Return the median and the longest time that a statement lives after its cancellation."""
    times = []
    for _ in range(CANCELLED):
        identifier = warehouse.client.execute_statement(Sql=sql, **warehouse.where)["Id"]
        time.sleep(0.05)
        started = time.perf_counter()
        warehouse.client.cancel_statement(Id=identifier)
        status = warehouse.wait(identifier)["Status"]
        times.append(1000 * (time.perf_counter() - started))
        if status != "ABORTED":
            raise RuntimeError(f"a cancelled statement is {status}")
    return f"{median(times):.0f} ms, at most {max(times):.0f} ms"


@contextmanager
def _locked(warehouse: Warehouse) -> Iterator[None]:
    """Keep the table locked by a batch that does not end by itself."""
    holding = warehouse.client.batch_execute_statement(
        Sqls=["LOCK things", SLOW], **warehouse.where
    )["Id"]
    time.sleep(0.2)
    try:
        yield
    finally:
        warehouse.client.cancel_statement(Id=holding)
        warehouse.wait(holding)


async def _many_statements() -> dict[str, str]:
    """Drive the operations in this process, and compare the last statements with the first."""
    engine = Engine(":memory:", MemoryObjects())
    settings = Settings(
        limits=Limits(calls=False), retention=Retention(RETAINED_MEGABYTES * 1024 * 1024)
    )
    operations = Operations(engine, settings)
    for sql in _things():
        await _call(operations, sql)
    times = []
    before = 0.0
    for turn in range(2):
        for _ in range(COMPARED):
            started = time.perf_counter()
            await _call(operations, STATEMENT)
            times.append(time.perf_counter() - started)
        before = before or _resident_megabytes(os.getpid())
        if turn == 0:
            await _pass_time(operations)
    grown = _resident_megabytes(os.getpid()) - before
    await operations.stop()
    operations.close()
    engine.close()
    ratio = median(times[-COMPARED:]) / median(times[:COMPARED])
    return {
        "a statement after 100,000, times one at first": f"{ratio:.2f}",
        f"memory that 100,000 statements left, {RETAINED_MEGABYTES} MB kept": f"{grown:.0f} MB",
    }


async def _pass_time(operations: Operations) -> None:
    """Run statements of many texts, most of them in batches to be quick."""
    for number in range(0, STATEMENTS, SINGLES + BATCH):
        for at in range(SINGLES):
            await _call(operations, f"SELECT {number + at}")
        sqls = [f"SELECT {number % 400 + at}" for at in range(BATCH)]
        await _call(operations, *sqls)


async def _call(operations: Operations, *sqls: str) -> None:
    where = {"WorkgroupName": "local-workgroup", "Database": "dev", "WaitTimeSeconds": 30}
    if len(sqls) == 1:
        operation, body = "ExecuteStatement", {"Sql": sqls[0], **where}
    else:
        operation, body = "BatchExecuteStatement", {"Sqls": list(sqls), **where}
    answer = await operations.call(operation, body, Caller("local"))
    if answer["Status"] != "FINISHED":
        raise RuntimeError(f"a statement is {answer['Status']}")


def _milliseconds(function: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return 1000 * median(times)


def _resident_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
