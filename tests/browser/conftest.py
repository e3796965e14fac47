"""The browser as each test finds it, and a stub of the endpoint for each."""

from collections.abc import Iterator

import pytest

from tests.browser import chromium
from tests.browser.chromium import Driver
from tests.browser.dashboard import Dashboard
from tests.browser.stub import Stub


@pytest.fixture
def browser(chromium_session: Driver) -> Iterator[Driver]:
    """A browser in which the page must not cause any error in the console."""
    chromium.reset(chromium_session)
    yield chromium_session
    found = chromium.complaints(chromium_session)
    chromium.reset(chromium_session)
    assert not found


@pytest.fixture
def stub() -> Iterator[Stub]:
    """An endpoint of its own address, so that what a page keeps is not there for the next."""
    with Stub() as running:
        yield running


@pytest.fixture
def page(browser: Driver, stub: Stub) -> Dashboard:
    return Dashboard(browser, stub.base)
