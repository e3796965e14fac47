"""The right answers, computed straight from the data set's CSV files and by nothing else."""

import csv
import gzip
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

# The tables of codes that the data set brings along: names of airlines, names and zones of airports.
REFERENCE = Path(__file__).parents[2] / "src/pipeline/prepare/reference"
NEW_YORK = ZoneInfo("America/New_York")
ON_THE_GROUND = timedelta(minutes=30)

Row = dict[str, str]
Fact = dict[str, Any]  # `time`, and what panels group by and measure; None where it is not known


def read_flights(folder: Path) -> list[Row]:
    with gzip.open(folder / "flights.csv.gz", "rt", newline="") as file:
        return list(csv.DictReader(file))


def date_of(row: Row) -> str:
    return f"{row['year']}-{int(row['month']):02}-{int(row['day']):02}"


def known(value: str) -> bool:
    return value not in ("", "NA")


def arrived(rows: list[Row]) -> list[Row]:
    return [row for row in rows if known(row["arr_delay"])]


def departures_by_carrier(rows: list[Row]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        if known(row["dep_time"]):
            counts[row["carrier"]] += 1
    return dict(counts)


def cancellations_by_origin(rows: list[Row]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        if not known(row["dep_time"]):
            counts[row["origin"]] += 1
    return dict(counts)


def arrival_delays_by_day(rows: list[Row]) -> dict[str, list[int]]:
    delays: dict[str, list[int]] = defaultdict(list)
    for row in arrived(rows):
        delays[date_of(row)].append(int(row["arr_delay"]))
    return dict(delays)


def distance_by_route_and_carrier(rows: list[Row]) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        if known(row["dep_time"]):
            sums[f"{row['origin']}-{row['dest']}", row["carrier"]] += int(row["distance"])
    return dict(sums)


def read_weather(folder: Path) -> list[Row]:
    with gzip.open(folder / "weather.csv.gz", "rt", newline="") as file:
        return list(csv.DictReader(file))


# --- what happened, and when --------------------------------------------------------------------


def departures(rows: Iterable[Row]) -> Iterator[Fact]:
    for row in rows:
        if known(row["dep_time"]):
            yield {**flown(row), "time": departed_at(row), "dep_delay": int(row["dep_delay"])}


def cancellations(rows: Iterable[Row]) -> Iterator[Fact]:
    for row in rows:
        if not known(row["dep_time"]):
            yield {**flown(row), "time": scheduled_at(row)}


def arrivals(rows: Sequence[Row]) -> Iterator[Fact]:
    for row in arrived(list(rows)):
        yield {**flown(row), "time": arrived_at(row), "arr_delay": int(row["arr_delay"])}


def readings(rows: Iterable[Row]) -> Iterator[Fact]:
    for row in rows:
        temp = float(row["temp"]) if known(row["temp"]) else None
        yield {
            "time": datetime.fromisoformat(row["time_hour"]),
            "origin": row["origin"],
            "temp": temp,
        }


def flown(row: Row) -> Fact:
    return {
        "carrier": row["carrier"],
        "airline": codes("airlines", "carrier", "name").get(row["carrier"]),
        "origin": row["origin"],
        "origin_name": codes("airports", "faa", "name").get(row["origin"]),
        "route": f"{row['origin']}-{row['dest']}",
    }


def scheduled_at(row: Row) -> datetime:
    """`hour` and `minute` are those of the airport's clock, all of them in New York."""
    midnight = datetime(int(row["year"]), int(row["month"]), int(row["day"]), tzinfo=NEW_YORK)
    return (midnight + timedelta(hours=int(row["hour"]), minutes=int(row["minute"]))).astimezone(
        UTC
    )


def departed_at(row: Row) -> datetime:
    return scheduled_at(row) + timedelta(minutes=int(row["dep_delay"]))


def arrived_at(row: Row) -> datetime:
    """The first time after departure that the clock of the destination shows `arr_time`.

    Of four airports the data set has no zone: there it is half an hour after the time in the air.
    """
    departure = departed_at(row)
    zone = codes("airports", "faa", "tzone").get(row["dest"])
    if zone is None:
        return departure + timedelta(minutes=int(row["air_time"])) + ON_THE_GROUND
    clock = departure.astimezone(ZoneInfo(zone))
    hours, minutes = divmod(int(row["arr_time"]), 100)
    later = (hours * 60 + minutes - clock.hour * 60 - clock.minute) % (24 * 60)
    return departure + timedelta(minutes=later or 24 * 60)


@cache
def codes(table: str, code: str, meaning: str) -> Mapping[str, str]:
    with (REFERENCE / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return {line[code]: line[meaning] for line in csv.DictReader(file) if line[meaning]}


# --- what a panel says about it -----------------------------------------------------------------


def panel_rows(panel: Mapping[str, Any], facts: Iterable[Fact], zone: ZoneInfo) -> list[Fact]:
    """Compute the rows that a panel of the catalogue shows: by day if it has an interval."""
    groups: dict[tuple[str | None, ...], list[Fact]] = defaultdict(list)
    names = panel.get("group_by", [])
    for fact in facts:
        day = [midnight(fact["time"], zone)] if "interval" in panel else []
        groups[(*day, *(fact[name] for name in names))].append(fact)
    columns = [*(["bucket"] if "interval" in panel else []), *names]
    rows = [
        {**dict(zip(columns, key, strict=True)), "count": len(its), **value_of(panel, its)}
        for key, its in sorted(groups.items())
        if len(its) >= panel.get("at_least", 0)
    ]
    if order := panel.get("order"):
        name, descends = order.removeprefix("-"), order.startswith("-")
        rows.sort(key=lambda row: row[name], reverse=descends)  # ties stay by the groups
    return rows[: panel.get("limit")]


def midnight(time: datetime, zone: ZoneInfo) -> str:
    return time.astimezone(zone).replace(hour=0, minute=0, second=0).isoformat()


def value_of(panel: Mapping[str, Any], facts: Sequence[Fact]) -> Fact:
    """Compute the value of a group; a number of events has no column of its own."""
    if panel["stat"] == "count":
        return {}
    values = [fact[panel["measure"]] for fact in facts if fact.get(panel["measure"]) is not None]
    return {"value": STATS[panel["stat"]](values) if values else None}


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def percentile(percent: int) -> Callable[[Sequence[float]], float]:
    """The least value that so many of a hundred do not exceed, to three significant digits."""

    def least(values: Sequence[float]) -> float:
        return three_digits(sorted(values)[-(-len(values) * percent // 100) - 1])

    return least


def three_digits(value: float) -> float:
    exact = Decimal(value)
    if not exact:
        return 0.0
    return float(exact.quantize(Decimal(1).scaleb(exact.adjusted() - 2), ROUND_HALF_UP))


STATS: Mapping[str, Callable[[Sequence[Any]], float]] = {
    "avg": mean,
    "p50": percentile(50),
    "p95": percentile(95),
    "distinct": lambda values: len(set(values)),
}
