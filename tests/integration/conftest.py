"""Local clouds for the tests: ministack as released and mended, each started once."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud

NO_WAREHOUSE = "http://127.0.0.1:9"  # nothing here asks for one

Until = Callable[..., Any]


@pytest.fixture(scope="session")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("mended"), redshift_endpoint=NO_WAREHOUSE) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    state = tmp_path_factory.mktemp("stock")
    with LocalCloud(state, redshift_endpoint=NO_WAREHOUSE, mended=False) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def until() -> Until:
    """Poll a question until its answer is true, and return the last answer."""

    def wait(question: Callable[[], Any], seconds: float = 20.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := question()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return answer

    return wait


@pytest.fixture(scope="session")
def folder() -> Path:
    """The templates and functions that these tests deploy."""
    return Path(__file__).parent / "stacks"
