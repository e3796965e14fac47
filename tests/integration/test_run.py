"""`make run` fails with a sentence and cleans up after itself."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from local.processes import HOST, find_processes, free_port

ROOT = Path(__file__).parents[2]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-m", "local.run", *arguments],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_a_taken_port_is_told_in_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        state = ROOT / f".local/run-{port}/of-another-run"
        state.mkdir(parents=True)
        run = start("--once", "--port", str(port))
        _, errors = run.communicate(timeout=60)
    state.rmdir()  # it is still there
    state.parent.rmdir()
    assert run.returncode == 1
    assert errors.strip().startswith(f"Port {port} on {HOST} is already in use")
    assert "Traceback" not in errors


def test_an_interrupt_stops_every_process() -> None:
    port = free_port()
    with start("--port", str(port)) as run:
        assert run.stdout
        deadline = time.monotonic() + 60
        while "Deploying" not in run.stdout.readline():
            assert time.monotonic() < deadline, "not in time: the local cloud starts"
        run.send_signal(signal.SIGINT)
        output, errors = run.communicate(timeout=60)
    assert (run.returncode, errors) == (0, "")
    assert output.endswith("Stopped.\n")
    assert find_processes({"GATEWAY_PORT": str(port)}) == []
