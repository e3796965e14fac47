"""Every number that the dashboard shows of the week is the one that the CSV files give.

Flights and weather are computed from the CSV files alone. Page views are in none: they are made up,
so theirs are computed from the events that were sent.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from local.answers import wait_until_loaded
from local.feed import send_requests, send_through_all
from local.run import VIEW
from local.stack import Stack
from pipeline.catalogue import load_catalogue
from tests.browser import chromium
from tests.browser.chromium import Driver, until
from tests.browser.dashboard import Dashboard
from tests.browser.writing import (
    digits_of,
    written,
    written_day,
    written_minute,
    written_moment,
    written_rows,
)
from tests.e2e import csv_answers
from tests.e2e.csv_answers import Fact, panel_rows

pytestmark = pytest.mark.slow

Event = dict[str, Any]
Facts = dict[str, list[Fact]]
ZONE = ZoneInfo(VIEW["timezone"])
MOST_LINES = 8
DAYS = [datetime.fromisoformat(VIEW["from"]).replace(tzinfo=ZONE) + timedelta(days=day)
        for day in range(7)]  # fmt: skip
SECONDS = 180
SHOWN_SECONDS = 90  # a budget of 15 questions a second, on a busy machine
TITLES = {event_type.name: event_type.title for event_type in load_catalogue().values()}
PANELS = {
    f"{event_type.name}/{place}": panel
    for event_type in load_catalogue().values()
    for place, panel in enumerate(event_type.panels)
}
LINES = [key for key, panel in PANELS.items() if panel["chart"] == "lines"]


@pytest.fixture(scope="module")
def driver(chromium_session: Driver) -> Iterator[Driver]:
    chromium.reset(chromium_session)
    yield chromium_session
    chromium.reset(chromium_session)


@pytest.fixture(scope="module")
def page(driver: Driver, stack: Stack, week: list[Event]) -> Dashboard:
    """The dashboard as `make run` prints its address, after the week was sent."""
    send_through_all(stack, week)
    wait_until_loaded(stack, len(week), SECONDS)
    view = {"from_": VIEW["from"], "to": VIEW["to"], "timezone": VIEW["timezone"]}
    return Dashboard(driver, stack.url).open(key=stack.api_key, **view).until_shown(SHOWN_SECONDS)


@pytest.fixture(scope="module")
def everything(sample_folder: Path, week: list[Event]) -> Facts:
    """What happened, by type: all that was sent."""
    flights = csv_answers.read_flights(sample_folder)
    views = (event for event in week if event["type"] == "page.viewed")
    return {
        "flight.arrived": list(csv_answers.arrivals(flights)),
        "flight.cancelled": list(csv_answers.cancellations(flights)),
        "flight.departed": list(csv_answers.departures(flights)),
        "page.viewed": [
            {**view["data"], "time": datetime.fromisoformat(view["time"])} for view in views
        ],
        "weather.observed": list(csv_answers.readings(csv_answers.read_weather(sample_folder))),
    }


@pytest.fixture(scope="module")
def viewed(everything: Facts) -> Facts:
    """What of it happened on the days that are shown."""

    def in_view(fact: Fact) -> bool:
        time: datetime = fact["time"]
        return VIEW["from"] <= time.astimezone(ZONE).date().isoformat() < VIEW["to"]

    return {name: list(filter(in_view, facts)) for name, facts in everything.items()}


def test_the_page_has_no_panel_but_those_that_are_compared_here(page: Dashboard) -> None:
    shown = {element.get_attribute("data-panel") for element in page.all("[data-panel]")}
    assert shown == {*PANELS, "status", "live"}
    tiles = {element.get_attribute("data-tile") for element in page.all("[data-tile]")}
    assert tiles == set(TITLES)


@pytest.mark.parametrize("name", TITLES)
def test_every_tile_counts_the_events_of_the_week(
    page: Dashboard, viewed: Facts, name: str
) -> None:
    assert page.tile(name) == len(viewed[name]) > 0
    assert page.written_tile(name) == f"{len(viewed[name]):,}"


@pytest.mark.parametrize("key", PANELS)
def test_every_number_of_a_panel_is_that_of_the_csv(
    page: Dashboard, viewed: Facts, key: str
) -> None:
    wanted = panel_rows(PANELS[key], viewed[type_of(key)], ZONE)
    rows = page.answer(key) if key in LINES else page.rows(key)
    assert len(wanted) > 0
    assert [read(row) for row in rows] == [about(row) for row in wanted]
    assert page.written(key) == written_rows(rows)


def type_of(key: str) -> str:
    return key.rpartition("/")[0]


def read(row: dict[str, str | None]) -> Fact:
    """Read the numbers of a row, each exactly as the page has it."""
    reads = {"count": int, "value": float}
    return {n: reads[n](text) if text and n in reads else text for n, text in row.items()}


def about(row: Fact) -> Fact:
    """Leave to a value the last digits, which depend on the order in which doubles are added."""
    value = row.get("value")
    return row if value is None else {**row, "value": pytest.approx(value, rel=1e-12)}


@pytest.mark.parametrize("key", LINES)
def test_every_day_of_a_chart_is_that_of_the_csv(page: Dashboard, viewed: Facts, key: str) -> None:
    """The legend tells of the lines with the most events, rounded alike over all days."""
    panel = PANELS[key]
    rows = panel_rows(panel, viewed[type_of(key)], ZONE)
    names = largest(rows, *panel["group_by"])[:MOST_LINES]
    is_count = panel["stat"] == "count"
    # A day without events counts none of them, and has no mean.
    lines: dict[str, dict[str, str | None]] = {
        day.isoformat(): dict.fromkeys(names, "0" if is_count else None) for day in DAYS
    }
    for row in rows:
        (name,) = (row[group] for group in panel["group_by"])
        if name in names:
            lines[row["bucket"]][name] = str(row["count"] if is_count else row["value"])
    digits = digits_of([number for line in lines.values() for number in line.values()])
    canvas = page.panel(key).find_element(By.CSS_SELECTOR, ".canvas")
    for day, button in zip(DAYS, (Keys.HOME, *(Keys.ARROW_RIGHT,) * 6), strict=True):
        canvas.send_keys(button)
        assert page.moment(key) == written_day(day)
        told = lines[day.isoformat()].items()
        assert page.legend(key) == {name: written(number, digits) for name, number in told}


def largest(rows: list[Fact], group: str) -> list[str]:
    """Order groups by their events; of equal ones, the first of the answer is the first."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row[group]] = counts.get(row[group], 0) + row["count"]
    return sorted(counts, key=lambda name: -counts[name])


