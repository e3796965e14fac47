"""The dashboard as a person meets it: what it shows and what can be done with it."""

from typing import Any
from urllib.parse import urlencode

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser.chromium import Driver, until

# Rows as {column: the number or text as the endpoint gave it, None where it gave null}.
READ_ROWS = """
return [...arguments[0].querySelectorAll('tbody tr')].map((row) => Object.fromEntries(
  [...row.cells].map((cell) => [cell.dataset.column, cell.dataset.value ?? null])));
"""
# The same, but as it is written there for whoever looks.
READ_WRITTEN = """
return [...arguments[0].querySelectorAll('tbody tr')].map((row) => Object.fromEntries(
  [...row.cells].map((cell) => [cell.dataset.column, cell.innerText])));
"""
READ_LEGEND = """
return [...arguments[0].querySelectorAll('.entry')].map((entry) =>
  ['.name', '.value'].map((part) => entry.querySelector(part).textContent));
"""


class Dashboard:
    """A page at `<base>/`, where base is the address of the stage."""

    def __init__(self, driver: Driver, base: str) -> None:
        self.driver = driver
        self.base = base.rstrip("/")

    def open(self, **fragment: str) -> "Dashboard":
        """Open the page with parameters in its fragment: key, from (as from_), to, timezone."""
        given = urlencode({name.rstrip("_"): value for name, value in fragment.items()})
        self.driver.get("about:blank")  # another fragment alone would not load the page
        self.driver.get(f"{self.base}/#{given}")
        return self

    def until_shown(self, seconds: float = 10) -> "Dashboard":
        """Wait until every tile and panel has its first answer."""
        pending = "#board[hidden], .waiting, .tile .total:not([data-value]), #status:empty"
        until(lambda: not self.all(pending), "every part has an answer", seconds)
        return self

    def tile(self, event_type: str) -> int | None:
        """Read how many events of a type a tile counts."""
        value = self.find(f'[data-tile="{event_type}"]').get_attribute("data-value")
        return int(value) if value else None

    def written_tile(self, event_type: str) -> str:
        """Read what a tile has written on it as its number."""
        return self.text(f'[data-tile="{event_type}"] .total')

    def status(self, name: str) -> str | None:
        """Read a figure or moment of the pipeline's state."""
        return self.find(f'[data-status="{name}"]').get_attribute("data-value")

    def written_status(self, name: str) -> str:
        """Read a figure or moment of the pipeline's state as it is written."""
        return self.text(f'[data-status="{name}"]')

    def panel(self, key: str) -> WebElement:
        """Find a panel by `<type>/<place in the catalogue>`, or `live`."""
        return self.find(f'[data-panel="{key}"]')

    def rows(self, key: str) -> list[dict[str, str | None]]:
        """Read the rows of a table panel."""
        return self._rows(f'[data-panel="{key}"]')

    def written(self, key: str) -> list[dict[str, str]]:
        """Read the texts of a table that is shown: a table panel's, or one that `answer` opened."""
        found: list[dict[str, str]] = self.run(READ_WRITTEN, self.panel(key))
        return found

    def answer(self, key: str, seconds: float = 10) -> list[dict[str, str | None]]:
        """Open "Show as table" of a panel of lines, and read its rows."""
        details = self.panel(key).find_element(By.CSS_SELECTOR, "details")
        if not details.get_attribute("open"):
            details.find_element(By.CSS_SELECTOR, "summary").click()
        until(
            lambda: self._rows(f'[data-panel="{key}"] details'), f"{key} shows its table", seconds
        )
        return self._rows(f'[data-panel="{key}"] details')

    def legend(self, key: str) -> dict[str, str]:
        """Read the lines of a chart with their values at the cursor, as they are written."""
        entries: list[tuple[str, str]] = self.run(READ_LEGEND, self.panel(key))
        return dict(entries)

    def moment(self, key: str) -> str:
        """Read at which moment the cursor of a chart stands, as it is written."""
        return self.text(f'[data-panel="{key}"] .chart .moment')

    def problem(self, key: str) -> str:
        """Read what a panel says is wrong; empty if nothing is."""
        return self.text(f'[data-panel="{key}"] .problem')

    def text(self, selector: str) -> str:
        """Read the visible text of an element, empty if there is none."""
        try:
            return " ".join(element.text for element in self.all(selector)).strip()
        except StaleElementReferenceException:
            return ""

    def find(self, selector: str) -> WebElement:
        """Find the one element."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """Find all elements."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self) -> WebElement:
        """Tell which element has the focus."""
        return self.driver.switch_to.active_element

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page and return its value."""
        return self.driver.execute_script(script, *arguments)

    def _rows(self, selector: str) -> list[dict[str, str | None]]:
        found: list[dict[str, str | None]] = self.run(READ_ROWS, self.find(selector))
        return found
