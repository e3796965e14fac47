"""Start a server of the local cloud as a child that never outlives its parent, and stop it."""

import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

HOST = "127.0.0.1"
PROJECT = Path(__file__).resolve().parents[1]

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
_FAKE_AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_STOP_SECONDS = 10.0
_TAIL_LINES = 15


class PortTaken(RuntimeError):
    """Another program listens on the port that the local cloud should use."""


class ServerDidNotStart(RuntimeError):
    """A server of the local cloud ended, or stayed silent until its deadline."""


def free_port() -> int:
    """Find a port on 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def require_free(port: int) -> None:
    """Raise PortTaken, in one sentence, if the port on 127.0.0.1 cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortTaken(
                f"Port {port} on {HOST} is already in use; stop what listens there or choose another."
            ) from error


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Build an environment without the user's AWS settings: fake credentials, UTC, and `extra`.

    Only a few variables are inherited, so that no real profile, endpoint or proxy gets in.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, **_FAKE_AWS, "TZ": "UTC", "PYTHONUNBUFFERED": "1", **extra}


class Server:
    """One server process, running a module of this project with its output in a log file."""

    def __init__(
        self, module: str, arguments: Iterable[str], *, log: Path, environment: Mapping[str, str]
    ) -> None:
        self.module = module
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.processes", module, *arguments],
                cwd=PROJECT,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which then stops us
            )

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    def wait_for_line(self, pattern: str, deadline: float) -> str:
        """Return the first group of `pattern` in the log; `deadline` is a time.monotonic() value.

        Raises ServerDidNotStart with the tail of the log.
        """
        while True:
            found = re.search(pattern, self._read_log())
            if found:
                return found.group(1)
            if self._process.poll() is not None:
                raise self._failure(f"ended with status {self._process.returncode}")
            if time.monotonic() > deadline:
                raise self._failure("was not ready in time")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the process: by SIGTERM, and by SIGKILL if it has not gone after 10 s."""
        if self._process.stdin:
            self._process.stdin.close()
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read_log(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _failure(self, what: str) -> ServerDidNotStart:
        tail = "\n".join(self._read_log().splitlines()[-_TAIL_LINES:])
        return ServerDidNotStart(f"{self.module} {what}. The end of {self.log}:\n{tail}")


def find_processes(settings: Mapping[str, str]) -> list[int]:
    """Find the ids of the processes that were started with all of these environment variables."""
    wanted = [f"{name}={value}" for name, value in settings.items()]
    return sorted(
        pid for pid, environment in _environments() if all(item in environment for item in wanted)
    )


def _environments() -> Iterable[tuple[int, list[str]]]:
    """Yield every process that may be looked into, with its `NAME=value` items."""
    if not Path("/proc/self/environ").exists():
        yield from _environments_by_ps()
        return
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue  # it ended meanwhile, or belongs to another user
        yield int(folder.name), environment.decode(errors="replace").split("\0")


def _environments_by_ps() -> Iterable[tuple[int, list[str]]]:
    listing = subprocess.run(
        ["ps", "-axEww", "-o", "pid=,command="], check=True, capture_output=True, text=True
    )
    for line in listing.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command.split()


def end_with_parent() -> None:
    """Make SIGTERM come to this process when its parent is gone, however that ended.

    The parent holds the other end of our standard input, which closes even on `kill -9`. It works
    alike on Linux and macOS, and unlike a parent-death signal doesn't depend on the thread that
    started us.
    """

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_STOP_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


if __name__ == "__main__":
    end_with_parent()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
