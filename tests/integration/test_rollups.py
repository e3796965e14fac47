"""Answers from rollups equal those from the facts, whatever was loaded in whatever order."""

import csv
import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline.catalogue import Column, EventType
from pipeline.load.migration import Names, update_schema
from pipeline.load.summing import fill_rollups, rollup_tables
from pipeline.serve.asking.contract import PERCENTILES
from pipeline.serve.asking.moments import INTERVALS, format_moment
from pipeline.serve.asking.question import Question, read_question
from pipeline.serve.querying.query import metrics_query
from pipeline.serve.querying.source import Source, choose, facts
from pipeline.serve.telling.answers import Answer
from pipeline.serve.telling.reply import answer_question
from tests.integration.warehousing import Message, Row, World, event

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


# --- the property: whatever is loaded, rollups answer as the facts do ----------------------------

SEEDS = range(3)
BATCHES, BATCH_EVENTS = 5, 70
IDENTITIES = 200  # fewer than all batches hold, so that batches bring the same events again
QUESTIONS_AFTER_A_LOAD, QUESTIONS_AT_LAST = 6, 30
HOURS = [START + timedelta(hours=hour) for hour in (0, 3, 4, 5, 23, 24, 170, 220, 221, 222, 300)]
TEXTS = ("UA", "9E", "é", "", None)
INTEGERS = (None, -20, -5, 0, 12, 60, 1_301, 2**40 + 1)
NUMBERS = (None, 0.1, 733.0, 2475.25, 1e-9, 1.5e80)
ZONES = ("UTC", "America/New_York", "Europe/London", "Asia/Tokyo")
HALF_PAST = "2013-11-03T05:30:00Z"
FROM = ("2013-10-25", "2013-10-27", "2013-11-03T04:00:00Z")
TO = ("2013-11-04", "2013-11-10T00:00:00+01:00")
SCALARS = ("count", "sum", "avg", "min", "max")
AGAIN = "facts came before their events"  # why a message is delivered again

Staging = Callable[[], Message]


@dataclass(frozen=True)
class Feed:
    """Batches of all event types that meet in every way: what they bring is cast by dice."""

    world: World
    dice: random.Random

    def stagings(self) -> list[Staging]:
        """Return what stages each batch, its facts and facts calculated anew, in random order."""
        found: list[Staging] = []
        for number in range(BATCHES):
            batch = f"batch-{number}"
            rows = [self.event(n) for n in self.dice.sample(range(IDENTITIES), BATCH_EVENTS)]
            found.append(partial(self.world.stage, batch, rows))
            found += [partial(self.facts, batch, rows)] * self.dice.choice((1, 2))
        self.dice.shuffle(found)
        return found

    def event(self, number: int) -> Row:
        """Make an event: one in ten conflicts with its like, and six have no time of their own."""
        types = list(self.world.catalogue)
        moment = self.moment(random.Random(number))  # noqa: S311 (repeatable, not secret)
        without_time, conflict = number % 10 < 6, self.dice.random() < 0.1
        return event(
            number,
            type=types[number % len(types)],
            time=format_moment(self.moment(self.dice) if without_time else moment),
            data={"other": self.dice.randrange(3)} if conflict else {"same": number},
        )

    def moment(self, dice: random.Random) -> datetime:
        return dice.choice(HOURS) + timedelta(seconds=dice.randrange(3600))

    def facts(self, batch: str, rows: list[Row]) -> Message:
        """Stage the facts of a batch, with other values each time."""
        found: dict[str, list[Row]] = {}
        for row in rows:
            own = {name: row[name] for name in ("event_key", "fingerprint", "time")}
            columns = self.world.catalogue[row["type"]].columns
            values = {column.name: self.value(column) for column in columns}
            kept = {name: value for name, value in values.items() if value is not None}
            found.setdefault(row["type"].replace(".", "__"), []).append(own | kept)
        return self.world.stage_facts(batch, **found)

    def value(self, column: Column) -> Any:
        if column.kind == "string":
            return self.dice.choice(TEXTS)
        if column.kind == "integer":
            return self.dice.choice((*INTEGERS, self.dice.randrange(-20, 3_000)))
        return self.dice.choice((*NUMBERS, self.dice.uniform(0, 600)))

    def loads(self) -> Iterator[None]:
        """Load all of it, up to three messages at a time, some of them twice, until none fails."""
        waiting: list[Staging | Message] = [*self.stagings()]
        while waiting:
            taken = [waiting.pop(0) for _ in waiting[: self.dice.choice((1, 2, 3))]]
            messages = [one() if callable(one) else one for one in taken]
            failed = self.world.load(*messages).failed
            assert set(failed.values()) <= {AGAIN}
            again = [one for one in messages if one["messageId"] in failed]
            waiting += again
            if not again and self.dice.random() < 0.2:
                waiting.insert(self.dice.randrange(len(waiting) + 1), messages[0])
            yield


