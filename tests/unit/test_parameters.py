"""Which parameters hold: defaults, the environment's, the command's; and what is refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.parameters import Environment, Refused, chosen, environment, pairs

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
stack_name = "events-dev"
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


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("dev", Environment({"Window": "60", "Name": "a b"}, "eu-north-1", "events-dev")),
        ("prod", Environment({"Capacity": "4"}, "us-east-1", "")),
        ("bare", Environment({}, "", "")),
    ],
    ids=["dev", "prod", "bare"],
)
def test_an_environment_has_overrides_a_region_and_a_name(name: str, found: Environment) -> None:
    assert environment(CONFIG, name) == found


@pytest.mark.parametrize("name", ["production", "default", "version"])
def test_an_unknown_environment_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(Refused, match=f"no environment {name}; it has bare, dev, prod"):
        environment(CONFIG, name)


def test_a_parameter_without_a_default_has_to_be_given() -> None:
    declared = {"Key": {"Type": "String"}}
    assert chosen(declared, {"Key": ""}) == {"Key": ""}
    with pytest.raises(Refused, match="Key: there is no default"):
        chosen(declared)


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ([], {}),
        ([""], {}),
        (["A=1", "B=2"], {"A": "1", "B": "2"}),
        (["A=1 B=2"], {"A": "1", "B": "2"}),
        (["A=1", "A=2"], {"A": "2"}),
        (["A=b=c"], {"A": "b=c"}),
        (["A="], {"A": ""}),
        (["A= B=2"], {"A": "", "B": "2"}),
        (["A=1,2"], {"A": "1,2"}),
        (["A=b c"], {"A": "b c"}),
        (["A='b C=d' E=\"f 'g'\""], {"A": "b C=d", "E": "f 'g'"}),
        ([r"A=\d B='\ '"], {"A": r"\d", "B": "\\ "}),
        (["A=it's B=2"], {"A": "it's", "B": "2"}),
        (["A=it's one"], {"A": "it's one"}),
        (["A=#1"], {"A": "#1"}),
    ],
)
def test_words_are_read_as_a_shell_would_but_for_backslashes(
    words: list[str], read: dict[str, str]
) -> None:
    assert pairs(words) == read


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("Window", "Window"),
        ("=60", "=60"),
        ("A=1 B=2 C", "C"),
        ("file://values.yaml", "file://values.yaml"),
        ("ParameterKey=A,ParameterValue=1", "ParameterKey=A,ParameterValue=1"),
    ],
)
def test_a_word_that_is_no_parameter_is_refused(word: str, fault: str) -> None:
    with pytest.raises(Refused, match=f"^{fault} is no parameter; write Name=Value"):
        pairs([word])
