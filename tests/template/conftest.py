"""The template as data: with its tags resolved to dicts, and after SAM's transform."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.lint.expansion import Template, expanded, parsed

ROOT = Path(__file__).parents[2]

Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def template() -> Template:
    return parsed(ROOT / "template.yaml")


@pytest.fixture(scope="session")
def resources(template: Template) -> Resources:
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
def seen(template: Template) -> Template:
    """The template as CloudFormation sees it, after SAM's transform."""
    return expanded(template, ROOT)


@pytest.fixture(scope="session")
def transformed(seen: Template) -> Resources:
    found: Resources = seen["Resources"]
    return found


@pytest.fixture(scope="session")
def state_machine() -> dict[str, Any]:
    text = (ROOT / "statemachine/prepare_batch.asl.json").read_text()
    parsed_text: dict[str, Any] = json.loads(text)
    return parsed_text
