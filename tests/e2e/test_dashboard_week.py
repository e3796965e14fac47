"""The dashboard of the deployed stack shows the week's numbers, each as the CSV files have it."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from local.answers import wait_until_loaded
from local.feed import send_through_all
from local.run import VIEW
from local.stack import Stack
from tests.browser import chromium
from tests.browser.chromium import Driver, until
from tests.browser.dashboard import Dashboard
from tests.e2e.csv_answers import Row, arrived, cancellations_by_origin, known, read_flights

pytestmark = pytest.mark.slow

Event = dict[str, Any]
ZONE = ZoneInfo(VIEW["timezone"])
SECONDS = 180
SHOWN_SECONDS = 90  # a budget of 15 questions a second, on a busy machine


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    if reason := chromium.missing():
        pytest.skip(reason)
    with chromium.open_browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def page(driver: Driver, stack: Stack, week: list[Event]) -> Dashboard:
    """The dashboard as `make run` prints its address, after the week was sent."""
    send_through_all(stack, week)
    wait_until_loaded(stack, len(week), SECONDS)
    chromium.resize(driver, *chromium.DESKTOP)
    view = {"from_": VIEW["from"], "to": VIEW["to"], "timezone": VIEW["timezone"]}
    return Dashboard(driver, stack.url).open(key=stack.api_key, **view).until_shown(SHOWN_SECONDS)


@pytest.fixture(scope="module")
def flights(sample_folder: Path) -> list[Row]:
    return read_flights(sample_folder)


def in_view(event: Event) -> bool:
    day = datetime.fromisoformat(event["time"]).astimezone(ZONE).date().isoformat()
    return VIEW["from"] <= day < VIEW["to"]


def test_every_tile_counts_the_events_of_the_week(page: Dashboard, week: list[Event]) -> None:
    counts: dict[str, int] = defaultdict(int)
    for event in filter(in_view, week):
        counts[event["type"]] += 1
    assert len(counts) == 5
    assert {name: page.tile(name) for name in counts} == counts


def test_cancellations_are_those_of_the_csv(page: Dashboard, flights: list[Row]) -> None:
    shown = {row["origin"]: int(row["count"] or 0) for row in page.rows("flight.cancelled/0")}
    assert shown == cancellations_by_origin(flights)


def test_the_worst_routes_are_those_of_the_csv(page: Dashboard, week: list[Event]) -> None:
    delays = grouped(week, "flight.arrived", lambda data: f"{data['origin']}-{data['dest']}")
    means = {
        route: sum(values) / len(values) for route, values in delays.items() if len(values) >= 20
    }
    worst = sorted(means.items(), key=lambda item: -item[1])[:10]
    rows = page.rows("flight.arrived/2")
    assert [row["route"] for row in rows] == [route for route, _ in worst]
    shown = [float(row["value"] or 0) for row in rows]
    assert shown == pytest.approx([mean for _, mean in worst], rel=1e-12)


def test_percentiles_are_those_of_the_csv(page: Dashboard, flights: list[Row]) -> None:
    delays: dict[str, list[int]] = defaultdict(list)
    for row in flights:
        if known(row["dep_time"]):
            delays[row["carrier"]].append(int(row["dep_delay"]))
    places = {name: -(-len(values) * 95 // 100) - 1 for name, values in delays.items()}
    wanted = {name: sorted(values)[places[name]] for name, values in delays.items()}
    shown = {row["carrier"]: float(row["value"] or 0) for row in page.rows("flight.departed/1")}
    # Three digits are shown of what has more.
    assert shown == {name: float(f"{value:.3g}") for name, value in wanted.items()}


def test_delays_over_time_are_those_of_the_csv(page: Dashboard, week: list[Event]) -> None:
    delays = grouped(week, "flight.arrived", lambda data: str(data["origin"]), by_day=True)
    shown = {
        (row["bucket"], row["origin"]): float(row["value"] or 0)
        for row in page.answer("flight.arrived/1")
    }
    assert shown == {
        key: pytest.approx(sum(values) / len(values), rel=1e-12) for key, values in delays.items()
    }


def grouped(
    week: list[Event], event_type: str, group: Callable[[dict[str, Any]], str], *,
    by_day: bool = False,
) -> dict[Any, list[int]]:  # fmt: skip
    """Gather arrival delays of the view by group, or by day of the zone and group."""
    found: dict[Any, list[int]] = defaultdict(list)
    for event in week:
        if event["type"] == event_type and in_view(event):
            local = datetime.fromisoformat(event["time"]).astimezone(ZONE)
            midnight = local.replace(hour=0, minute=0, second=0).isoformat()
            name = group(event["data"])
            found[(midnight, name) if by_day else name].append(event["data"]["arr_delay"])
    return found


def test_the_week_in_the_csv_arrived_as_often_as_the_page_says(
    page: Dashboard, flights: list[Row], week: list[Event]
) -> None:
    late = [e for e in week if e["type"] == "flight.arrived" and not in_view(e)]
    assert (page.tile("flight.arrived") or 0) + len(late) == len(arrived(flights))


def test_the_state_of_the_pipeline_is_shown(page: Dashboard, stack: Stack) -> None:
    stored = stack.get("/v1/status")["events"]["stored"]
    assert page.status("stored") == str(stored)
    assert page.status("loaded_at")


def test_the_key_is_asked_for_and_a_wrong_one_is_refused(driver: Driver, stack: Stack) -> None:
    page = Dashboard(driver, stack.url)
    driver.get("about:blank")
    page.open()
    driver.execute_script("sessionStorage.clear()")
    page.open(key="wrong")
    until(lambda: page.text("#key-problem, form .problem"), "the page says so", SHOWN_SECONDS)
    assert not page.find("#board").is_displayed()
