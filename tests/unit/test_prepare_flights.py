"""Computed columns of flights and weather, against values worked out by hand."""

import pytest

from pipeline.prepare import flights, weather
from pipeline.prepare.reference import airlines, airports


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (-10, "on time"),
        (14, "on time"),
        (15, "late"),
        (59, "late"),
        (60, "very late"),
        (179, "very late"),
        (180, "extreme"),
    ],
)
def test_delay_classes(minutes: int, expected: str) -> None:
    assert flights.delay_class(minutes) == expected


@pytest.mark.parametrize(
    ("dest", "expected"),
    [
        ("BOS", "Eastern"),
        ("ORD", "Central"),
        ("DEN", "Mountain"),
        ("PHX", "Mountain"),
        ("LAX", "Pacific"),
        ("ANC", "Alaska"),
        ("HNL", "Hawaii"),
        ("EEN", None),  # in the table without a time zone
        ("DVT", None),  # in the table with one of another continent
    ],
)
def test_regions(dest: str, expected: str | None) -> None:
    assert flights.region({"dest": dest}) == expected


@pytest.mark.parametrize("dest", ["BQN", "SJU", "STT", "PSE"])
def test_an_airport_that_is_not_in_the_table_is_not_guessed(dest: str) -> None:
    assert flights.dest_name({"dest": dest}) is None
    assert flights.region({"dest": dest}) is None


def test_a_flight_refers_to_an_airline_and_two_airports() -> None:
    data = {"carrier": "B6", "origin": "JFK", "dest": "LAX"}
    assert flights.airline(data) == "JetBlue Airways"
    assert flights.origin_name(data) == "John F Kennedy Intl"
    assert flights.dest_name(data) == "Los Angeles Intl"
    assert flights.route(data) == "JFK-LAX"


def test_speed_is_miles_per_hour() -> None:
    assert flights.speed({"distance": 1000, "air_time": 120}) == 500


def test_there_is_no_speed_without_time_in_the_air() -> None:
    assert flights.speed({"distance": 1000}) is None


def test_a_departure_is_classed_by_its_own_delay() -> None:
    data = {"dep_delay": 70, "arr_delay": 10}
    assert flights.departure_class(data) == "very late"
    assert flights.arrival_class(data) == "on time"


def test_a_station_has_its_airport_s_name() -> None:
    assert weather.origin_name({"origin": "LGA"}) == "La Guardia"


def test_the_reference_tables_are_whole() -> None:
    assert len(airlines()) == 16
    assert len(airports()) == 1458
