"""Each planted mistake is caught by the check that it names; without one no check finds anything."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.lint.findings import accepted_in, remaining, told_of_origins
from local.lint.programs import PROGRAMS, ROOT
from local.lint.source_linters import bandit, secrets
from local.lint.template_linters import LINTERS, write_case
from tests.template.mutants import MUTANTS, Mutant

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PROGRAMS.exists(), reason="`make lint-template` installs the linters first"
    ),
]

UNCHANGED = Mutant("nothing is changed", lambda _root: None, "", "")
FILES = (
    "template.yaml",
    "samconfig.toml",
    "pyproject.toml",
    "tests/conftest.py",
    "tests/reader_settings.py",
)
# Where a mutant's tool is looked for. What is accepted, checkov tells as well as another.
WATCHED = {
    "cfn-lint": {"cfn-lint"},
    "tests": {mutant.tool for mutant in MUTANTS if mutant.tool.startswith("test_")},
    "checkov": {"checkov", "accepted"},
    "parliament": {"parliament"},
    "secrets": {"secrets"},
    "bandit": {"bandit"},
}
OUTCOME = re.compile(r"^(PASSED|FAILED) ([^/]+)/tests/template/(\w+)\.py::(\w+)", re.MULTILINE)
KEY_TWICE = "a-resource-has-a-key-twice"  # only the text shows it
SQL = "src/pipeline/serve/querying"
Roots = dict[str, Path]
Noticed = dict[str, set[tuple[str, str]]]  # by mutant: who found something, and what


def copied(mutant: Mutant, folder: Path) -> Path:
    """Make a copy of the project with the mistake in it; what is large is linked file by file."""
    root = folder / mutant.name
    shutil.copytree(ROOT / "tests/template", root / "tests/template")
    for place in ("src", "statemachine", "dependencies"):
        shutil.copytree(ROOT / place, root / place, copy_function=os.symlink)
    for file in FILES:
        shutil.copy(ROOT / file, root / file)
    mutant.change(root)
    return root


def by_linter(tool: str, roots: Roots, folder: Path) -> Noticed:
    """Run a linter of templates once over all copies, with what each template accepts."""
    templates = {
        name: write_case(folder / name, root / "template.yaml", root)
        for name, root in roots.items()
    }
    for name in set(templates) - {UNCHANGED.name, KEY_TWICE}:
        (folder / name / "source.yaml").unlink()  # its expanded form has the same mistake
    found = LINTERS[tool](folder)
    noticed: Noticed = {}
    for name, template in templates.items():
        of_case = told_of_origins([one for one in found if one.case == name], template)
        left = remaining(of_case, accepted_in(template))
        noticed[name] = {(one.tool, one.rule) for one in left}
    return noticed


def by_bandit(roots: Roots) -> Noticed:
    """Run bandit over the folder that a mistake is planted in."""
    found = {name: bandit(root, SQL) for name, root in roots.items()}
    return {name: {(one.tool, one.rule) for one in told} for name, told in found.items()}


def by_secrets(names: Iterable[str], folder: Path) -> Noticed:
    """Search the file that secrets are planted in, once for all copies."""
    noticed: Noticed = {name: set() for name in names}
    for found in secrets(folder, [f"{name}/samconfig.toml" for name in noticed]):
        noticed[found.place.split("/")[0]].add((found.tool, found.rule))
    return noticed


def by_tests(mutants: list[Mutant], folder: Path) -> Noticed:
    """Run the tests that mutants name in their copies, and all of them in the unchanged one."""
    named = {f"{one.tool}.py::{one.check}" for one in mutants}
    tests = [f"{one.name}/tests/template/{one.tool}.py::{one.check}" for one in mutants]
    tests += [f"{UNCHANGED.name}/tests/template/{test}" for test in sorted(named)]
    settings = [
        "--import-mode=importlib",
        f"--config-file={ROOT}/pyproject.toml",
        f"--rootdir={folder}",
    ]
    plugins = ["-p", "no:cacheprovider", "-p", "no:xdist"]
    run = subprocess.run(  # noqa: S603 (pytest, and names from this folder)
        [sys.executable, "-m", "pytest", *settings, *plugins, "-q", "-rA", *tests],
        check=False,
        capture_output=True,
        cwd=folder,
        text=True,
    )
    noticed: Noticed = {one.name: set() for one in [UNCHANGED, *mutants]}
    ran = set()
    for outcome, name, file, test in OUTCOME.findall(run.stdout):
        ran.add(name)
        if outcome == "FAILED":
            noticed[name].add((file, test))
    assert ran == set(noticed), run.stdout + run.stderr
    return noticed


@pytest.fixture(scope="module")
def noticed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Noticed]:
    """What each tool found in each copy that is meant for it, and in the unchanged one."""
    copies = tmp_path_factory.mktemp("copies")
    roots = {one.name: copied(one, copies) for one in [UNCHANGED, *MUTANTS]}

    def by(tool: str) -> Noticed:
        own = [one for one in MUTANTS if one.tool in WATCHED[tool]]
        if tool == "tests":
            return by_tests(own, copies)
        of_tool = {one.name: roots[one.name] for one in [UNCHANGED, *own]}
        if tool in LINTERS:
            return by_linter(tool, of_tool, tmp_path_factory.mktemp(tool))
        return by_bandit(of_tool) if tool == "bandit" else by_secrets(of_tool, copies)

    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(WATCHED, pool.map(by, WATCHED), strict=True))


@pytest.mark.parametrize("mutant", MUTANTS, ids=[one.name for one in MUTANTS])
def test_a_planted_mistake_is_caught(mutant: Mutant, noticed: dict[str, Noticed]) -> None:
    [tool] = [tool for tool, watched in WATCHED.items() if mutant.tool in watched]
    new = noticed[tool][mutant.name] - noticed[tool][UNCHANGED.name]
    assert (mutant.tool, mutant.check) in new


@pytest.mark.parametrize("tool", WATCHED)
def test_without_a_mistake_nothing_is_found(tool: str, noticed: dict[str, Noticed]) -> None:
    # What other linters need accepted stands idle where one of them runs alone.
    assert {found for found in noticed[tool][UNCHANGED.name] if found[0] != "accepted"} == set()
