"""Checks the template and the source with linters that ask nobody: `python -m local.lint`."""

import re
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from samtranslator.model.exceptions import InvalidDocumentException

from local.lint.findings import Finding, accepted_in, remaining, told_of_origins
from local.lint.programs import ROOT, LinterFailedError
from local.lint.source_linters import bandit, secrets, tracked
from local.lint.template_linters import LINTERS, write_case

TEMPLATE = ROOT / "template.yaml"
TOOLS = ("cfn-lint", "checkov", "parliament", "accepted", "bandit", "secrets")


def main() -> int:
    """Run every linter, print what each found, and return 1 if that is anything."""
    try:
        findings = found()
    except LinterFailedError as error:
        print(error)
        return 1
    except InvalidDocumentException as error:
        print(f"SAM refuses {TEMPLATE.name}: {error.message}")
        return 1
    for tool in TOOLS:
        print_section(tool, [finding for finding in findings if finding.tool == tool])
    return int(bool(findings))


def found() -> list[Finding]:
    """Run the linters side by side and return what is not accepted."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor() as pool:
        folder = Path(name)
        template = write_case(folder / "template", TEMPLATE, ROOT)
        of_template = [pool.submit(linter, folder) for linter in LINTERS.values()]
        of_source = [
            pool.submit(bandit, ROOT, "src", "local"),
            pool.submit(secrets, ROOT, tracked(ROOT)),
        ]
        of_resources = [finding for told in of_template for finding in told.result()]
        left = remaining(told_of_origins(of_resources, template), accepted_in(template))
        return [*left, *(finding for told in of_source for finding in told.result())]


def print_section(tool: str, findings: Iterable[Finding]) -> None:
    """Print a tool's findings, a line each, or that there are none."""
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    told = [f"  {place(one, lines)}  {one.rule}  {one.text}".rstrip() for one in findings]
    print(f"{tool}: {len(told) or 'nothing'}", *told, sep="\n")


def place(finding: Finding, lines: list[str]) -> str:
    """Tell where to look: resources get their line in the template, files have theirs."""
    for number, line in enumerate(lines, 1):
        if re.fullmatch(rf"(  )?{re.escape(finding.place)}:", line):
            return f"{TEMPLATE.name}:{number} {finding.place}"
    return finding.place or TEMPLATE.name


if __name__ == "__main__":
    sys.exit(main())
