"""Questions to a real database: answers equal a computation over the same rows."""

import importlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from types import ModuleType
from typing import Any

import pytest

from pipeline.errors import AnswerTooLarge, StatementFailed
from pipeline.serve.asking.moments import format_moment, round_down
from tests.integration.warehousing import Row, World, event, facts_of, quarantined
from tests.reader_settings import READER

NAUGHTY = [
    "",
    " ",
    "a",
    "A",
    "a|b",
    "a,b:c",
    "\\",
    "'; DROP TABLE events; --",
    '"double"',
    "=1+1",
    "line\nbreak\r\n",
    "NULL",
    "\\N",
    "null",
    ":parameter",
    "$1 ${x}",
    "\u00e9",
    "e\u0301",
    "\u7530\u4e2d",
    "\U0001d4b3\U0001f3f3\ufe0f\u200d\U0001f308",
    "\u202eright to left",
    "%_",
    "<script>",
    "x" * 1_000,
]
TYPE = "flight.departed"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as built:
        yield built


@pytest.fixture(scope="module")
def rows(world: World) -> list[Row]:
    """Facts of 400 flights, with gaps, ties and awkward numbers, loaded."""
    dice = random.Random(7)  # noqa: S311 (repeatable, not secret)
    start = datetime(2012, 12, 30, tzinfo=UTC)
    flights = []
    for number in range(400):
        moment = start + timedelta(minutes=dice.randrange(60 * 24 * 40))
        flight = event(f"flight-{number}", type=TYPE, time=format_moment(moment))
        columns = {
            "carrier": dice.choice(["UA", "AA", "B6", None]),
            "flight": dice.choice([1, 2, 2**53 + 1]),
            "origin": dice.choice(["JFK", "LGA"]),
            "dep_delay": dice.choice([None, -5, 0, 12, 2**40]),
            "distance": dice.choice([None, 0.1, 733.0, 2475.25]),
        }
        kept = {name: value for name, value in columns.items() if value is not None}
        own = {name: flight[name] for name in ("event_key", "fingerprint", "time")}
        flights.append((flight, own | kept))
    batch = world.stage("flights", [flight for flight, _ in flights])
    facts = world.stage_facts("flights", flight__departed=[columns for _, columns in flights])
    assert not world.load(batch, facts).failed
    return [columns for _, columns in flights]


@pytest.fixture(scope="module")
def pages(world: World) -> list[Row]:
    """Views of pages with every kind of name, a missing and an empty referrer, loaded."""
    views = [
        event(f"view-{n}", data=json.dumps({"page": "p" + name, "visitor": "v", "referrer": name}))
        for n, name in enumerate(NAUGHTY)
    ]
    views.append(event("view-none", data='{"page":"p","visitor":"v"}'))
    facts = world.stage_facts("views", page__viewed=[facts_of(view) for view in views])
    assert not world.load(world.stage("views", views), facts).failed
    return views


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch, world: World) -> Callable[[str], ModuleType]:
    for name, value in READER.items():
        monkeypatch.setenv(name, value)

    def handler(name: str) -> ModuleType:
        module = importlib.import_module(f"pipeline.serve.{name}")
        monkeypatch.setattr(module, "warehouse", world.warehouse)
        return module

    return handler


Ask = Callable[..., Row]


@pytest.fixture
def ask(handlers: Callable[[str], ModuleType], world: World) -> Ask:
    module = handlers("metrics")

    def question(event_type: str = TYPE, **given: str) -> Row:
        query = {name.removesuffix("_"): [value] for name, value in given.items()}
        asked = {
            "pathParameters": {"type": event_type},
            "multiValueQueryStringParameters": query or None,
        }
        answer = module.inquire(asked, world.catalogue, world.warehouse).read()
        return dict(json.loads(answer.body))

    return question


