"""A week of real flights, in by each entrance alone, answers as its own CSV files do."""

import math
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.answers import wait_until_loaded
from local.cloud import LocalCloud
from local.feed import (
    ENTRANCES,
    send_changes,
    send_requests,
    send_through_all,
    send_uploads,
    send_webhooks,
    shares,
)
from local.run import deploy_template
from local.stack import Stack
from tests.e2e.csv_answers import (
    arrival_delays_by_day,
    cancellations_by_origin,
    departures_by_carrier,
    distance_by_route_and_carrier,
    read_flights,
    read_weather,
)

Event = dict[str, Any]
Poll = Callable[[Callable[[], bool], str], None]
SECONDS = 180  # a deadline, not a measure: it takes about a tenth

pytestmark = pytest.mark.slow


def by(stack: Stack, event_type: str, dimension: str, **question: str) -> dict[str, Any]:
    answer = stack.get(f"/v1/metrics/{event_type}", fresh=True, group_by=dimension, **question)
    return {row[dimension]: row for row in answer["rows"]}


def assert_answers_equal_the_csv(stack: Stack, folder: Path) -> None:
    rows = read_flights(folder)
    assert len(rows) == 6099
    carriers = by(stack, "flight.departed", "carrier")
    assert {name: row["count"] for name, row in carriers.items()} == departures_by_carrier(rows)
    origins = by(stack, "flight.cancelled", "origin")
    assert {name: row["count"] for name, row in origins.items()} == cancellations_by_origin(rows)
    delays = arrival_delays_by_day(rows)
    longest = by(stack, "flight.arrived", "flight_date", measure="arr_delay", stat="max")
    assert {day: row["value"] for day, row in longest.items()} == {
        day: max(values) for day, values in delays.items()
    }
    means = by(stack, "flight.arrived", "flight_date", measure="arr_delay", stat="avg")
    assert set(means) == set(delays)
    for day, values in delays.items():
        assert math.isclose(means[day]["value"], sum(values) / len(values), rel_tol=1e-12)


def all_answers(stack: Stack) -> list[Any]:
    questions = [
        ("flight.departed", {"group_by": "carrier,origin", "measure": "dep_delay", "stat": "sum"}),
        ("flight.arrived", {"group_by": "flight_date", "measure": "arr_delay", "stat": "avg"}),
        ("flight.arrived", {"group_by": "dest", "measure": "speed", "stat": "max"}),
        ("flight.cancelled", {"group_by": "origin,carrier", "interval": "day"}),
        ("weather.observed", {"group_by": "origin", "measure": "temp", "stat": "avg"}),
    ]
    return [
        stack.get(f"/v1/metrics/{event_type}", fresh=True, **question)["rows"]
        for event_type, question in questions
    ]


@pytest.fixture(params=ENTRANCES, ids=lambda entrance: entrance.__name__)
def entrance(request: pytest.FixtureRequest) -> Callable[[Stack, Sequence[Event]], None]:
    send: Callable[[Stack, Sequence[Event]], None] = request.param
    return send


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[Stack]:
    if os.environ.get("STACK_NAME"):
        pytest.skip("needs an empty warehouse for each entrance")
    with LocalCloud(tmp_path / "cloud") as cloud:
        found = Stack.on_machine(cloud, deploy_template(cloud))
        yield found
        found.close()


def test_each_entrance_alone_gives_the_numbers_of_the_csv(
    own_stack: Stack,
    entrance: Callable[[Stack, Sequence[Event]], None],
    week: list[Event],
    sample_folder: Path,
) -> None:
    flights = [event for event in week if event["type"].startswith("flight.")]
    entrance(own_stack, flights)
    status = wait_until_loaded(own_stack, len(flights), SECONDS)
    assert status["events"]["quarantined"] == 0
    assert_answers_equal_the_csv(own_stack, sample_folder)


@pytest.fixture(scope="module")
def fed(stack: Stack, week: list[Event]) -> Stack:
    """The week is in, through all entrances at once."""
    send_through_all(stack, week)
    wait_until_loaded(stack, len(week), SECONDS)
    return stack


