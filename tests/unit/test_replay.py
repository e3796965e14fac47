"""The live replay sends each event anew, in order, at its moment."""

import itertools
from datetime import UTC, datetime, timedelta

from local.replay import Event, live_events

STARTED = datetime(2026, 1, 1, tzinfo=UTC)
WEEK: list[Event] = [
    {"type": "weather.observed", "id": "w", "time": "2013-01-01T06:00:00Z"},
    {"type": "flight.departed", "id": "d", "time": "2013-01-01T10:00:00Z"},
    {"type": "flight.arrived", "id": "a", "time": "2013-01-01T12:00:00Z"},
]


def first(number: int, speed: float = 3600) -> list[tuple[datetime, Event]]:
    return list(itertools.islice(live_events(WEEK, STARTED, speed), number))


def test_it_begins_with_the_first_departure() -> None:
    due, event = first(1)[0]
    assert due == STARTED
    assert event["id"].endswith("-0-d")


def test_an_hour_of_the_week_lasts_as_long_as_the_speed_says() -> None:
    assert first(2)[1][0] - STARTED == timedelta(seconds=2)


def test_each_round_has_ids_of_its_own_and_goes_on_in_time() -> None:
    made = first(6)
    assert len({event["id"] for _, event in made}) == 6
    assert [due for due, _ in made] == sorted(due for due, _ in made)


def test_events_carry_the_moment_they_are_sent() -> None:
    due, event = first(2)[1]
    assert datetime.fromisoformat(event["time"]) == due
