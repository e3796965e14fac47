"""Debian's Chromium, headless, driven by its own driver: nothing is downloaded for it."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

CHROMIUM = Path("/usr/bin/chromium")
CHROMEDRIVER = Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
DESKTOP = (1280, 900)
LOAD_SECONDS = 60  # a deadline, not a measure
POLL_SECONDS = 0.03

Driver = Chrome
Answer = TypeVar("Answer")


def missing() -> str | None:
    """Tell which program is not there, None if a browser can be started."""
    for program in (CHROMIUM, CHROMEDRIVER):
        if not program.exists():
            return f"{program} is not installed (Debian: apt-get install chromium chromium-driver)"
    return None


@contextmanager
def open_browser(profile: Path, zone: str = "America/New_York") -> Iterator[Driver]:
    """Start a browser whose clock is in a zone, with a fresh profile; ends with the context."""
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # With the driver's path given, Selenium looks for none; the rest would ask the network.
    environment = {**os.environ, "TZ": zone, "SE_OFFLINE": "true", "SE_AVOID_STATS": "true"}
    service = ChromeService(executable_path=str(CHROMEDRIVER), env=environment)
    driver = Chrome(options=options, service=service)
    try:
        driver.set_page_load_timeout(LOAD_SECONDS)
        driver.set_script_timeout(LOAD_SECONDS)
        yield driver
    finally:
        driver.quit()


def reset(driver: Driver) -> None:
    """Leave the page, and undo what tests change; the console's log is empty then."""
    driver.get("about:blank")
    resize(driver, *DESKTOP)
    prefer(driver, {"prefers-color-scheme": "light"})
    complaints(driver)


def resize(driver: Driver, width: int, height: int) -> None:
    """Make the page so wide and high, also narrower than a window may be."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def prefer(driver: Driver, features: Mapping[str, str]) -> None:
    """Set media features such as prefers-color-scheme."""
    listed = [{"name": name, "value": value} for name, value in features.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": listed})


def complaints(driver: Driver) -> list[str]:
    """Read off the console what went wrong in the page since the last call.

    Errors of scripts and breaches of the policy; not that an answer had a status of 400 or more.
    """
    entries: list[dict[str, Any]] = driver.get_log("browser")  # type: ignore[no-untyped-call]
    return [
        entry["message"]
        for entry in entries
        if entry["level"] in ("SEVERE", "WARNING") and entry["source"] != "network"
    ]


def until(question: Callable[[], Answer], promise: str, seconds: float = 10) -> Answer:
    """Ask until the answer is true, and return it; fails with the promise when time is over."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {promise}"
        time.sleep(POLL_SECONDS)
    return answer
