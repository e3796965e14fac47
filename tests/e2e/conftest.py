"""A deployed stack, driven from outside: on the local cloud, or on AWS by STACK_NAME.

On the local cloud E2E_SAM_DEPLOY=1 has the real `sam` build and deploy it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import sample
from local.answers import wait_until_loaded
from local.cloud import LocalCloud
from local.feed import send_uploads
from local.run import STACK_NAME, deploy_template
from local.stack import Stack
from tests.conftest import PATIENCE
from tests.e2e.sam_project import SamProject

Event = dict[str, Any]


@pytest.fixture(scope="session")
def week() -> list[Event]:
    return sample.week()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """One local cloud for a module; its tests are in order and build on each other."""
    if os.environ.get("STACK_NAME"):
        pytest.skip("needs the local cloud")
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as started:
        yield started


@pytest.fixture(scope="session")
def sam_project(tmp_path_factory: pytest.TempPathFactory) -> SamProject:
    """The project as `sam build` leaves it, which nobody changes: what is deployed is a copy."""
    return SamProject.built_in(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    if name := os.environ.get("STACK_NAME"):
        found = Stack.on_aws(name)
    else:
        cloud: LocalCloud = request.getfixturevalue("cloud")
        found = Stack.on_machine(cloud, deploy_to(cloud, request))
    yield found
    found.close()


def deploy_to(cloud: LocalCloud, request: pytest.FixtureRequest) -> dict[str, str]:
    """Deploy in about a second, or with E2E_SAM_DEPLOY by `sam build` and `sam deploy`."""
    if not os.environ.get("E2E_SAM_DEPLOY"):
        return deploy_template(cloud)
    built: SamProject = request.getfixturevalue("sam_project")
    with built.on(cloud).copied() as project:
        project.must_deploy("--stack-name", STACK_NAME)
        return project.outputs(STACK_NAME)


@pytest.fixture(scope="module")
def flown(stack: Stack, week: list[Event]) -> Stack:
    """The stack with some of the week's flights loaded, all by upload."""
    flights = [event for event in week if event["type"].startswith("flight.")][:2_000]
    send_uploads(stack, flights)
    wait_until_loaded(stack, len(flights), PATIENCE)
    return stack


@pytest.fixture(scope="module")
def functions(cloud: LocalCloud, stack: Stack) -> dict[str, str]:  # noqa: ARG001 (it deploys)
    """Deployed names of the functions, by their names in the template."""
    description = cloud.client("cloudformation").describe_stack_resources(StackName=STACK_NAME)
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in description["StackResources"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }


@pytest.fixture(scope="session")
def sample_folder() -> Path:
    return Path(__file__).parents[2] / "events/sample"
