"""What all tests share: telemetry's names, which it reads when imported, patience, one browser."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.reader_settings import TELEMETRY

if TYPE_CHECKING:
    from tests.browser.chromium import Driver

os.environ.update(TELEMETRY)

# Seconds to wait for a promise, far beyond what a slow machine takes. A stack on AWS may gather events
# for five minutes before it loads them, and wake its warehouse then.
PATIENCE = 900 if os.environ.get("STACK_NAME") else 120

Poll = Callable[[Callable[[], bool], str], None]


@pytest.fixture(scope="session")
def chromium_session(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Driver]":
    """One browser for all tests of a run that need any."""
    from tests.browser import chromium  # noqa: PLC0415 (Selenium: 0.4 s that most runs can do without)

    if reason := chromium.missing():
        pytest.skip(reason)
    with chromium.open_browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="session")
def until() -> Poll:
    """Poll until a promise holds; a question that a busy machine leaves unanswered is asked again."""
    from local.stack import NoAnswer  # noqa: PLC0415 (boto3: what takes seconds can do without)

    def poll(holds: Callable[[], bool], promise: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(NoAnswer):
                if holds():
                    return
            assert time.monotonic() < deadline, f"not in time: {promise}"
            time.sleep(0.2)

    return poll
