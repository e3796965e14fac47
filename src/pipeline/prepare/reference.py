"""Names that flights refer to by code, read once per process from `reference/*.csv`."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "reference"

# By name of the tz database, because that is what the airports' table gives. Phoenix keeps
# Mountain Standard Time all year. A zone that is not listed has no region.
REGIONS = {
    "America/New_York": "Eastern",
    "America/Chicago": "Central",
    "America/Denver": "Mountain",
    "America/Phoenix": "Mountain",
    "America/Los_Angeles": "Pacific",
    "America/Vancouver": "Pacific",
    "America/Anchorage": "Alaska",
    "Pacific/Honolulu": "Hawaii",
}


@dataclass(frozen=True)
class Airport:
    """An airport's name, and its region if its time zone is known."""

    name: str
    region: str | None


@cache
def airlines() -> dict[str, str]:
    """Names of airlines by IATA code."""
    with (FOLDER / "airlines.csv").open(encoding="utf-8", newline="") as lines:
        return {line["carrier"]: line["name"] for line in csv.DictReader(lines)}


@cache
def airports() -> dict[str, Airport]:
    """Airports by FAA code."""
    with (FOLDER / "airports.csv").open(encoding="utf-8", newline="") as lines:
        return {
            line["faa"]: Airport(line["name"], REGIONS.get(line["tzone"]))
            for line in csv.DictReader(lines)
        }


def airport_name(code: str) -> str | None:
    """Name an airport; an unknown code has no name."""
    airport = airports().get(code)
    return airport.name if airport else None
