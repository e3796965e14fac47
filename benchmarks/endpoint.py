"""The endpoint over a year of arrivals: rollups, the reader's own work, the cache, many callers.

Run alone: PYTHONPATH=src python -m benchmarks.endpoint
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.gateway import allow_many_requests, cached_reads, many_callers
from benchmarks.questions import ADDITIVE, QUESTIONS
from benchmarks.year import CATALOGUE, EVENTS, TYPE, load_year, open_warehouse
from local.call_counter import counting_calls
from local.cloud import LocalCloud, address_of_warehouse
from local.processes import HOST, Server, clean_environment, free_port
from local.run import PARAMETERS, deploy_template
from local.stack import Stack
from pipeline.load.summing import fill_rollups, rollup_tables
from pipeline.serve.asking.question import Question, read_question
from pipeline.serve.querying.query import metrics_query
from pipeline.serve.querying.source import Source, choose, facts
from pipeline.serve.telling.answers import Answer
from pipeline.serve.telling.reply import answer_question
from pipeline.sql import quoted
from pipeline.warehouse import Warehouse

STATE = Path(".local/benchmark-endpoint")
START_SECONDS = 60
READ_SECONDS = 60
FILL_SECONDS = 300
BUSIER = 10
ROUNDS = 9
READS = 21
# Tracing as deployed: the worker of a function with active tracing finds such a header.
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

Read = Mapping[str, float]


def measure() -> dict[str, str]:
    """Load the year once, and measure all over it; returns a line for each figure."""
    shutil.rmtree(STATE, ignore_errors=True)
    started = time.monotonic()
    load_year(STATE / "redshift")
    figures = {"loading the year's arrivals": f"{time.monotonic() - started:.0f} s"}
    port = free_port()
    with _serving(port) as warehouse, counting_calls(warehouse) as (proxy, calls):
        figures |= _rollups(open_warehouse(warehouse))
        with LocalCloud(STATE, port=port, redshift_endpoint=proxy) as cloud:
            stack = Stack.on_machine(cloud, deploy_template(cloud))
            allow_many_requests(cloud)
            figures |= _reader(cloud, warehouse)
            figures |= cached_reads(cloud, stack)
            figures |= many_callers(cloud, stack, calls, int(PARAMETERS["CacheTtlSeconds"]))
            stack.close()
        figures |= _busier(open_warehouse(warehouse))
    return figures


@contextmanager
def _serving(emulator: int) -> Iterator[str]:
    """Serve the loaded warehouse in a process of its own; its quota of calls a second is off."""
    place = ["--port", "0", "--data", str(STATE / "redshift")]
    server = Server(
        "local.redshift_data",
        [*place, "--s3-endpoint", f"http://{HOST}:{emulator}", "--no-limit-calls"],
        log=STATE / "redshift-data.log",
        environment=clean_environment({}),
    )
    try:
        yield address_of_warehouse(server, time.monotonic() + START_SECONDS)
    finally:
        server.stop()


def _rollups(warehouse: Warehouse) -> dict[str, str]:
    """Compare whole reads, from question to body, from rollups and from facts."""
    return {
        f"full year, {name}: from facts, times from rollups": _compared(warehouse, parameters)
        for name, parameters in QUESTIONS.items()
    }


def _busier(warehouse: Warehouse) -> dict[str, str]:
    """Compare again with each arrival there so many times, in the same hours.

    How much rollups spare depends on the events of an hour, which are 37 of these flights.
    """
    event_type = CATALOGUE[TYPE]
    table = quoted(event_type.table)
    (row,) = warehouse.rows(f"SELECT * FROM {table} LIMIT 1", seconds=READ_SECONDS)
    names = ", ".join(quoted(name) for name in row)
    values = ", ".join("MD5(event_key || copy)" if n == "event_key" else quoted(n) for n in row)
    copies = " UNION ALL ".join(f"SELECT {number} AS copy" for number in range(1, BUSIER))
    added = f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} CROSS JOIN ({copies}) AS c"
    drops = [f"DROP TABLE {quoted(name)}" for name in rollup_tables(event_type)]
    for part in ([added], [*drops, *fill_rollups(event_type)]):
        warehouse.execute_batch(part, seconds=FILL_SECONDS)
    return {
        f"{BUSIER} times as many arrivals in the same hours, {name}": _compared(
            warehouse, QUESTIONS[name], BUSIER * EVENTS
        )
        for name in ADDITIVE
    }


def _compared(warehouse: Warehouse, parameters: Mapping[str, str], events: int = EVENTS) -> str:
    """Time both by turns, so that noise meets both; returns the ratio of their medians.

    The ratio of the rows that are read tells what does not depend on the database's fixed costs.
    """
    question = read_question(CATALOGUE[TYPE], parameters)
    rollups, whole = [], []
    for _ in range(ROUNDS):
        rollups.append(_milliseconds(warehouse, question, choose))
        whole.append(_milliseconds(warehouse, question, facts))
    slow, fast = median(whole), median(rollups)
    rows = events / _rows_read(warehouse, choose(question))
    return f"{slow / fast:.1f} ({slow:.0f} ms, {fast:.0f} ms), rows read {rows:.1f} times"


def _rows_read(warehouse: Warehouse, source: Source) -> int:
    where = " AND ".join(source.conditions) or "TRUE"
    sql = f"SELECT COUNT(*) AS found FROM {source.table} WHERE {where}"
    return int(warehouse.rows(sql, seconds=READ_SECONDS)[0]["found"])


def _milliseconds(
    warehouse: Warehouse, question: Question, source: Callable[[Question], Source]
) -> float:
    started = time.perf_counter()
    _read(warehouse, question, source(question))
    return 1000 * (time.perf_counter() - started)


def _read(warehouse: Warehouse, question: Question, source: Source) -> Answer:
    """Read as the reader does, from this source."""
    sql, parameters = metrics_query(question, source)
    lines = warehouse.csv(sql, parameters, seconds=READ_SECONDS)
    return answer_question(question, lines, datetime.now(UTC))


def _reader(cloud: LocalCloud, warehouse: str) -> dict[str, str]:
    """Tell what a read of the deployed function adds to its two calls of the Data API."""
    environment = clean_environment(
        {
            **_variables(cloud, "ReadMetricsFunction"),
            "READS_PER_SECOND": "1000",  # or it would wait for the next second, again and again
            "AWS_ENDPOINT_URL": cloud.endpoint,
            "AWS_ENDPOINT_URL_REDSHIFT_DATA": warehouse,
            "AWS_XRAY_DAEMON_ADDRESS": f"{HOST}:9",
            "AWS_LAMBDA_FUNCTION_NAME": "read",
            "LAMBDA_TASK_ROOT": ".",
            "_X_AMZN_TRACE_ID": TRACE,
            "PYTHONPATH": "src:.",
        }
    )
    command = [sys.executable, "-m", "benchmarks.reading", str(READS)]
    printed = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith(b"{")]
    by_question = {line["question"]: line["reads"] for line in lines if "question" in line}
    reads = [read for listed in by_question.values() for read in listed]
    token, shelf = (median(read[part] for read in reads) for part in ("budget", "shelf"))
    return {
        "a read beyond its two Data API calls, in % of them": _beyond(reads, "budget", "shelf"),
        "… with its token of the budget": f"{_beyond(reads, 'shelf')} (+ {token:.1f} ms)",
        "… with its answer put on the shelf": f"{_beyond(reads)} (+ {shelf:.1f} ms)",
        **{
            f"… without these, {name}": (
                f"{_beyond(listed, 'budget', 'shelf')} of {median(r['calls'] for r in listed):.0f} ms"
            )
            for name, listed in by_question.items()
        },
    }


def _beyond(reads: Sequence[Read], *left_out: str) -> str:
    """Tell what reads took beyond their calls and these parts, in % of the calls."""
    rests = (
        100 * (read["total"] - read["calls"] - sum(read[part] for part in left_out)) / read["calls"]
        for read in reads
    )
    return f"{median(rests):.0f} %"


def _variables(cloud: LocalCloud, function: str) -> dict[str, str]:
    """Read the environment that the template gives a function."""
    pages = cloud.client("lambda").get_paginator("list_functions").paginate()
    (found,) = (
        one for page in pages for one in page["Functions"] if function in one["FunctionName"]
    )
    return dict(found["Environment"]["Variables"])


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"| {name} | {figure} |")
