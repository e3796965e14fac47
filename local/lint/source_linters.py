"""The linters of source and text: bandit over the Python, checkov over every file for secrets."""

import fnmatch
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from local.lint.findings import Finding
from local.lint.programs import LinterFailedError, answer

Line = tuple[str, int]  # a file with the number of the line

# Ruff has bandit's rules with the same numbers, so one comment or ignore speaks for both.
EXCUSE = re.compile(r"#\s*noqa:(?P<rules>[ A-Z0-9,]*)(?P<reason>.*)")
SKIP = re.compile(r"checkov:skip=(?P<rule>CKV_SECRET_\d+)(?P<reason>:.{10,})?")


def bandit(root: Path, *folders: str) -> list[Finding]:
    """Check Python for what bandit takes for dangerous, from medium severity on.

    Below that it warns of modules that are merely imported; ruff has those of its rules that tell
    something.
    """
    told = answer("bandit", "-ll", "-q", "-r", *[root / folder for folder in folders], "-f", "json")
    if told["errors"]:
        raise LinterFailedError(f"bandit could not read {told['errors']}")
    found = []
    for result in told["results"]:
        path = Path(result["filename"]).relative_to(root)
        rule, number = result["test_id"], result["line_number"]
        place = f"{path}:{number}"
        line = (root / path).read_text(encoding="utf-8").splitlines()[number - 1]
        if not _ignored(path, rule, root) and not excused(line, rule):
            found.append(Finding("bandit", "", rule, place, result["issue_text"]))
    return sorted(found)


def _ignored(path: Path, rule: str, root: Path) -> bool:
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    ignores = settings["tool"]["ruff"]["lint"]["per-file-ignores"]
    return any(
        fnmatch.fnmatch(str(path), pattern) and rule.replace("B", "S") in rules
        for pattern, rules in ignores.items()
    )


def excused(line: str, rule: str) -> bool:
    """Tell whether a line excuses itself from a rule, with a reason."""
    excuse = EXCUSE.search(line)
    return bool(excuse and rule.replace("B", "S") in excuse["rules"] and excuse["reason"].strip())


def secrets(root: Path, files: Iterable[str]) -> list[Finding]:
    """Search files for keys, tokens and passwords; nothing is tried out against anybody.

    What only looks like one says so, in its line or above: `checkov:skip=CKV_SECRET_n:why`.
    """
    paths = [root / file for file in files if (root / file).is_file()]
    options = ["--enable-secret-scan-all-files", "--compact", "--skip-download", "-o", "json"]
    told = answer("checkov", "--framework", "secrets", *options, "-f", *paths)
    results = told.get("results", {"failed_checks": [], "skipped_checks": []})
    found = [
        _finding(check["check_id"], _line_of(check, root), check["check_name"])
        for check in results["failed_checks"]
    ]
    used = {_line_of(check, root) for check in results["skipped_checks"]}
    return sorted([*found, *wrong_skips(root, paths, used)])


def _line_of(check: dict[str, Any], root: Path) -> Line:
    return str(Path(check["file_abs_path"]).relative_to(root)), check["file_line_range"][0]


def _finding(rule: str, line: Line, text: str) -> Finding:
    name, number = line
    return Finding("secrets", "", rule, f"{name}:{number}", text)


def wrong_skips(root: Path, paths: list[Path], used: set[Line]) -> Iterator[Finding]:
    """Find comments that skip a line without a reason, or where there is nothing to skip."""
    for path in paths:
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            skip = SKIP.search(line)
            if not skip:
                continue
            name = str(path.relative_to(root))
            if not skip["reason"]:
                yield _finding(skip["rule"], (name, number), "is skipped without a reason")
            if not used & {(name, near) for near in (number - 1, number, number + 1)}:
                yield _finding(skip["rule"], (name, number), "is skipped, but nothing is there")


def tracked(root: Path) -> list[str]:
    """List the files that are in the repository or could be: all that Git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, check=False, capture_output=True, cwd=root, text=True)
    if listed.returncode:
        raise LinterFailedError(f"git could not list the files: {listed.stderr.strip()}")
    return sorted(file for file in listed.stdout.split("\0") if file)
