"""The template as data: with its tags resolved to dicts, and after SAM's transform."""

import json
from pathlib import Path
from typing import Any

import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]

Resources = dict[str, dict[str, Any]]


class NoManagedPolicies:
    """Stands for the account's list of managed policies, which the template never names."""

    def load(self) -> dict[str, str]:
        return {}


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return parsed


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> Resources:
    declared: Resources = template["Resources"]
    return declared


@pytest.fixture(scope="session")
def functions(resources: Resources) -> Resources:
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


@pytest.fixture(scope="session")
def transformed(template: dict[str, Any]) -> Resources:
    """The resources that CloudFormation sees after SAM's transform."""
    local = json.loads(json.dumps(template))
    for resource in local["Resources"].values():
        properties = resource.get("Properties", {})
        for path in ("ContentUri", "DefinitionUri"):
            if path in properties:
                properties[path] = "s3://bucket/key"
    local["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
    parameters = {
        name: value["Default"]
        for name, value in local["Parameters"].items()
        if value.get("Default") not in ("", None)
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        result: Resources = transform(local, parameters, NoManagedPolicies())["Resources"]
    return result


@pytest.fixture(scope="session")
def state_machine() -> dict[str, Any]:
    text = (ROOT / "statemachine/prepare_batch.asl.json").read_text()
    parsed: dict[str, Any] = json.loads(text)
    return parsed
