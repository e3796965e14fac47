"""Marks of built functions: they change with the values that a function depends on, and only then."""

from pathlib import Path

import pytest

from local.parameter_stamps import BUILT, MARK, overrides, stamp

TEMPLATE = """
Parameters:
  Seconds: {Type: Number, Default: 5}
  Name: {Type: String, Default: a}
  Existing: {Type: String, Default: ''}
  Size: {Type: Number, Default: 1}
Conditions:
  Creates: !Equals [!Ref Existing, '']
Globals:
  Function: {Environment: {Variables: {NAME: !Sub 'x-${Name}'}}}
Resources:
  Reads:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: Reads
      Environment: {Variables: {SECONDS: !Ref Seconds}}
  Writes:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: Writes
      Environment: {Variables: {PLACE: !If [Creates, here, there]}}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: !Ref Size}
"""
CONFIG = """
[dev.deploy.parameters]
parameter_overrides = "Seconds=7 Name=b"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("Reads", "Writes"):
        (tmp_path / BUILT / name).mkdir(parents=True)
    (tmp_path / BUILT / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "samconfig.toml").write_text(CONFIG)
    return tmp_path


def changed_by(project: Path, *values: str) -> set[str]:
    """Names of the functions whose marks are others than with the defaults."""

    def marks(*arguments: str) -> dict[str, str]:
        stamp(project, ["deploy", *arguments])
        return {name: (project / BUILT / name / MARK).read_text() for name in ("Reads", "Writes")}

    before, after = marks(), marks("--parameter-overrides", *values)
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("value", "functions"),
    [
        ("Seconds=6", {"Reads"}),
        ("Name=b", {"Reads", "Writes"}),
        ("Existing=x", {"Writes"}),
        ("Size=2", set()),
        ("Seconds=5", set()),
    ],
    ids=["own", "shared", "condition", "other", "default"],
)
def test_a_value_marks_the_functions_that_depend_on_it(
    project: Path, value: str, functions: set[str]
) -> None:
    assert changed_by(project, value) == functions


def test_arguments_win_over_the_environment(project: Path) -> None:
    config = project / "samconfig.toml"
    given = ["deploy", "--config-env", "dev", "--parameter-overrides", "Seconds=1", "Name=c"]
    assert overrides(given[:3], config) == {"Seconds": "7", "Name": "b"}
    assert overrides([*given, "--no-execute-changeset"], config) == {"Seconds": "1", "Name": "c"}
    assert not overrides(["deploy"], config)
