"""Runs a linter out of the linters' virtual environment and reads its JSON."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / ".venv-lint/bin"
# Nothing may be asked of the network; a proxy that is nobody makes a try fail at once.
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")


class LinterFailedError(Exception):
    """A linter did not do its work: what it said instead of findings."""


def answer(program: str, *arguments: str | Path) -> Any:
    """Run a linter and return its JSON.

    Linters exit with some status or other when they find something, so the status says nothing.
    Raises LinterFailedError if there is no JSON.
    """
    done = _run(program, *arguments)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise _failed(program, done) from error


def answers(program: str, *arguments: str | Path) -> list[Any]:
    """Run a program that prints one JSON value a line and exits with 0.

    Raises LinterFailedError if it exits with another status.
    """
    done = _run(program, *arguments)
    if done.returncode:
        raise _failed(program, done)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAMS / program, *arguments],
        check=False,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **OFFLINE, "AWS_DEFAULT_REGION": "us-east-1"},
        text=True,
    )


def _failed(program: str, done: subprocess.CompletedProcess[str]) -> LinterFailedError:
    said = (done.stderr or done.stdout).strip()[-2000:]
    return LinterFailedError(f"{program} gave no findings but said:\n{said}")
