"""What all tests share: telemetry's names, which it reads when it is imported, and one browser."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.reader_settings import TELEMETRY

if TYPE_CHECKING:
    from tests.browser.chromium import Driver

os.environ.update(TELEMETRY)


@pytest.fixture(scope="session")
def chromium_session(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Driver]":
    """One browser for all tests of a run that need any."""
    from tests.browser import chromium  # noqa: PLC0415 (Selenium: 0.4 s that most runs can do without)

    if reason := chromium.missing():
        pytest.skip(reason)
    with chromium.open_browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver
