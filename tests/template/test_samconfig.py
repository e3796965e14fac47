"""samconfig.toml names what the template has, and the environments differ as they should."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONFIG: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text())
ENVIRONMENTS = ("dev", "prod")
LONGEST_NAME = 30  # of a stack: it goes into the names of the bucket, the namespace and roles


def settings_of(environment: str) -> dict[str, Any]:
    """What `sam deploy` reads for an environment."""
    sections = CONFIG[environment]
    return {**sections["global"]["parameters"], **sections["deploy"]["parameters"]}


def overrides_of(environment: str) -> dict[str, str]:
    pairs: str = settings_of(environment)["parameter_overrides"]
    return dict(pair.split("=", 1) for pair in pairs.split())


def faults_of(value: str, declared: dict[str, Any]) -> list[str]:
    """Say what CloudFormation would refuse about a parameter's value."""
    allowed = [str(choice) for choice in declared.get("AllowedValues", [])]
    least, most = declared.get("MinValue", value), declared.get("MaxValue", value)
    checks = {
        "is none of the allowed values": not allowed or value in allowed,
        "is no number": declared["Type"] != "Number" or value.isdecimal(),
        "does not match": re.fullmatch(declared.get("AllowedPattern", ".*"), value) is not None,
        "is out of bounds": not value.isdecimal() or int(least) <= int(value) <= int(most),
    }
    return [f"{value} {fault}" for fault, holds in checks.items() if not holds]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_gives_the_template_what_it_allows(
    environment: str, template: dict[str, Any]
) -> None:
    declared = template["Parameters"]
    overrides = overrides_of(environment)
    assert not set(overrides) - set(declared)
    assert not [
        fault for name, value in overrides.items() for fault in faults_of(value, declared[name])
    ]
    assert int(overrides["BaseCapacity"]) <= int(overrides["MaxCapacity"])


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        ("5", {"Type": "Number", "AllowedValues": [4, 8]}),
        ("x", {"Type": "Number"}),
        ("301", {"Type": "Number", "MaxValue": 300}),
        ("0", {"Type": "Number", "MinValue": 1}),
        ("A", {"Type": "String", "AllowedPattern": "[a-z]+"}),
    ],
    ids=["choice", "number", "most", "least", "pattern"],
)
def test_a_value_that_the_template_forbids_is_noticed(value: str, declared: dict[str, Any]) -> None:
    assert faults_of(value, declared)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_keeps_to_itself(environment: str) -> None:
    settings = settings_of(environment)
    assert settings["s3_prefix"] == settings["stack_name"]
    assert len(settings["stack_name"]) <= LONGEST_NAME
    assert f"environment={environment}" in settings["tags"].split()
    assert settings["resolve_s3"] is True


def test_only_prod_asks_before_it_acts() -> None:
    assert [settings_of(name)["confirm_changeset"] for name in ENVIRONMENTS] == [False, True]


def test_the_environments_differ_in_nothing_but_names_sizes_and_the_question() -> None:
    dev, prod = (settings_of(name) for name in ENVIRONMENTS)
    assert set(dev) == set(prod)
    assert {name for name in dev if dev[name] != prod[name]} == {
        "stack_name",
        "s3_prefix",
        "tags",
        "confirm_changeset",
        "parameter_overrides",
    }
