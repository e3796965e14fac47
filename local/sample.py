"""The sample events: real flights and weather of New York, and page views made up from a seed."""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ROOT = Path(__file__).parents[1]
WEEK = ROOT / "events" / "sample"
AIRPORTS = ROOT / "src" / "pipeline" / "prepare" / "reference" / "airports.csv"

ABSENT = "NA"
TAXI = timedelta(minutes=30)  # from touching down to the gate, and to the runway before
DAY = timedelta(days=1)
READINGS = (
    "temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib",
)  # fmt: skip
SEED = 2013
VIEWS = 200
WEEK_STARTS = datetime(2013, 1, 1, 5, tzinfo=UTC)  # midnight in New York
WEEK_SECONDS = 7 * 24 * 3600
PAGES = ("/", "/flights", "/flights/JFK-LAX", "/deals", "/basket", "/help")
REFERRERS = (None, "https://search.example/", "https://news.example/travel")
DEVICES = ("desktop", "phone", "tablet")

CSV_ENVELOPE = ("id", "source", "type", "time", "subject")

CsvRow = Mapping[str, str]
Event = dict[str, Any]


def week() -> list[Event]:
    """All sample events of the week in `events/sample`, in the order of their times."""
    events = [
        *flight_events(read_rows(WEEK / "flights.csv.gz")),
        *weather_events(read_rows(WEEK / "weather.csv.gz")),
        *page_events(),
    ]
    return sorted(events, key=lambda event: (event["time"], event["id"]))


