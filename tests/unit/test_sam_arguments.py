"""What SAM gets told for a deployment: every parameter, as SAM reads it."""

import itertools
import json
import subprocess
from pathlib import Path

import pytest

from local.parameter_stamps import MARK
from local.parameters import Refused
from local.sam import ROOT
from local.sam_arguments import BUILT, explicit, written_for_sam

TEMPLATE = """
Parameters:
  Seconds: {Type: Number, Default: 5, MaxValue: 9}
  Email: {Type: String, Default: ''}
  Subnets: {Type: CommaDelimitedList, Default: ''}
Resources:
  Reads:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: Reads
      Environment: {Variables: {SECONDS: !Ref Seconds}}
"""
CONFIG = """
[default.deploy.parameters]
[dev.deploy.parameters]
parameter_overrides = "Seconds=7 Subnets=subnet-1,subnet-2"
"""
# Reads its arguments as `sam deploy` does, and prints the values.
READER = """
import click, json, sys
from samcli.commands._utils.options import parameter_override_click_option
@click.command()
@parameter_override_click_option()
@click.option("--other", is_flag=True)
def read(parameter_overrides, other):
    print(json.dumps(parameter_overrides))
for arguments in json.load(sys.stdin):
    read(arguments, standalone_mode=False)
"""
AWKWARD = {
    "Empty": "",
    "List": "subnet-1,subnet-2",
    "Blanks": " two words  and B=2 ",
    "Double": 'say "a"',
    "Quoted": '"a"',
    "Single": "it's 'b'",
    "Mixed": """'a" ,b=c""",
    "Backslash": r"\d\.x",
    "Lines": "a\nb",
    "Dashes": "--other",
    "File": "file://x",
    "Hash": "#1 é",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / BUILT / "Reads").mkdir(parents=True)
    (tmp_path / BUILT / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "samconfig.toml").write_text(CONFIG)
    return tmp_path


def mark(project: Path) -> str:
    return (project / BUILT / "Reads" / MARK).read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], ['Seconds="5"', 'Email=""', 'Subnets=""']),
        (
            ["--config-env", "dev"],
            ["--config-env", "dev", 'Seconds="7"', 'Email=""', 'Subnets="subnet-1,subnet-2"'],
        ),
        (
            ["--config-env=dev", "--parameter-overrides=Seconds=1", "Email=a b"],
            ["--config-env=dev", 'Seconds="1"', 'Email="a b"', 'Subnets="subnet-1,subnet-2"'],
        ),
        (
            ["--parameter-overrides", "Seconds=1", "Subnets=a", "--config-env", "dev", "-x"],
            ["--config-env", "dev", "-x", 'Seconds="1"', 'Email=""', 'Subnets="a"'],
        ),
        (
            ["--config-env", "dev", "--parameter-overrides", "Subnets=", "Email='a b' Seconds=2"],
            ["--config-env", "dev", 'Seconds="2"', 'Email="a b"', 'Subnets=""'],
        ),
        (
            ["--parameter-overrides", "Seconds=1", "--parameter-overrides", "Email=a"],
            ['Seconds="1"', 'Email="a"', 'Subnets=""'],
        ),
    ],
    ids=["defaults", "environment", "equals-signs", "options-after", "one-word", "twice"],
)
def test_every_parameter_is_named_with_the_value_of_the_last_who_says_it(
    project: Path, arguments: list[str], told: list[str]
) -> None:
    values = told[-3:]
    assert explicit(project, ["deploy", *arguments]) == [
        "deploy",
        *told[:-3],
        "--parameter-overrides",
        *values,
    ]


def test_a_template_without_parameters_gets_none(project: Path) -> None:
    (project / BUILT / "template.yaml").write_text("Resources: {}")
    assert explicit(project, ["deploy", "--force-upload"]) == ["deploy", "--force-upload"]


def test_marks_belong_to_the_values_that_are_deployed(project: Path) -> None:
    marks = []
    for seconds in ("Seconds=5", "Seconds=6", "Email=a"):
        explicit(project, ["deploy", "--parameter-overrides", seconds])
        marks.append(mark(project))
    assert marks[0] == marks[2] != marks[1]
    explicit(project, ["deploy", "--config-env", "dev"])
    assert mark(project) not in marks


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--parameter-overrides", "Secnds=1"], "no parameter Secnds; it has Email, Seconds"),
        (["--parameter-overrides=Seconds=10"], "Seconds=10: allowed is a number to 9"),
        (["--parameter-overrides", "ParameterKey=Seconds,ParameterValue=1"], "write Name=Value"),
        (["--parameter-overrides", "Email=a\\"], "SAM takes no backslash"),
        (["--config-env", "test"], "no environment test; it has default, dev"),
        (["--config-env"], "expected one argument"),
        (["--guided"], "none of --guided"),
        (["-g"], "none of --guided"),
        (["--save-params"], "none of --guided"),
        (["--config-file", "x.toml"], "none of --guided"),
        (["--template-file=x.yaml"], "none of --guided"),
        (["-t", "x.yaml"], "none of --guided"),
    ],
)
def test_what_would_deploy_another_thing_is_refused(
    project: Path, arguments: list[str], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        explicit(project, ["deploy", *arguments])
    assert not (project / BUILT / "Reads" / MARK).exists()


def test_nothing_is_deployed_that_was_not_built(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="run make build"):
        explicit(tmp_path, ["deploy"])


@pytest.mark.parametrize("value", ["a\\ b", "a\\", '\\"', "\\'", "\\\n", "ParameterKey=a"])
def test_a_value_that_sam_would_change_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="Email="):
        written_for_sam({"Email": value})


def read_by_sam(asked: list[dict[str, str]]) -> list[dict[str, str]]:
    """What the installed SAM makes of these parameters, each lot between other options."""
    python = ROOT / ".venv-sam/bin/python"
    if not python.exists():
        pytest.skip("SAM is not installed")
    arguments = [["--parameter-overrides", *written_for_sam(one), "--other"] for one in asked]
    done = subprocess.run(  # noqa: S603 (SAM's own Python)
        [python, "-c", READER],
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def is_writable(values: dict[str, str]) -> bool:
    try:
        written_for_sam(values)
    except Refused:
        return False
    return True


@pytest.mark.slow
def test_sam_reads_the_values_that_were_meant() -> None:
    assert read_by_sam([AWKWARD]) == [AWKWARD]


@pytest.mark.slow
def test_sam_reads_each_short_value_of_signs_as_it_was_meant_unless_it_is_refused() -> None:
    values = ("".join(signs) for n in range(5) for signs in itertools.product(" \"'\\=a", repeat=n))
    meant = [one for value in values if is_writable(one := {"A": value})]
    assert len(meant) > 900
    assert read_by_sam(meant) == meant
