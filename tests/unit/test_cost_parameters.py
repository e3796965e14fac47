"""Which parameters are priced: defaults, the environment's, the command's; and what is refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.cost.parameters import Refused, chosen, environment, pairs
from local.cost.template import Template
from local.cost.workflow import states_entered

DECLARED: Mapping[str, Mapping[str, Any]] = {
    "Window": {"Type": "Number", "Default": 300, "MinValue": 1, "MaxValue": 300},
    "Capacity": {"Type": "Number", "Default": 8, "AllowedValues": [4, 8]},
    "Name": {"Type": "String", "Default": "events", "AllowedPattern": "[a-z]+"},
    "Rate": {"Type": "Number", "Default": 1, "MinValue": 1},
    "Most": {"Type": "Number", "Default": 1, "MaxValue": 9},
    "Any": {"Type": "Number", "Default": 1},
}
CONFIG = """
version = 0.1
[default.global.parameters]
region = "eu-west-1"  # SAM takes nothing of it for other environments
[default.validate.parameters]
lint = true
[dev.global.parameters]
region = "eu-north-1"
[dev.deploy.parameters]
parameter_overrides = "Window=60 Name='a b'"
[prod.deploy.parameters]
region = "us-east-1"
parameter_overrides = ["Capacity=4"]
[bare.deploy.parameters]
"""


def test_the_last_layer_counts() -> None:
    values = chosen(DECLARED, {"Window": "60", "Capacity": "4"}, {"Window": "5"})
    assert (values["Window"], values["Capacity"], values["Name"]) == ("5", "4", "events")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("Windw", "60", "no parameter Windw; it has Any, Capacity, Most, Name, Rate, Window"),
        ("Window", "301", "Window=301: allowed is a number from 1 to 300"),
        ("Window", "0", "Window=0: allowed is a number from 1 to 300"),
        ("Window", "soon", "Window=soon: allowed is a number from 1 to 300"),
        ("Window", "NaN", "Window=NaN: allowed is a number from 1 to 300"),
        ("Capacity", "6", "Capacity=6: allowed is 4, 8"),
        ("Name", "Events", r"Name=Events: allowed is what matches \[a-z\]\+"),
        ("Name", "eventS", r"Name=eventS: allowed is what matches"),
        ("Rate", "0.5", "Rate=0.5: allowed is a number from 1"),
        ("Most", "10", "Most=10: allowed is a number to 9"),
        ("Any", "Infinity", "Any=Infinity: allowed is a number$"),
        ("Any", "x", "Any=x: allowed is a number$"),
    ],
)
def test_what_the_template_forbids_is_refused_with_what_it_allows(
    name: str, value: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        chosen(DECLARED, {name: value})


def test_an_environment_has_overrides_and_a_region() -> None:
    assert environment(CONFIG, "dev") == ({"Window": "60", "Name": "a b"}, "eu-north-1")
    assert environment(CONFIG, "prod") == ({"Capacity": "4"}, "us-east-1")
    assert environment(CONFIG, "bare") == ({}, "")


@pytest.mark.parametrize("name", ["production", "default", "version"])
def test_an_unknown_environment_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(Refused, match=f"no environment {name}; it has bare, dev, prod"):
        environment(CONFIG, name)


def test_a_value_may_have_an_equals_sign() -> None:
    assert pairs(["Name=a=b", "Window="]) == {"Name": "a=b", "Window": ""}


@pytest.mark.parametrize("word", ["Window", "=60"])
def test_a_word_that_is_no_parameter_is_refused(word: str) -> None:
    with pytest.raises(Refused, match=f"{word} is no parameter; write Name=Value"):
        pairs([word])


# --- the template with its parameters ------------------------------------------------------

DOCUMENT: dict[str, Any] = {
    "Conditions": {
        "IsNamed": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Name"}, ""]}]},
        "IsLarge": {"Fn::Equals": [{"Ref": "Size"}, 8]},
        "Both": {"Fn::And": [{"Condition": "IsNamed"}, {"Condition": "IsLarge"}]},
        "Either": {"Fn::Or": [{"Condition": "IsNamed"}, {"Condition": "IsLarge"}]},
        "Joined": {"Fn::Equals": [{"Fn::Join": ["", ["a", {"Ref": "Name"}]]}, "ax"]},
    },
    "Globals": {"Function": {"MemorySize": 512}},
    "Resources": {
        "Always": {"Type": "A", "Properties": {"Size": {"Ref": "Size"}}},
        "Named": {"Type": "A", "Condition": "IsNamed"},
        "Other": {"Type": "B", "Properties": {"MemorySize": 256}},
    },
}


def template(name: str, size: str) -> Template:
    return Template(DOCUMENT, {"Name": name, "Size": size})


@pytest.mark.parametrize(
    ("name", "size", "holding"),
    [
        ("", "4", set()),
        ("", "8", {"IsLarge", "Either"}),
        ("x", "4", {"IsNamed", "Either", "Joined"}),
        ("y", "8", {"IsNamed", "IsLarge", "Both", "Either"}),
    ],
)
def test_conditions_follow_the_parameters(name: str, size: str, holding: set[str]) -> None:
    filled = template(name, size)
    assert {one for one in DOCUMENT["Conditions"] if filled.holds(one)} == holding


@pytest.mark.parametrize(("name", "there"), [("", ["Always"]), ("x", ["Always", "Named"])])
def test_a_resource_is_there_if_its_condition_holds(name: str, there: list[str]) -> None:
    assert [found for found, _ in template(name, "4").resources("A")] == there


def test_values_follow_references_and_choices() -> None:
    filled = template("", "8")
    assert filled.number({"Ref": "Size"}) == 8
    assert filled.value({"Fn::If": ["IsNamed", 1, {"Ref": "Size"}]}) == "8"
    assert filled.value({"Ref": "Always"}) == {"Ref": "Always"}


def test_a_function_has_what_is_said_for_all_unless_it_says_otherwise() -> None:
    filled = template("", "8")
    assert filled.function("Always", "MemorySize") == 512
    assert filled.function("Other", "MemorySize") == 256


# --- the state machine ---------------------------------------------------------------------

WORKFLOW = {
    "StartAt": "Work",
    "States": {
        "Work": {"Type": "Task", "Catch": [{"Next": "Failed"}], "Next": "Any?"},
        "Any?": {"Type": "Choice", "Choices": [{"Next": "Tell"}], "Default": "Done"},
        "Tell": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Next": "Told"},
        "Told": {"Type": "Pass", "Next": "Done"},
        "Done": {"Type": "Succeed"},
        "Failed": {"Type": "Fail"},
    },
}


def test_every_state_on_the_longest_way_without_an_error_counts() -> None:
    assert states_entered(WORKFLOW, alerting=False) == 3
    assert states_entered(WORKFLOW, alerting=True) == 5