def read_rows(path: Path) -> Iterator[CsvRow]:
    """Read a gzip CSV file with a header."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def flight_events(rows: Iterable[CsvRow]) -> Iterator[Event]:
    """Make the events of flights.

    A flight that left has `flight.departed`, at the scheduled time plus its delay; one that did
    not leave has `flight.cancelled`, at the scheduled time; one that reached its destination has
    `flight.arrived` too (a diverted one has not), at the time that `arrived_at` tells.
    """
    for row in rows:
        scheduled = _instant(row["time_hour"]) + timedelta(minutes=int(row["minute"]))
        flight = _flight(row, scheduled)
        if row["dep_time"] == ABSENT:
            yield _flight_event(row, "cancelled", scheduled, flight)
            continue
        departure = scheduled + timedelta(minutes=int(row["dep_delay"]))
        left = {**flight, "dep_delay": int(row["dep_delay"])}
        yield _flight_event(row, "departed", departure, left)
        if ABSENT not in (row["arr_time"], row["arr_delay"], row["air_time"]):
            air_time = int(row["air_time"])
            arrival = arrived_at(departure, int(row["arr_time"]), zone_of(row["dest"]), air_time)
            there = {**left, "arr_delay": int(row["arr_delay"]), "air_time": air_time}
            yield _flight_event(row, "arrived", arrival, there)


def arrived_at(departure: datetime, clock: int, zone: ZoneInfo | None, air_time: int) -> datetime:
    """Tell when (UTC) a flight that departed then arrived.

    `clock` is local to the destination (830 is 8:30, 2400 is midnight): the first such time after
    departure, so at most a day later. Where the destination's zone is not known it is the
    departure plus `air_time` minutes plus half an hour on the ground.
    """
    if zone is None:
        return departure + timedelta(minutes=air_time) + TAXI
    local = departure.astimezone(zone).replace(
        hour=clock // 100 % 24, minute=clock % 100, second=0, microsecond=0
    )
    arrival = local.astimezone(UTC)
    return arrival if arrival > departure else (local + DAY).astimezone(UTC)


def weather_events(rows: Iterable[CsvRow]) -> Iterator[Event]:
    """Make a `weather.observed` of each reading, with its numbers as they stand there."""
    for row in rows:
        hour = _instant(row["time_hour"])
        readings = {name: _number(row[name]) for name in READINGS if row[name] != ABSENT}
        yield _event(
            identity=f"{_text(hour)}-{row['origin']}-observed",
            source="/weather/nyc",
            kind="weather.observed",
            time=hour,
            subject=row["origin"],
            data={"origin": row["origin"], **readings},
        )


def page_events(count: int = VIEWS, seed: int = SEED) -> Iterator[Event]:
    """Make up page views spread over the week; the same seed gives the same ones.

    Only Random.random is used, since Python promises its sequence for a seed in every version.
    """
    chance = Random(seed)  # noqa: S311 (not for secrets)

    def one_of(choices: tuple[Any, ...]) -> Any:
        return choices[int(chance.random() * len(choices))]

    for n in range(count):
        page, referrer = one_of(PAGES), one_of(REFERRERS)
        data = {
            "page": page,
            "visitor": f"visitor-{int(chance.random() * 40):02}",
            **({"referrer": referrer} if referrer else {}),
            "device": one_of(DEVICES),
            # Most stay for seconds, few for minutes.
            "duration_ms": int(1_000 + 300_000 * chance.random() ** 4),
        }
        time = WEEK_STARTS + timedelta(seconds=int(chance.random() * WEEK_SECONDS))
        yield _event(
            identity=f"view-{seed}-{n:06}",
            source="/web/shop",
            kind="page.viewed",
            time=time,
            subject=page,
            data=data,
        )


def as_json_lines(events: Iterable[Event]) -> Iterator[str]:
    """Write events as JSON Lines, without line ends."""
    for event in events:
        yield json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def as_csv_rows(events: Iterable[Event]) -> Iterator[list[str]]:
    """Write events as the rows of a table, names of columns first, absent members empty.

    Data members are named `data.<member>`; the version of CloudEvents goes without saying.
    """
    kept = list(events)
    members = sorted({name for event in kept for name in event["data"]})
    yield [*CSV_ENVELOPE, *(f"data.{name}" for name in members)]
    for event in kept:
        envelope = [event.get(name, "") for name in CSV_ENVELOPE]
        yield [*envelope, *(_cell(event["data"].get(name)) for name in members)]


def _cell(value: str | float | bool | None) -> str:  # noqa: FBT001 (a JSON value)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def as_dynamodb_item(event: Event) -> dict[str, Any]:
    """Write an event as an item of the event table: its members, under a key of its identity."""
    return {"pk": {"S": f"{event['source']}#{event['id']}"}, **_attribute(event)["M"]}


def _attribute(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"M": {name: _attribute(member) for name, member in value.items()}}
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": json.dumps(value)} if isinstance(value, int | float) else {"S": value}


def _flight(row: CsvRow, scheduled: datetime) -> dict[str, Any]:
    tailnum = {} if row["tailnum"] == ABSENT else {"tailnum": row["tailnum"]}
    return {
        "flight_date": _date(row),
        "carrier": row["carrier"],
        "flight": int(row["flight"]),
        **tailnum,
        "origin": row["origin"],
        "dest": row["dest"],
        "scheduled": _text(scheduled),
        "distance": _number(row["distance"]),
    }


def _flight_event(row: CsvRow, what: str, time: datetime, data: dict[str, Any]) -> Event:
    # Day, airline, number and origin are unique over the whole year.
    flight = f"{row['carrier']}-{row['flight']}"
    return _event(
        identity=f"{_date(row)}-{flight}-{row['origin']}-{what}",
        source="/flights/nyc",
        kind=f"flight.{what}",
        time=time,
        subject=flight,
        data=data,
    )


def _event(  # noqa: PLR0913 (the members of a CloudEvent)
    *, identity: str, source: str, kind: str, time: datetime, subject: str, data: dict[str, Any]
) -> Event:
    return {
        "specversion": "1.0",
        "id": identity,
        "source": source,
        "type": kind,
        "time": _text(time),
        "subject": subject,
        "data": data,
    }


@cache
def zone_of(airport: str) -> ZoneInfo | None:
    """Find an airport's time zone; None where the table, or this machine, does not know it."""
    try:
        return ZoneInfo(name) if (name := _zone_names().get(airport)) else None
    except ZoneInfoNotFoundError:
        return None


@cache
def _zone_names() -> dict[str, str]:
    with AIRPORTS.open(encoding="utf-8", newline="") as lines:
        return {line["faa"]: line["tzone"] for line in csv.DictReader(lines)}


def _date(row: CsvRow) -> str:
    return f"{row['year']}-{int(row['month']):02}-{int(row['day']):02}"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _number(text: str) -> int | float:
    return int(text) if text.removeprefix("-").isdecimal() else float(text)
