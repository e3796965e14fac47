"""Answers from rollups equal those from the facts, whatever was loaded in whatever order."""

import csv
import io
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.load.migration import Names, update_schema
from pipeline.load.summing import fill_rollups, rollup_tables
from pipeline.serve.asking.moments import format_moment
from pipeline.serve.asking.question import Question, read_question
from pipeline.serve.querying.query import metrics_query
from pipeline.serve.querying.source import Source, choose, facts
from pipeline.serve.telling.answers import Answer
from pipeline.serve.telling.reply import answer_question
from tests.integration.warehousing import Row, World, event

TYPE = "flight.arrived"
TABLE = "facts_flight_arrived"
AS_OF = datetime(2020, 1, 1, tzinfo=UTC)
# The night in which summer ends in New York, and the weeks around it.
START = datetime(2013, 10, 25, tzinfo=UTC)
ROUTES = [("JFK", "LAX"), ("JFK", "BOS"), ("LGA", "ORD"), ("EWR", "LAX")]
AIRLINES = {"UA": "United", "AA": "American", "9E": "Endeavor"}


# One in each of the two hours that a clock in New York shows as 1 o'clock.
FIXED = {0: datetime(2013, 11, 3, 5, 15, tzinfo=UTC), 1: datetime(2013, 11, 3, 6, 15, tzinfo=UTC)}


def arrival(dice: random.Random, number: int) -> tuple[Row, Row]:
    """Make an event and its facts, with gaps, ties and awkward numbers."""
    moment = FIXED.get(number, START + timedelta(minutes=dice.randrange(60 * 24 * 20)))
    row = event(f"arrival-{number}", type=TYPE, time=format_moment(moment))
    origin, dest = dice.choice(ROUTES)
    carrier = dice.choice([*AIRLINES, None])
    columns = {
        "carrier": carrier,
        "airline": AIRLINES.get(carrier or ""),
        "flight": dice.randrange(1, 40),
        "origin": origin,
        "origin_name": origin.title(),
        "dest": dest,
        "route": f"{origin}-{dest}",
        "delay_class": dice.choice(["on time", "late", None]),
        "arr_delay": dice.choice([None, -20, -5, 0, 12, 60, 1_301, 2**40 + 1]),
        "dep_delay": dice.randrange(-20, 300),
        "distance": dice.choice([None, 0.1, 733.0, 2475.25, 1e-9, 1.5e80]),
        "speed": dice.uniform(100, 600),
    }
    kept = {name: value for name, value in columns.items() if value is not None}
    return row, {name: row[name] for name in ("event_key", "fingerprint", "time")} | kept


