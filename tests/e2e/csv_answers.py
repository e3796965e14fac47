"""The right answers, computed straight from the data set's CSV files and by nothing else."""

import csv
import gzip
from collections import defaultdict
from pathlib import Path

Row = dict[str, str]


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
