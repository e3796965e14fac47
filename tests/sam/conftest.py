"""Docker, and a stack on the local cloud with data in it, around which containers run."""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from local.answers import wait_until_loaded
from local.cloud import LocalCloud
from local.feed import send_requests, send_uploads
from local.processes import PROJECT
from local.run import LOAD_SECONDS, deploy_template
from local.sam_local import SamLocal, around
from local.sample import week
from local.stack import Stack

Event = dict[str, Any]
UNAVAILABLE = 69  # what local/lambda-image.sh ends with where Docker cannot be had
REASON = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def docker(pytestconfig: pytest.Config) -> Iterator[None]:
    """Docker with Lambda's image: as it runs already, or started for the tests and stopped after."""
    started = image_script("start")
    if started.returncode == UNAVAILABLE:
        reason = started.stderr.strip().splitlines()[-1].partition(": ")[2]
        pytestconfig.stash[REASON] = reason
        pytest.skip(reason)
    assert started.returncode == 0, started.stderr
    try:
        built = image_script("build")
        assert built.returncode == 0, built.stderr
        yield
    finally:
        if started.stderr:  # it says so if it started one
            image_script("stop")


def image_script(command: str) -> subprocess.CompletedProcess[str]:
    script = [str(PROJECT / "local/lambda-image.sh"), command]
    return subprocess.run(script, check=False, capture_output=True, text=True)  # noqa: S603 (it is ours)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say as the last thing of all that nothing ran."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter and (reason := config.stash.get(REASON, "")):
        reporter.write_line(f"SKIPPED make test-sam: {reason}", yellow=True, bold=True)


@pytest.fixture(scope="session")
def cloud(docker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:  # noqa: ARG001 (started before)
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as started:
        yield started


@pytest.fixture(scope="session")
def stack(cloud: LocalCloud) -> Iterator[Stack]:
    """The stack with some flights and page views loaded, none of which is in `events/`."""
    deployed = Stack.on_machine(cloud, deploy_template(cloud))
    known = [event for event in week() if event["time"] > "2013-01-02"]
    flights = [event for event in known if event["type"].startswith("flight.")][:600]
    views = [event for event in known if event["type"] == "page.viewed"][:40]
    send_uploads(deployed, flights)
    send_requests(deployed, views)
    wait_until_loaded(deployed, len(flights) + len(views), LOAD_SECONDS)
    yield deployed
    deployed.close()


@pytest.fixture(scope="session")
def sam(cloud: LocalCloud, stack: Stack) -> Iterator[SamLocal]:  # noqa: ARG001 (deployed before)
    with around(cloud) as found:
        yield found
