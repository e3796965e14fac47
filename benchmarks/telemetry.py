"""What logs, metrics and traces cost a handler, in instructions: noise cannot move them.

The same handler does the same work with telemetry and without, SDK calls to a server that says yes
included. Run alone: PYTHONPATH=src python -m benchmarks.telemetry
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fake_aws import serving
from benchmarks.observing import IDLE

ROOT = Path(__file__).parents[1]
# How often each handler is called: instructions hardly differ from call to call.
ROUNDS: Mapping[str, int] = {
    "receive_request, 1 event": 10,
    "receive_request, 100 events": 3,
    "stage_batch, 1,000 events": 2,
    "load_batches": 5,
    "read_metrics": 5,
}
# X-Ray's share of requests beyond the first of a second.
SHARE_SAMPLED = 0.05
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "function",  # with it botocore sends the trace's header
    "POWERTOOLS_SERVICE_NAME": "events-to-endpoints",
    "POWERTOOLS_METRICS_NAMESPACE": "EventsToEndpoints",
    "EVENT_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/EventQueue",
    "LAKE_BUCKET": "events-lake-123456789012",
    "BUS_NAME": "bus",
    "WORKGROUP_NAME": "pipeline",
    "DATABASE_NAME": "events",
    "COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/copy",
    "BUDGET_TABLE": "budget",
    "READS_PER_SECOND": "1000000",
    "CACHE_TTL_SECONDS": "300",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class NotMeasurable(RuntimeError):
    """Valgrind is not on this machine."""


@dataclass(frozen=True)
class Cost:
    """Instructions of one call of a handler."""

    off: int
    unsampled: int
    sampled: int

    @property
    def mixed(self) -> float:
        """How many times the instructions of its work a handler needs on average."""
        return (1 - SHARE_SAMPLED) * self.times(self.unsampled) + SHARE_SAMPLED * self.times(
            self.sampled
        )

    def times(self, instructions: int) -> float:
        """Compare with the handler's work alone."""
        return instructions / self.off


def costs(rounds: Mapping[str, int] = ROUNDS) -> dict[str, Cost]:
    """Count the instructions of HANDLERS, all in one run; raises NotMeasurable without valgrind."""
    if not shutil.which("valgrind"):
        raise NotMeasurable("telemetry is not measured: valgrind, which counts, is not there")
    with serving() as endpoint, tempfile.TemporaryDirectory() as home, ThreadPoolExecutor() as pool:
        environment = environment_of(endpoint, home)
        untraced = {**environment, "POWERTOOLS_TRACE_DISABLED": "1"}
        # Both at once: most of the time is theirs that load the handlers.
        without = pool.submit(_count, untraced, rounds, ("off",))
        observed = pool.submit(_count, environment, rounds, ("unsampled", "sampled"))
        found = without.result() | observed.result()
    return {
        what: Cost(*(found[f"{what}, {mode}"] for mode in ("off", "unsampled", "sampled")))
        for what in rounds
    }


def environment_of(endpoint: str, home: str) -> dict[str, str]:
    """Make the environment of a function whose AWS is at an endpoint, as Lambda makes it."""
    return {
        **VARIABLES,
        "AWS_ENDPOINT_URL": endpoint,
        "HOME": home,
        "LAMBDA_TASK_ROOT": home,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }


def _count(
    environment: Mapping[str, str], rounds: Mapping[str, int], modes: Sequence[str]
) -> dict[str, int]:
    """Count the instructions of a call of each handler in each mode, by `handler, mode`."""
    wanted = [f"{what}={times}" for what, times in rounds.items()]
    command = [
        "valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null",
        sys.executable, "-m", "benchmarks.observing", ",".join(modes), *wanted,
    ]  # fmt: skip
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if run.returncode or "Traceback" in run.stderr:
        raise RuntimeError(run.stderr[-2000:])
    processes = dict(re.findall(r"^(.+) is (\d+)$", run.stderr, re.MULTILINE))
    counted = {
        pid: int(count.replace(",", ""))
        for pid, count in re.findall(r"^==(\d+)== I\s+refs:\s+([\d,]+)", run.stderr, re.MULTILINE)
    }
    idle = counted[processes.pop(IDLE)]
    return {
        name: (counted[pid] - idle) // rounds[name.rpartition(", ")[0]]
        for name, pid in processes.items()
    }


def measure() -> dict[str, str]:
    """Return the ratios of every handler."""
    try:
        return {f"telemetry of {what}": told(found) for what, found in costs().items()}
    except NotMeasurable as missing:
        return {"telemetry": f"not measured: {missing}"}


def told(found: Cost) -> str:
    """Say what telemetry costs a handler."""
    return (
        f"{found.mixed:.3f} times the instructions of the work"
        f" ({found.times(found.unsampled):.3f} without a trace, {found.times(found.sampled):.3f}"
        f" with one; {found.off / 1e6:.1f} million without telemetry)"
    )


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name}: {figure}", flush=True)
