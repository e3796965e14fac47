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
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fake_aws import serving
from benchmarks.observing import HANDLERS

ROOT = Path(__file__).parents[1]
ROUNDS = 20
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


def cost(what: str, rounds: int = ROUNDS) -> Cost:
    """Count the instructions of one of HANDLERS; raises NotMeasurable without valgrind."""
    if not shutil.which("valgrind"):
        raise NotMeasurable("telemetry cannot be measured: valgrind is not there")
    with serving() as endpoint, tempfile.TemporaryDirectory() as home:
        environment = environment_of(endpoint, home)
        untraced = {**environment, "POWERTOOLS_TRACE_DISABLED": "1"}
        without = _count(untraced, what, rounds, ("idle", "off"))
        observed = _count(environment, what, rounds, ("idle", "unsampled", "sampled"))
    return Cost(without["off"], observed["unsampled"], observed["sampled"])


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
    environment: Mapping[str, str], what: str, rounds: int, modes: Sequence[str]
) -> dict[str, int]:
    """Count the instructions of a call in each mode; the first one is `idle`."""
    command = [
        "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
        sys.executable, "-m", "benchmarks.observing", what, str(rounds), *modes,
    ]  # fmt: skip
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if run.returncode or "Traceback" in run.stderr:
        raise RuntimeError(f"{what}: {run.stderr[-2000:]}")
    modes_of = {
        pid: mode for mode, pid in re.findall(r"^(\w+) is (\d+)$", run.stderr, re.MULTILINE)
    }
    counted = {
        modes_of[pid]: int(count)
        for pid, count in re.findall(r"^==(\d+)== Collected : (\d+)", run.stderr, re.MULTILINE)
        if pid in modes_of
    }
    return {mode: (counted[mode] - counted["idle"]) // rounds for mode in modes[1:]}


def measure() -> dict[str, str]:
    """Return the ratios of every handler."""
    try:
        return {f"telemetry of {what}": _told(cost(what)) for what in HANDLERS}
    except NotMeasurable as missing:
        return {"telemetry": f"not measured: {missing}"}


def _told(found: Cost) -> str:
    return (
        f"{found.mixed:.3f} times the instructions of the work"
        f" ({found.times(found.unsampled):.3f} without a trace, {found.times(found.sampled):.3f}"
        f" with one; {found.off / 1e6:.1f} million without telemetry)"
    )


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name}: {figure}", flush=True)