def test_the_state_of_the_pipeline_is_told(
    page: Dashboard, stack: Stack, everything: Facts
) -> None:
    status = stack.get("/v1/status", fresh=True)
    figures = {
        "stored": status["events"]["stored"],
        "quarantined": sum(status["quarantine"].values()),
        "data_version": status["data_version"],
    }
    version = str(status["data_version"])
    until(lambda: page.status("data_version") == version, "the page has caught up", SHOWN_SECONDS)
    for name, number in figures.items():
        assert page.status(name) == str(number)
        assert page.written_status(name) == f"{number:,}"
    newest = max(fact["time"] for facts in everything.values() for fact in facts)
    assert datetime.fromisoformat(page.status("event_time") or "") == newest
    assert page.written_status("event_time") == written_moment(newest.astimezone(ZONE))
    assert page.status("loaded_at")


def test_no_event_of_the_week_is_live(page: Dashboard) -> None:
    assert page.legend("live") == dict.fromkeys(TITLES.values(), "0")


def test_what_happens_now_is_counted_by_the_minute(
    page: Dashboard, stack: Stack, week: list[Event]
) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    late, early = now - timedelta(minutes=2), now - timedelta(minutes=4)
    views = [alike(week, "page.viewed", late) for _ in range(3)]
    send_requests(stack, [*views, alike(week, "weather.observed", early)])
    wanted = [
        {"bucket": moment_text(late), "type": "page.viewed", "count": "3"},
        {"bucket": moment_text(early), "type": "weather.observed", "count": "1"},
    ]
    until(lambda: page.answer("live", SECONDS) == wanted, "the events of now are counted", SECONDS)
    assert page.written("live") == wanted
    page.panel("live").find_element(By.CSS_SELECTOR, ".canvas").send_keys(Keys.END)
    until(lambda: is_at(page, late), "the cursor is there")
    assert page.legend("live") == {**dict.fromkeys(TITLES.values(), "0"), "Page viewed": "3"}


def alike(week: list[Event], event_type: str, time: datetime) -> Event:
    """Make another event like one of the week."""
    event = next(event for event in week if event["type"] == event_type)
    return {**event, "id": str(uuid.uuid4()), "time": moment_text(time)}


def moment_text(minute: datetime) -> str:
    return minute.isoformat().replace("+00:00", "Z")


def is_at(page: Dashboard, minute: datetime) -> bool:
    """Tell whether the live chart's cursor is at a minute, or take it one back."""
    if page.moment("live") == written_minute(minute.astimezone(ZONE)):
        return True
    page.press(Keys.ARROW_LEFT)
    return False


def test_the_key_is_asked_for_and_a_wrong_one_is_refused(driver: Driver, stack: Stack) -> None:
    page = Dashboard(driver, stack.url)
    driver.get("about:blank")
    page.open()
    driver.execute_script("sessionStorage.clear()")
    page.open(key="wrong")
    until(lambda: page.text("#key-problem, form .problem"), "the page says so", SHOWN_SECONDS)
    assert not page.find("#board").is_displayed()