def test_all_entrances_together_give_the_numbers_of_the_csv(
    fed: Stack, sample_folder: Path
) -> None:
    assert_answers_equal_the_csv(fed, sample_folder)


def test_two_dimensions_sum_as_the_csv_does(fed: Stack, sample_folder: Path) -> None:
    answer = fed.get(
        "/v1/metrics/flight.departed",
        measure="distance",
        stat="sum",
        group_by="route,carrier",
        limit="10000",
    )
    sums = {(row["route"], row["carrier"]): row["value"] for row in answer["rows"]}
    assert sums == distance_by_route_and_carrier(read_flights(sample_folder))


def test_a_filter_and_a_span_of_time_narrow_the_answer(fed: Stack, sample_folder: Path) -> None:
    rows = [r for r in read_weather(sample_folder) if r["origin"] in ("JFK", "LGA")]
    hour = "2013-01-03T12:00:00Z"
    expected = {r["origin"]: float(r["temp"]) for r in rows if r["time_hour"] == hour}
    answer = fed.get(
        "/v1/metrics/weather.observed",
        measure="temp",
        stat="avg",
        group_by="origin",
        filter="origin:JFK|LGA",
        interval="hour",
        from_="2013-01-03T12:00:00Z",
        to="2013-01-03T13:00:00Z",
    )
    assert {row["origin"]: row["value"] for row in answer["rows"]} == expected
    assert {row["bucket"] for row in answer["rows"]} == {"2013-01-03T12:00:00Z"}


def test_sending_all_of_it_again_elsewhere_changes_no_answer(
    fed: Stack, week: list[Event], until: Poll
) -> None:
    before = all_answers(fed)
    loaded = fed.get("/v1/status", fresh=True)["events"]
    backwards = list(reversed(week))
    quarter = len(backwards) // 4
    items = {event["id"] for event in shares(week)[send_changes]}
    # An item that is there already is not inserted by putting it again.
    inserted = [event for event in backwards[:quarter] if event["id"] not in items]
    send_changes(fed, inserted)
    send_uploads(fed, backwards[quarter : 2 * quarter])
    send_webhooks(fed, backwards[2 * quarter : 3 * quarter])
    send_requests(fed, backwards[3 * quarter :])

    def counted() -> dict[str, int]:
        events: dict[str, int] = fed.get("/v1/status", fresh=True)["events"]
        return events

    expected = loaded["duplicates"] + len(backwards) - quarter + len(inserted)
    until(lambda: counted()["duplicates"] >= expected, "the second sending counts as duplicates")
    after = counted()
    assert after["loaded"] == loaded["loaded"]
    assert after["conflicts"] == loaded["conflicts"]
    assert all_answers(fed) == before


def test_killing_the_loader_in_mid_load_changes_no_answer(
    fed: Stack,
    cloud: LocalCloud,
    functions: dict[str, str],
    week: list[Event],
    until: Poll,
) -> None:
    before = all_answers(fed)
    counts = fed.get("/v1/status", fresh=True)["events"]
    fresh = [{**event, "id": f"again-{event['id']}"} for event in week if "page" in event["type"]]
    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(kill_in_mid_load, cloud, functions["LoadBatchesFunction"])
        send_uploads(fed, [*week[:3000], *fresh])
        assert killed.result() >= 1

    def done() -> bool:
        events = fed.get("/v1/status", fresh=True)["events"]
        return bool(
            events["loaded"] == counts["loaded"] + len(fresh)
            and events["duplicates"] == counts["duplicates"] + 3000
        )

    until(done, "every event is loaded or counted as a duplicate once")
    assert all_answers(fed) == before


def kill_in_mid_load(cloud: LocalCloud, loader: str) -> int:
    """Kill the loader's processes once, while it holds messages; returns how many."""
    sqs = cloud.client("sqs")
    urls = sqs.list_queues()["QueueUrls"]
    queue = next(url for url in urls if "LoadQueue" in url)
    held = "ApproximateNumberOfMessagesNotVisible"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[held])["Attributes"]
        if int(attributes[held]) and (pids := cloud.worker_pids(loader)):
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            return len(pids)
    raise AssertionError("not in time: the loader holds messages")
