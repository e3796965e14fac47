"""What SAM's command gets from us: a Region, a build's Python, a deployment's parameters."""

import json
import sys
from pathlib import Path

import pytest

from local import sam
from local.sam_arguments import BUILT, HELP

TEMPLATE = "Parameters: {Seconds: {Type: Number, Default: 5}}\nResources: {}"


def test_a_build_finds_the_python_of_the_template_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sam, "folder_of", lambda python: Path("/opt") / python)
    environment = sam.environment_of(["build"], {"PATH": "/bin"})
    assert environment["PATH"] == f"/opt/{sam.runtime()}:/bin"


def test_a_build_without_its_python_says_which_one_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sam, "folder_of", lambda _python: None)
    with pytest.raises(sam.PythonMissing, match=sam.runtime()):
        sam.environment_of(["build"], {"PATH": "/bin"})


def test_other_commands_need_no_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sam, "folder_of", lambda _python: None)
    assert sam.environment_of(["deploy"], {"PATH": "/bin"})["PATH"] == "/bin"


@pytest.mark.parametrize(("given", "used"), [({}, "us-east-1"), ({"AWS_DEFAULT_REGION": "x"}, "x")])
def test_the_region_is_the_users_own_if_there_is_one(given: dict[str, str], used: str) -> None:
    assert sam.environment_of(["validate"], given)["AWS_DEFAULT_REGION"] == used


def test_a_shim_is_no_python(tmp_path: Path) -> None:
    shims = tmp_path / "shims"
    shims.mkdir()
    shim = shims / "python3.13"
    shim.write_text("#!/bin/sh\nexit 0\n")
    shim.chmod(0o755)
    assert not sam.runs(shim)
    assert sam.runs(shim.rename(tmp_path / "python3.13"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built project, and a SAM that writes down what it was told."""
    program = f"#!{sys.executable}\nimport json, sys\njson.dump(sys.argv[1:], open('told', 'w'))\n"
    stand_in = tmp_path / "sam"
    stand_in.write_text(program)
    stand_in.chmod(0o755)
    monkeypatch.setattr(sam, "SAM", stand_in)
    monkeypatch.setattr(sam, "ROOT", tmp_path)
    (tmp_path / BUILT).mkdir(parents=True)
    (tmp_path / BUILT / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "samconfig.toml").write_text("[dev.deploy.parameters]")
    return tmp_path


def told(project: Path, *arguments: str) -> list[str]:
    assert sam.run(arguments, {}, project).returncode == 0
    return list(json.loads((project / "told").read_text()))


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "--lint"),
        ("delete", "--config-env", "dev", "--no-prompts"),
        ("local", "invoke", "deploy", "--parameter-overrides", "Seconds=99 Other=1"),
        ("--version",),
        ("deploy", "--help"),
    ],
    ids=["validate", "delete", "local", "none", "help"],
)
def test_what_deploys_nothing_is_passed_on_as_it_is(
    project: Path, arguments: tuple[str, ...]
) -> None:
    assert told(project, *arguments) == list(arguments)


@pytest.mark.parametrize("before", [(), ("--debug",)], ids=["first", "after-an-option"])
def test_a_deployment_names_its_parameters(project: Path, before: tuple[str, ...]) -> None:
    given = [*before, "deploy", "--config-env", "dev"]
    assert told(project, *given) == [*given, "--parameter-overrides", 'Seconds="5"']


def test_a_deployments_help_tells_where_values_come_from(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(project, "deploy", "-h")
    assert capsys.readouterr().out.startswith(HELP)


def test_a_refused_deployment_never_reaches_sam(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["deploy", "--config-env", "dev", "--parameter-overrides", "Seconds=soon"]
    monkeypatch.setattr(sys, "argv", ["sam", *words])
    assert sam.main() == 1
    assert capsys.readouterr().out == "Seconds=soon: allowed is a number\n"
    assert not (project / "told").exists()