def cast_question(event_type: EventType, dice: random.Random) -> dict[str, str]:
    """Cast the parameters of a question that one of the type's rollups can answer.

    One in ten may come out as one that it cannot, by half an hour.
    """
    names = dice.choice(event_type.rollups)
    groups = dice.sample(names, dice.randint(0, len(names)))
    distributed = [column.name for column in event_type.measures if column.percentiles]
    measures = {
        **{stat: [column.name for column in event_type.measures] for stat in SCALARS},
        **{stat: distributed for stat in PERCENTILES if distributed},
        **({"distinct": list(names)} if names else {}),
    }
    stat = dice.choice(list(measures))
    interval = dice.choice([name for name in INTERVALS if name != "minute"])
    beside = dice.random() < 0.1
    # Whole intervals are asked for in any case; without one, the ends must be whole hours.
    starts = (*FROM, HALF_PAST) if beside or interval != "none" else FROM
    given = {
        "stat": stat,
        "measure": dice.choice(measures[stat]),
        "interval": interval,
        "timezone": "Asia/Kolkata" if beside else dice.choice(ZONES),
        "limit": "10000",
        "group_by": ",".join(groups),
        "filter": ",".join(cast_term(name, dice) for name in names if dice.random() < 0.3),
        "from": dice.choice(("", *starts)),
        "to": dice.choice(("", *TO)),
        "order": dice.choice(("", "-value", "value", "count,-bucket", "-count")),
    }
    return {name: text for name, text in given.items() if text}


def cast_term(name: str, dice: random.Random) -> str:
    sign = dice.choice((":", "!:", ">", "<="))
    if sign in (":", "!:"):
        texts = [text for text in TEXTS if text is not None]
        return f"{name}{sign}{'|'.join(dice.sample(texts, dice.randint(1, 2)))}"
    return f"{name}{sign}{dice.choice([text for text in TEXTS if text])}"


def compare(world: World, event_type: EventType, asked: dict[str, str]) -> bool:
    """Compare the answer with the one from the facts; tells whether it came from a rollup."""
    question = read_question(event_type, asked)
    source = choose(question)
    found, wanted = (rows_of(ask(world, question, one)) for one in (source, facts(question)))
    if "value" in asked.get("order", ""):
        # Sums that differ in a last digit may change places: each must be in order by itself.
        for rows in (found, wanted):
            assert are_in_order([row["value"] for row in rows], asked["order"]), asked
            rows.sort(key=place_of)
    assert len(found) == len(wanted), asked
    for one, other in zip(found, wanted, strict=True):
        assert alike(one, other), (asked, one, other)
    return source.table != facts(question).table


def place_of(row: Row) -> str:
    """Tell bucket and groups, of which no answer has two rows."""
    return json.dumps(
        [value for name, value in row.items() if name not in ("count", "value", "values")]
    )


def are_in_order(values: list[Any], order: str) -> bool:
    known = [value for value in values if value is not None]
    sign = -1 if order.startswith("-") else 1
    rises = all(sign * one <= sign * other for one, other in pairwise(known))
    return rises and None not in values[: len(known)]


def alike(found: Row, wanted: Row) -> bool:
    """Tell whether two rows are the same but for the order in which doubles were added up."""
    if found.keys() != wanted.keys():
        return False
    value = wanted["value"]
    close = found["value"] == (value if value is None else pytest.approx(value, rel=1e-12))
    return close and {**found, "value": None} == {**wanted, "value": None}


@pytest.mark.parametrize("seed", SEEDS)
def test_an_answer_from_rollups_equals_the_one_from_the_facts_after_every_load(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 (repeatable, not secret)
    from_rollups: list[bool] = []
    with World() as world:
        types = list(world.catalogue.values())

        def compare_some(number: int) -> None:
            for event_type in dice.choices(types, k=number):
                asked = cast_question(event_type, dice)
                from_rollups.append(compare(world, event_type, asked))

        for _ in Feed(world, dice).loads():
            compare_some(QUESTIONS_AFTER_A_LOAD)
        compare_some(QUESTIONS_AT_LAST)
        assert sum(from_rollups) > 0.85 * len(from_rollups)
        loaded = world.query("SELECT type, COUNT(*) AS events FROM events GROUP BY type")
        assert len(loaded) == len(types)
        for row in loaded:  # each event has its facts by now
            question = read_question(world.catalogue[row["type"]], {})
            (told,) = rows_of(ask(world, question, choose(question)))
            assert told["count"] == row["events"]


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
    assert lines.fieldnames == ["bucket", "carrier", "count", "value", "values"]
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
    names = Names("events", "loader", "reader", "checker")
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
