"""Runs SAM's command from its own virtual environment, with the template's Python on PATH."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.parameters import Refused
from local.sam_arguments import HELP, explicit

ROOT = Path(__file__).parent.parent
SAM = ROOT / ".venv-sam/bin/sam"


class PythonMissing(RuntimeError):
    """`sam build` would fail, because the Python that the template names is not there."""


def runtime() -> str:
    """Return the runtime that the template names, such as python3.13."""
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    found = re.search(r"Runtime: (python3\.\d+)", template)
    if not found:
        sys.exit("template.yaml names no Python runtime")
    return found[1]


def folder_of(python: str) -> Path | None:
    """Find the folder of a Python that really runs: pyenv's shims do not count."""
    places = [Path(place) for place in os.environ.get("PATH", "").split(os.pathsep) if place]
    version = python.removeprefix("python")
    versions = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    places += sorted(versions.glob(f"{version}*/bin"), reverse=True)
    return next((place for place in places if runs(place / python)), None)


def runs(python: Path) -> bool:
    """Tell whether a Python starts."""
    if not python.is_file() or python.parent.name == "shims":
        return False
    return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0


def environment_of(arguments: Sequence[str], inherited: Mapping[str, str]) -> dict[str, str]:
    """Add to an environment what SAM needs for a command: a Region, and for a build its Python.

    Raises PythonMissing.
    """
    environment = {"AWS_DEFAULT_REGION": "us-east-1", **inherited}
    if command_in(arguments) == "build":
        folder = folder_of(runtime())
        if folder is None:
            raise PythonMissing(
                f"sam build needs {runtime()} on PATH, the runtime that template.yaml names"
            )
        environment["PATH"] = f"{folder}{os.pathsep}{environment['PATH']}"
    return environment


def command_in(arguments: Sequence[str]) -> str:
    """Find which of SAM's commands is called; empty if none is."""
    return next((word for word in arguments if not word.startswith("-")), "")


def run(
    arguments: Sequence[str], inherited: Mapping[str, str], project: Path, **how: Any
) -> subprocess.CompletedProcess[Any]:
    """Run a command of SAM's in a project's folder; `how` is for subprocess.run.

    A deployment names every parameter. Raises PythonMissing, and Refused for a deployment that
    would fail or would not be what is read here, before anything is uploaded.
    """
    environment = environment_of(arguments, inherited)
    if command_in(arguments) == "deploy":
        if {"-h", "--help"}.isdisjoint(arguments):
            arguments = explicit(project, arguments)
        else:
            print(HELP, flush=True)
    return subprocess.run([SAM, *arguments], env=environment, cwd=project, check=False, **how)


def main() -> int:
    """Run SAM with the arguments given; returns its exit status.

    `--find-python` only tells whether the Python that `sam build` needs is there.
    """
    try:
        if sys.argv[1:2] == ["--find-python"]:
            environment_of(["build"], os.environ)
            return 0
        return run(sys.argv[1:], os.environ, ROOT).returncode
    except (PythonMissing, Refused) as problem:
        print(problem)
        return 1


if __name__ == "__main__":
    sys.exit(main())
