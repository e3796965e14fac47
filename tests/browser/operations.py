"""The operations page as a person meets it: what its views show."""

from typing import Any

from tests.browser.dashboard import Dashboard

READ_SPANS = """
return [...document.querySelectorAll('.view:not([hidden]) .span')].map((line) =>
  [line.dataset.span, parseFloat(line.querySelector('.bar').style.getPropertyValue('--left'))]);
"""
READ_DATA = """
return [...document.querySelectorAll(arguments[0])].map((one) =>
  arguments[1].map((name) => one.dataset[name] ?? null));
"""


class Operations(Dashboard):
    """A page at `<base>/`; its fragment says which view is shown."""

    def open(self, view: str = "", **_: str) -> "Operations":
        """Open a view, such as `event=<key>`, as if the page had not been open before."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.base}/#{view}")
        return self

    def figure(self, stage: str, name: str) -> str | None:
        """Read the exact value of a figure of a stage, None if it has none or is not shown yet."""
        selector = f'[data-stage="{stage}"] [data-figure="{name}"]'
        found = self.data(selector, "value")
        return found[0][0] if found else None

    def alarms(self) -> list[tuple[str, str]]:
        """Read the alarms' names and states in the order shown."""
        return [(name, state) for name, state in self.data("[data-alarm]", "alarm", "state")]

    def parts(self) -> list[str]:
        """Read what the followed event's traces are about."""
        return [part for (part,) in self.data("[data-part]", "part")]

    def spans(self) -> list[tuple[str, float]]:
        """Read the waterfall that is shown: names, and where each begins in percent."""
        return [(name, left) for name, left in self.run(READ_SPANS)]

    def steps(self) -> list[tuple[str, str]]:
        """Read the steps of the execution that is shown, with their states."""
        return [(name, state) for name, state in self.data("[data-step]", "step", "state")]

    def listed(self, selector: str) -> list[str]:
        """Read the texts of a table's rows."""
        found: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map((row) => row.innerText)",
            f"{selector} tbody tr",
        )
        return found

    def place_of(self, node: str) -> float:
        """Tell how far from the left a node of the map is."""
        found: float = self.run(
            "return document.querySelector(arguments[0]).getBoundingClientRect().x",
            f'[data-node="{node}"]',
        )
        return found

    def classes(self, selector: str) -> list[str]:
        """Read the classes of an element."""
        return str(self.find(selector).get_attribute("class")).split()

    def data(self, selector: str, *names: str) -> list[list[Any]]:
        """Read data attributes of all elements."""
        found: list[list[Any]] = self.run(READ_DATA, selector, list(names))
        return found