def expected(
    rows: list[Row], measure: str, stat: str, interval: str, group_by: list[str]
) -> list[Row]:
    """Compute the answer's rows in Python."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        moment = datetime.fromisoformat(row["time"])
        bucket = None if interval == "none" else format_moment(round_down(moment, interval))
        groups.setdefault((bucket, *(row.get(name) for name in group_by)), []).append(row)
    return [
        {
            "bucket": bucket,
            **dict(zip(group_by, names, strict=True)),
            "count": len(members),
            "value": aggregate([m[measure] for m in members if measure in m], stat),
            "values": sum(measure in m for m in members),
        }
        for (bucket, *names), members in groups.items()
    ]


def aggregate(values: list[Any], stat: str) -> Any:
    if stat == "count":
        return len(values)
    if not values:
        return None
    if stat.startswith("p"):
        place = -(-len(values) * int(stat[1:]) // 100)  # rounded up
        return three_digits(sorted(values)[place - 1])
    results = {"sum": sum(values), "min": min(values), "max": max(values)}
    return sum(values) / len(values) if stat == "avg" else results[stat]


def three_digits(value: float) -> float:
    return float(f"{value:.2e}")


def by_name(rows: list[Row]) -> dict[str, Row]:
    named = {}
    for row in rows:
        key = {
            name: value for name, value in row.items() if name not in ("count", "value", "values")
        }
        named[json.dumps(key, sort_keys=True)] = row
    return named


def same(found: Any, wanted: Any) -> bool:
    if wanted is None:
        return found is None
    return bool(found == pytest.approx(wanted, rel=1e-12, abs=1e-9))


CASES = list(
    product(
        ("dep_delay", "distance"),
        ("count", "sum", "avg", "min", "max", "p50", "p99"),
        ("none", "hour", "day", "week", "month"),
        ("", "carrier", "flight,origin"),
    )
)


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_answers_equal_a_computation_over_the_same_rows(
    ask: Ask, rows: list[Row], case: tuple[str, str, str, str]
) -> None:
    measure, stat, interval, group_by = case
    groups = {"group_by": group_by} if group_by else {}
    answer = ask(measure=measure, stat=stat, interval=interval, limit="10000", **groups)
    wanted = by_name(expected(rows, measure, stat, interval, group_by.split(",") if groups else []))
    found = by_name(answer["rows"])
    assert found.keys() == wanted.keys()
    for name, row in wanted.items():
        assert found[name]["count"] == row["count"]
        assert found[name]["values"] == row["values"]
        assert same(found[name]["value"], row["value"])


def test_sums_of_integers_are_exact(ask: Ask, rows: list[Row]) -> None:
    (row,) = ask(measure="dep_delay", stat="sum")["rows"]
    assert row["value"] == sum(r.get("dep_delay", 0) for r in rows)
    assert isinstance(row["value"], int)


def test_buckets_are_in_order(ask: Ask, rows: list[Row]) -> None:
    buckets = [row["bucket"] for row in ask(interval="day")["rows"]]
    assert buckets == sorted(buckets)
    assert len(buckets) == len({row["time"][:10] for row in rows})


def test_from_is_inclusive_and_to_exclusive(ask: Ask, rows: list[Row]) -> None:
    first, last = "2013-01-03T00:00:00Z", "2013-01-09T00:00:00Z"
    (row,) = ask(from_="2013-01-03", to=last)["rows"]
    assert row["count"] == sum(first <= r["time"] < last for r in rows)


def test_ends_within_an_interval_take_in_all_of_it(ask: Ask, rows: list[Row]) -> None:
    answer = ask(interval="day", from_="2013-01-03T11:00:00Z", to="2013-01-08T01:00:00+02:00")
    assert (answer["from"], answer["to"]) == ("2013-01-03T00:00:00Z", "2013-01-08T00:00:00Z")
    days = {row["bucket"] for row in answer["rows"]}
    assert days == {r["time"][:10] + "T00:00:00Z" for r in rows if "03" <= r["time"][8:10] < "08"
                    and r["time"].startswith("2013-01")}  # fmt: skip


def test_filters_of_every_dimension_must_hold(ask: Ask, rows: list[Row]) -> None:
    (row,) = ask(filter=f"carrier:UA|AA,flight:{2**53 + 1},origin:JFK")["rows"]
    assert row["count"] == sum(
        r.get("carrier") in ("UA", "AA") and r["flight"] == 2**53 + 1 and r["origin"] == "JFK"
        for r in rows
    )


def test_an_answer_says_when_it_is_cut_off(ask: Ask, rows: list[Row]) -> None:
    assert len(rows) > 10
    short, whole = ask(interval="hour", limit="10"), ask(interval="month", limit="10")
    assert (len(short["rows"]), short["truncated"]) == (10, True)
    assert whole["truncated"] is False


def test_an_exact_fit_is_not_cut_off(ask: Ask, rows: list[Row]) -> None:
    days = len({row["time"][:10] for row in rows})
    assert ask(interval="day", limit=str(days))["truncated"] is False


def test_nothing_in_the_span_is_a_count_of_zero(ask: Ask) -> None:
    (row,) = ask(from_="1999-01-01", to="1999-02-01", measure="dep_delay", stat="avg")["rows"]
    assert row == {"bucket": None, "count": 0, "value": None, "values": 0}


def test_without_a_measure_every_event_has_a_value(ask: Ask, rows: list[Row]) -> None:
    (row,) = ask()["rows"]
    assert row["count"] == row["value"] == row["values"] == len(rows)


@pytest.mark.parametrize("group_by", ["airline", "origin,flight"])  # a rollup's, and the facts'
def test_of_a_dimension_that_is_told_apart_values_are_the_known_ones(
    ask: Ask, rows: list[Row], group_by: str
) -> None:
    found = ask(measure="carrier", stat="distinct", group_by=group_by)["rows"]
    assert sum(row["values"] for row in found) == sum("carrier" in row for row in rows)
    assert sum(row["count"] for row in found) == len(rows)


def test_no_groups_are_no_rows(ask: Ask) -> None:
    assert ask(from_="1999-01-01", to="1999-02-01", interval="day")["rows"] == []


class Tokens:
    """A budget that counts."""

    taken = 0

    def take(self, *, seconds: float) -> None:
        assert 0 < seconds <= 3
        self.taken += 1


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"interval": "day", "group_by": "carrier"},
        {"measure": "dep_delay", "stat": "p90", "group_by": "origin"},
        {"measure": "carrier", "stat": "distinct"},
    ],
)
def test_while_a_rollup_is_not_there_the_facts_are_asked(
    world: World, rows: list[Row], monkeypatch: pytest.MonkeyPatch, given: dict[str, str], ask: Ask
) -> None:
    assert rows
    wanted, tokens = ask(**given), Tokens()
    module = importlib.import_module("pipeline.serve.metrics")
    monkeypatch.setattr(module, "desk", replace(module.desk, budget=tokens))
    with world.without_rollups(TYPE):
        found = ask(**given)
    assert found["rows"] == wanted["rows"]
    assert tokens.taken == 1  # one more statement, one more token
    assert ask(**given)["rows"] == wanted["rows"]
    assert tokens.taken == 1


def test_what_else_fails_is_not_asked_again(
    world: World, rows: list[Row], monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    assert rows
    tokens = Tokens()
    module = importlib.import_module("pipeline.serve.metrics")
    monkeypatch.setattr(module, "desk", replace(module.desk, budget=tokens))
    world.warehouse.execute("ALTER TABLE versions RENAME TO away", seconds=20)
    try:
        with pytest.raises(StatementFailed):
            ask()
    finally:
        world.warehouse.execute("ALTER TABLE away RENAME TO versions", seconds=20)
    assert not tokens.taken


def escaped(text: str) -> str:
    return "".join("\\" + c if c in ",|\\" else c for c in text)


@pytest.mark.parametrize("name", NAUGHTY, ids=range(len(NAUGHTY)))
def test_any_text_can_be_filtered_by(ask: Ask, pages: list[Row], name: str) -> None:
    assert pages
    answer = ask("page.viewed", filter=f"referrer:{escaped(name)}", group_by="referrer")
    # Blanks at the end do not count in Redshift's comparisons.
    alike = sorted(other for other in NAUGHTY if other.rstrip(" ") == name.rstrip(" "))
    assert [(row["referrer"], row["count"]) for row in answer["rows"]] == [(a, 1) for a in alike]


def test_any_text_comes_back_as_a_group(ask: Ask, pages: list[Row]) -> None:
    assert pages
    found = [row["referrer"] for row in ask("page.viewed", group_by="referrer")["rows"]]
    assert len(found) == len(NAUGHTY) + 1
    assert set(found) == {*NAUGHTY, None}


def test_an_answer_that_is_too_large_is_refused_with_what_to_do(
    ask: Ask, pages: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pages
    monkeypatch.setattr("pipeline.serve.telling.answers.MAX_ANSWER_BYTES", 500)
    with pytest.raises(AnswerTooLarge, match="/v1/exports"):
        ask("page.viewed", group_by="referrer")


class Gauge:
    def depth(self, url: str) -> int:
        return len(url)


def test_the_status_accounts_for_every_row(
    handlers: Callable[[str], ModuleType], rows: list[Row], world: World
) -> None:
    module = handlers("status")
    awkward = [event("both"), event("both", data="{}"), event("both"), quarantined(77)]
    assert not world.load(world.stage("awkward", awkward)).failed
    status = json.loads(module.read_status(world.catalogue, world.warehouse, Gauge()).body)
    events = status["events"]
    assert events["row_count"] == sum(
        events[name] for name in ("loaded", "duplicates", "conflicts", "quarantined")
    )
    assert events["stored"] == events["loaded"]
    assert status["facts"][TYPE] == len(rows)
    assert status["freshness"]["loaded_at"].endswith("Z")
    assert status["in_flight"] == {"event_queue": 18, "load_queue": 17}


def test_the_status_of_an_empty_warehouse_is_zero(
    handlers: Callable[[str], ModuleType],
) -> None:
    module = handlers("status")
    with World() as empty:
        answer = module.read_status(empty.catalogue, empty.warehouse, Gauge())
    status = json.loads(answer.body)
    assert answer.data_version == 0
    assert status["events"]["row_count"] == status["events"]["stored"] == 0
    assert status["freshness"] == {"event_time": None, "received_at": None, "loaded_at": None}
