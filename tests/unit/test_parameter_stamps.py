"""Marks of built functions: they change with the values that a function depends on, and only then."""

from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from local.parameter_stamps import MARK, stamp

DEFAULTS = {"Seconds": "5", "Name": "a", "Existing": "", "Size": "1"}
TEMPLATE = """
Parameters:
  Seconds: {Type: Number}
  Name: {Type: String}
  Existing: {Type: String}
  Size: {Type: Number}
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


@pytest.fixture
def built(tmp_path: Path) -> Path:
    for name in ("Reads", "Writes"):
        (tmp_path / name).mkdir()
    return tmp_path


def changed_by(built: Path, values: dict[str, str]) -> set[str]:
    """Names of the functions whose marks are others than with the defaults."""

    def marks(values: dict[str, str]) -> dict[str, str]:
        stamp(built, yaml_parse(TEMPLATE), values)
        return {name: (built / name / MARK).read_text() for name in ("Reads", "Writes")}

    before, after = marks(DEFAULTS), marks({**DEFAULTS, **values})
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("value", "functions"),
    [
        ({"Seconds": "6"}, {"Reads"}),
        ({"Name": "b"}, {"Reads", "Writes"}),
        ({"Existing": "x"}, {"Writes"}),
        ({"Size": "2"}, set()),
        ({"Seconds": "5"}, set()),
    ],
    ids=["own", "shared", "condition", "other", "default"],
)
def test_a_value_marks_the_functions_that_depend_on_it(
    built: Path, value: dict[str, str], functions: set[str]
) -> None:
    assert changed_by(built, value) == functions
