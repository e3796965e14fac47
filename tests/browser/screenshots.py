"""Take the pictures of the dashboard in docs/, of a stack that runs with live events.

Start `make run ARGS="--speed 600"`, wait until its live chart has a few minutes, and give it the
dashboard's address: `.venv/bin/python -m tests.browser.screenshots 'http://…/live/#key=…'`.
"""

import sys
from base64 import b64decode
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl, urldefrag

from tests.browser import chromium
from tests.browser.chromium import until
from tests.browser.dashboard import Dashboard

DOCS = Path(__file__).parents[2] / "docs"
# The top of the page: state, totals, what happens now, and the first charts.
SIZES = {"desktop": (1440, 1490), "phone": (390, 1200)}
SCHEMES = ("light", "dark")
SHOWN_SECONDS = 90
# Whether the letters are there, and nothing is fading in or out any more.
SETTLED = """
return document.fonts.status === 'loaded'
  && document.getAnimations().every((one) => one.playState !== 'running');
"""


def main(url: str) -> None:
    """Write `dashboard-<size>-<scheme>.png`, of what the fragment of the address asks for."""
    base, fragment = urldefrag(url)
    with TemporaryDirectory() as profile, chromium.open_browser(Path(profile)) as driver:
        driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        page = Dashboard(driver, base)
        for scheme in SCHEMES:
            for size, (width, height) in SIZES.items():
                chromium.reset(driver)
                chromium.prefer(driver, {"prefers-color-scheme": scheme})
                chromium.resize(driver, width, height)
                page.open(**dict(parse_qsl(fragment))).until_shown(SHOWN_SECONDS)
                until(lambda: page.run(SETTLED), "the page is at rest")
                (DOCS / f"dashboard-{size}-{scheme}.png").write_bytes(picture(page))


def picture(page: Dashboard) -> bytes:
    """Take what is in the window as PNG."""
    taken = page.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    return b64decode(taken["data"])


if __name__ == "__main__":
    main(*sys.argv[1:])
