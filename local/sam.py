"""Runs SAM's command from its own virtual environment, with the template's Python on PATH."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.parameter_stamps import stamp

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
    if "build" in arguments[:1]:
        folder = folder_of(runtime())
        if folder is None:
            raise PythonMissing(
                f"sam build needs {runtime()} on PATH, the runtime that template.yaml names"
            )
        environment["PATH"] = f"{folder}{os.pathsep}{environment['PATH']}"
    return environment


def main() -> int:
    """Run SAM with the arguments given; returns its exit status.

    `--find-python` only tells whether the Python that `sam build` needs is there.
    """
    only_look = sys.argv[1:2] == ["--find-python"]
    arguments = ["build"] if only_look else sys.argv[1:]
    try:
        environment = environment_of(arguments, os.environ)
    except PythonMissing as problem:
        print(problem)
        return 1
    if only_look:
        return 0
    if "deploy" in arguments[:1]:
        stamp(ROOT, arguments)
    return subprocess.run([SAM, *arguments], env=environment, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
