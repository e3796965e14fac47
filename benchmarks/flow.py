"""The week of flights through the whole flow: start, answers, memory, calls of the Data API."""

import shutil
import time
from collections import Counter
from pathlib import Path

from local.answers import wait_until_loaded
from local.call_counter import counting_calls
from local.cloud import LocalCloud, address_of_warehouse, start_warehouse
from local.feed import send_through_all
from local.processes import HOST, find_processes, free_port
from local.run import deploy_template
from local.sample import week
from local.stack import Stack

STATE = Path(".local/benchmark")
START_SECONDS = 60
LOAD_SECONDS = 300
REST_SECONDS = 75  # idle workers are let go after 60 s
SUSTAINED_ROUNDS = 3


def measure() -> dict[str, str]:
    """Run the flow once; returns a line for each figure."""
    shutil.rmtree(STATE, ignore_errors=True)
    started = time.monotonic()
    port = free_port()
    warehouse = start_warehouse(STATE, f"http://{HOST}:{port}")
    try:
        with (
            counting_calls(address_of_warehouse(warehouse, started + START_SECONDS)) as (
                proxy,
                calls,
            ),
            LocalCloud(STATE, port=port, redshift_endpoint=proxy) as cloud,
        ):
            stack = Stack.on_machine(cloud, deploy_template(cloud))
            figures = _measure(stack, calls, started)
            stack.close()
            time.sleep(REST_SECONDS)
            figures["memory at rest"] = f"{_memory(cloud.port, warehouse.pid):.0f} MB"
            return figures
    finally:
        warehouse.stop()


def _measure(stack: Stack, calls: Counter[str], started: float) -> dict[str, str]:
    stack.get("/v1/metrics/flight.arrived", group_by="carrier")
    first_answer = time.monotonic() - started
    events = week()
    sending = time.monotonic()
    send_through_all(stack, events)
    wait_until_loaded(stack, len(events), LOAD_SECONDS)
    seconds = time.monotonic() - sending
    per_thousand = _calls_of_loads(stack, calls, len(events))
    return {
        "start to first answer, still empty": f"{first_answer:.1f} s",
        "the week, entrances to endpoint": f"{seconds:.1f} s for {len(events):,} events",
        "Data API calls per 1,000 events": f"{per_thousand:.2f}",
    }


def _calls_of_loads(stack: Stack, calls: Counter[str], known: int) -> float:
    """Send the week over and over, as new events; count the loader's calls per 1,000 events.

    A read is one ExecuteStatement and one call for its result; all other calls are the loader's.
    """
    before, sent = Counter(calls), 0
    for turn in range(SUSTAINED_ROUNDS):
        again = [{**event, "id": f"{turn}-{event['id']}"} for event in week()]
        send_through_all(stack, again)
        sent += len(again)
        wait_until_loaded(stack, known + sent, LOAD_SECONDS)
    made = calls - before
    return 1000 * (made.total() - 2 * made["ExecuteStatement"]) / sent


def _memory(port: int, warehouse: int) -> float:
    """Sum up the memory (MB, shared pages by share) of the emulator, its workers, the warehouse."""
    pids = {*find_processes({"GATEWAY_PORT": str(port)}), warehouse}
    return sum(_proportional_kb(pid) for pid in pids) / 1024


def _proportional_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
