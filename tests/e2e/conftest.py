"""A deployed stack, driven from outside: on the local cloud, or on AWS by E2E_STACK_NAME."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local import sample
from local.answers import wait_until_loaded
from local.cloud import LocalCloud
from local.feed import send_uploads
from local.run import LOAD_SECONDS, STACK_NAME, deploy_template
from local.stack import Stack

Event = dict[str, Any]
Poll = Callable[[Callable[[], bool], str], None]


@pytest.fixture(scope="session")
def week() -> list[Event]:
    return sample.week()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """One local cloud for a module; its tests are in order and build on each other."""
    if os.environ.get("E2E_STACK_NAME"):
        pytest.skip("needs the local cloud")
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as started:
        yield started


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    if name := os.environ.get("E2E_STACK_NAME"):
        found = Stack.on_aws(name)
    else:
        cloud: LocalCloud = request.getfixturevalue("cloud")
        found = Stack.on_machine(cloud, deploy_template(cloud))
    yield found
    found.close()


@pytest.fixture(scope="module")
def flown(stack: Stack, week: list[Event]) -> Stack:
    """The stack with some of the week's flights loaded, all by upload."""
    flights = [event for event in week if event["type"].startswith("flight.")][:2_000]
    send_uploads(stack, flights)
    wait_until_loaded(stack, len(flights), LOAD_SECONDS)
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
def until() -> Poll:
    """Poll until a promise holds; the deadline is far beyond what a slow machine takes."""

    def poll(holds: Callable[[], bool], promise: str) -> None:
        deadline = time.monotonic() + 120
        while not holds():
            assert time.monotonic() < deadline, f"not in time: {promise}"
            time.sleep(0.2)

    return poll


@pytest.fixture(scope="session")
def sample_folder() -> Path:
    return Path(__file__).parents[2] / "events/sample"