def load(world: World, batch: str, pairs: list[tuple[Row, Row]], *, apart: bool = False) -> None:
    events = world.stage(batch, [row for row, _ in pairs])
    announced = world.stage_facts(batch, flight__arrived=[columns for _, columns in pairs])
    for messages in [(events,), (announced,)] if apart else [(events, announced)]:
        assert not world.load(*messages).failed


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Arrivals in several loads: late ones, duplicates, facts of their own, facts calculated anew."""
    dice = random.Random(11)  # noqa: S311 (repeatable, not secret)
    pairs = [arrival(dice, number) for number in range(500)]
    with World() as built:
        load(built, "first", pairs[:200])
        load(built, "second", pairs[150:350], apart=True)
        load(built, "third", pairs[350:])
        anew = [columns | {"dep_delay": 7, "carrier": "UA"} for _, columns in pairs[20:60]]
        assert not built.load(built.stage_facts("first", flight__arrived=anew)).failed
        yield built


def ask(world: World, question: Question, source: Source) -> Answer:
    sql, parameters = metrics_query(question, source)
    return answer_question(question, world.warehouse.csv(sql, parameters, seconds=20), AS_OF)


def rows_of(answer: Answer) -> list[Row]:
    rows: list[Row] = json.loads(answer.body)["rows"]
    return rows


MEASURES = ("arr_delay", "dep_delay", "distance", "speed", "air_time")
QUESTIONS = st.fixed_dictionaries(
    {
        "stat": st.sampled_from(["count", "sum", "avg", "min", "max", "p50", "p90", "p99"]),
        "measure": st.sampled_from(MEASURES),
        "interval": st.sampled_from(["none", "hour", "day", "week", "month"]),
        "timezone": st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Asia/Tokyo"]),
        "limit": st.just("10000"),
    },
    optional={
        "from": st.sampled_from(["2013-10-27", "2013-11-03T04:00:00Z", "2013-11-03T05:30:00Z"]),
        "to": st.sampled_from(["2013-11-04", "2013-11-10T00:00:00+01:00"]),
        "group_by": st.sampled_from(
            ["carrier", "airline,carrier", "origin", "route", "route,dest", "delay_class", "flight"]
        ),
        "filter": st.sampled_from(
            [
                "carrier:UA|9E",
                "carrier!:UA",
                "origin>EWR,origin<LGA",
                "route:JFK-LAX,dest!:BOS",
                "delay_class:late",
                "dep_delay>100",
            ]
        ),
        "order": st.sampled_from(["-value", "count,-bucket"]),
    },
)  # fmt: skip


def alike(found: Row, wanted: Row) -> bool:
    """Tell whether two rows are the same but for the order in which doubles were added up."""
    if found.keys() != wanted.keys():
        return False
    value = wanted["value"]
    close = found["value"] == (value if value is None else pytest.approx(value, rel=1e-12))
    return close and {**found, "value": None} == {**wanted, "value": None}


@settings(
    max_examples=200, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(asked=QUESTIONS)
def test_an_answer_from_rollups_equals_the_one_from_the_facts(
    world: World, asked: dict[str, str]
) -> None:
    question = read_question(world.catalogue[TYPE], asked)
    found = rows_of(ask(world, question, choose(question)))
    wanted = rows_of(ask(world, question, facts(question)))
    assert len(found) == len(wanted)
    if "value" not in asked.get("order", ""):  # sums that differ in a last digit may change places
        assert all(map(alike, found, wanted))


def content(world: World, table: str) -> list[str]:
    """Read a rollup in an order of its own; doubles to 12 digits, since sums have an order too."""
    rows = world.query(f"SELECT * FROM {table}")
    return sorted(
        json.dumps(
            {n: f"{v:.12g}" if isinstance(v, float) else str(v) for n, v in row.items()},
            sort_keys=True,
        )
        for row in rows
    )


def test_what_loads_keep_up_is_what_a_new_rollup_would_hold(world: World) -> None:
    event_type = world.catalogue[TYPE]
    kept = {table: content(world, table) for table in rollup_tables(event_type)}
    for statement in fill_rollups(event_type):
        if statement.startswith("INSERT"):
            table = next(name for name in kept if name in statement)
            world.warehouse.execute_batch([f"DELETE FROM {table}", statement], seconds=60)
    assert kept == {table: content(world, table) for table in kept}
    assert all(len(rows) > 100 for rows in kept.values())


def test_facts_that_move_to_another_hour_leave_the_old_one() -> None:
    """An event without a time of its own, staged twice: the facts of the first batch win."""
    with World() as world:
        early, late = ("2013-11-01T10:10:00.000000Z", "2013-11-01T12:10:00.000000Z")
        first = event("moved", type=TYPE, time=early, received_at=early)
        second = {**first, "time": late, "received_at": late}
        own = {name: first[name] for name in ("event_key", "fingerprint")}
        world.load(world.stage("first", [first]), world.stage("second", [second]))
        facts_of_second = own | {"time": late, "carrier": "UA"}
        world.load(world.stage_facts("second", flight__arrived=[facts_of_second]))
        assert hours(world) == ["2013-11-01T12:00:00Z"]
        world.load(world.stage_facts("first", flight__arrived=[own | {"time": early}]))
        assert hours(world) == ["2013-11-01T10:00:00Z"]


def hours(world: World) -> list[Any]:
    question = read_question(world.catalogue[TYPE], {"interval": "hour"})
    assert "rollup" in choose(question).table
    return [row["bucket"] for row in rows_of(ask(world, question, choose(question)))]


def test_a_percentile_is_within_half_a_percent_of_the_exact_one(world: World) -> None:
    speeds = sorted(row["speed"] for row in world.query(f"SELECT speed FROM {TABLE}"))
    for stat, percent in (("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99)):
        question = read_question(world.catalogue[TYPE], {"measure": "speed", "stat": stat})
        (row,) = rows_of(ask(world, question, choose(question)))
        exact = speeds[-(-len(speeds) * percent // 100) - 1]
        assert row["value"] == pytest.approx(exact, rel=0.005)


def test_the_hour_that_comes_twice_is_two_buckets(world: World) -> None:
    given_ = {"interval": "hour", "timezone": "America/New_York", "from": "2013-11-03T05:00:00Z"}
    question = read_question(world.catalogue[TYPE], given_ | {"to": "2013-11-03T07:00:00Z"})
    found = [row["bucket"] for row in rows_of(ask(world, question, choose(question)))]
    assert found == ["2013-11-03T01:00:00-04:00", "2013-11-03T01:00:00-05:00"]


def test_days_begin_at_midnight_in_their_zone(world: World) -> None:
    zone = ZoneInfo("Asia/Kolkata")
    given_ = {"interval": "day", "timezone": zone.key}
    question = read_question(world.catalogue[TYPE], given_)
    found = {row["bucket"]: row["count"] for row in rows_of(ask(world, question, choose(question)))}
    times = [row["time"].astimezone(zone) for row in world.query(f'SELECT "time" FROM {TABLE}')]
    wanted: dict[str, int] = {}
    for time in times:
        midnight = format_moment(time.replace(hour=0, minute=0, second=0), zone)
        wanted[midnight] = wanted.get(midnight, 0) + 1
    assert found == wanted


@pytest.mark.parametrize("group_by", ["carrier", "flight"])
def test_distinct_values_are_counted_exactly(world: World, group_by: str) -> None:
    given_ = {"measure": "airline", "stat": "distinct", "group_by": group_by}
    question = read_question(world.catalogue[TYPE], given_)
    found = {row[group_by]: row["value"] for row in rows_of(ask(world, question, choose(question)))}
    wanted: dict[Any, set[str]] = {}
    for row in world.query(f"SELECT {group_by} AS g, airline FROM {TABLE}"):
        wanted.setdefault(row["g"], set()).update({row["airline"]} - {None})
    assert found == {name: len(airlines) for name, airlines in wanted.items()}


def test_the_order_is_the_one_that_was_asked_for(world: World) -> None:
    given_ = {"measure": "arr_delay", "stat": "avg", "group_by": "route", "order": "-value"}
    question = read_question(world.catalogue[TYPE], given_)
    values = [row["value"] for row in rows_of(ask(world, question, choose(question)))]
    assert values == sorted(values, reverse=True)
    cut = read_question(world.catalogue[TYPE], given_ | {"limit": "2"})
    answer = json.loads(ask(world, cut, choose(cut)).body)
    assert [row["value"] for row in answer["rows"]] == values[:2]
    assert answer["truncated"] is True


def test_every_format_tells_the_same(world: World) -> None:
    given_ = {"measure": "arr_delay", "stat": "avg", "group_by": "carrier", "interval": "week"}
    answers = {
        name: ask(world, question, choose(question))
        for name in ("json", "csv", "ndjson")
        for question in [read_question(world.catalogue[TYPE], given_ | {"format": name})]
    }
    rows = rows_of(answers["json"])
    assert [json.loads(line) for line in answers["ndjson"].body.splitlines()] == rows
    lines = csv.DictReader(io.StringIO(answers["csv"].body, newline=""))
    assert lines.fieldnames == ["bucket", "carrier", "count", "value"]
    read = [{name: text or None for name, text in line.items()} for line in lines]
    assert read == [
        {n: None if v is None else str(v) for n, v in row.items()} for row in rows
    ]  # fmt: skip


def test_the_version_moves_when_a_load_commits_and_only_then() -> None:
    with World() as world:
        question = read_question(world.catalogue[TYPE], {})
        assert ask(world, question, choose(question)).data_version == 0
        dice = random.Random(3)  # noqa: S311 (repeatable, not secret)
        load(world, "a", [arrival(dice, 1)])
        assert ask(world, question, choose(question)).data_version == 1
        assert world.load(world.poison("bad")).failed
        assert ask(world, question, choose(question)).data_version == 1
        load(world, "b", [arrival(dice, 2)], apart=True)
        assert ask(world, question, choose(question)).data_version == 3


def test_another_definition_is_filled_from_the_facts_at_the_next_deployment() -> None:
    names = Names("events", "loader", "reader")
    with World() as world:
        dice = random.Random(5)  # noqa: S311 (repeatable, not secret)
        load(world, "a", [arrival(dice, number) for number in range(50)])
        old = rollup_tables(world.catalogue[TYPE])
        changed = replace(world.catalogue[TYPE], rollups=((), ("dest",)))
        world.catalogue = {**world.catalogue, TYPE: changed}
        update_schema(world.warehouse, world.catalogue, names, lambda: 60)
        load(world, "b", [arrival(dice, number) for number in range(50, 80)])
        question = read_question(
            changed, {"group_by": "dest", "measure": "dep_delay", "stat": "p90"}
        )
        assert "histogram" in choose(question).table
        assert rows_of(ask(world, question, choose(question))) == rows_of(
            ask(world, question, facts(question))
        )
        there = {row["table_name"] for row in world.query("SELECT table_name FROM svv_columns")}
        assert not there & set(old)
