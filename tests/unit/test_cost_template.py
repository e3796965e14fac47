"""The template with the parameters that are priced, and the longest way through the state machine."""

from typing import Any

import pytest

from local.cost.template import Template
from local.cost.workflow import states_entered

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
