"""Makes a virtual environment with pinned packages, or says in a sentence why it cannot.

Usage: python local/bootstrap.py ENVIRONMENT REQUIREMENTS. It parses on Python 3.6 too, so that an
old Python is told which one is needed; each function returns what went wrong, or nothing.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

NEEDED = (3, 11)


def main(environment: Path, requirements: Path) -> str:
    """Install what `requirements` lists, unless exactly that was installed before."""
    if sys.version_info < NEEDED:
        found = ".".join(str(part) for part in sys.version_info[:2])
        return f"Python 3.11 or newer is needed; this is {found}. Try: make PYTHON=python3.13 …"
    stamp = environment / f"{requirements.name}.installed"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return ""
    return create(environment) or install(environment, requirements, stamp, wanted)


def create(environment: Path) -> str:
    """Make the virtual environment if there is none that works."""
    if (environment / "bin/python").exists():
        return ""
    print(f"Making the virtual environment {environment} …", flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(environment)],
        check=False,
        capture_output=True,
    )
    if made.returncode:
        return "Python's venv does not work here. On Debian or Ubuntu: apt install python3-venv"
    return ""


def install(environment: Path, requirements: Path, stamp: Path, wanted: str) -> str:
    """Install by pip; the stamp is written last, so a broken installation is tried again."""
    print(f"Installing {requirements} (once) …", flush=True)
    pip = [str(environment / "bin/python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    # The file is a complete lock with a hash for every package, so nothing is left to resolve.
    what = ["install", "--no-deps", "--require-hashes", "--requirement", str(requirements)]
    run = subprocess.run(
        [*pip, *what], check=False, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    if run.returncode:
        return explain(run.stderr.decode(errors="replace"))
    stamp.write_text(wanted)
    return ""


def explain(errors: str) -> str:
    """Turn pip's output into a sentence."""
    reasons = [line for line in errors.splitlines() if line.startswith("ERROR")] or [errors[-500:]]
    if "No matching distribution" in errors or "connection" in errors.lower():
        what = "The package registry could not be reached, or lacks a package."
    else:
        what = "Installing the packages failed."
    return f"{what} pip said: {reasons[-1]}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])) or 0)
