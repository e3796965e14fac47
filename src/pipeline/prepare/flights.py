"""Computed columns of flights; each function takes an event's data and returns one value."""

from collections.abc import Mapping
from typing import Any

from pipeline.prepare.reference import airlines, airport_name, airports

Data = Mapping[str, Any]

MINUTES_AN_HOUR = 60


def airline(data: Data) -> str | None:
    """Name of the airline; an unknown code has none."""
    return airlines().get(data["carrier"])


def origin_name(data: Data) -> str | None:
    """Name of the airport of departure."""
    return airport_name(data["origin"])


def dest_name(data: Data) -> str | None:
    """Name of the airport of destination."""
    return airport_name(data["dest"])


def region(data: Data) -> str | None:
    """Region of the destination, from its time zone."""
    airport = airports().get(data["dest"])
    return airport.region if airport else None


def route(data: Data) -> str:
    """Origin and destination, as in JFK-LAX."""
    return f"{data['origin']}-{data['dest']}"


def delay_class(minutes: float) -> str:
    """Name a delay; early counts as on time."""
    for name, under in (("on time", 15), ("late", 60), ("very late", 180)):
        if minutes < under:
            return name
    return "extreme"


def departure_class(data: Data) -> str:
    """Class of the departure's delay."""
    return delay_class(data["dep_delay"])


def arrival_class(data: Data) -> str:
    """Class of the arrival's delay."""
    return delay_class(data["arr_delay"])


def speed(data: Data) -> float | None:
    """Mean ground speed in miles per hour; none where the time in the air was not sent."""
    minutes = data.get("air_time")
    return None if minutes is None else float(data["distance"] * MINUTES_AN_HOUR / minutes)


CANCELLED = {
    "airline": airline,
    "origin_name": origin_name,
    "dest_name": dest_name,
    "region": region,
    "route": route,
}
DEPARTED = {**CANCELLED, "delay_class": departure_class}
ARRIVED = {**CANCELLED, "delay_class": arrival_class, "speed": speed}
