"""The conservation check: when it asks, what it takes for missing, and what it tells of it."""

import importlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.lake import Stored, batch_key
from pipeline.load.ddl import CHECKED_TABLES
from pipeline.sql import FOLDER
from pipeline.watch.batches import days_before, list_batches, unloaded
from pipeline.watch.checking import Rhythm, check, may_rest
from pipeline.watch.findings import Balance, Findings, Gap
from pipeline.watch.questions import Ledger
from pipeline.watch.telling import complaint, counts_of, written

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
RHYTHM = Rhythm(every=HOUR, grace=2 * HOUR)
NOTHING = Findings(
    totals=dict.fromkeys(
        ("received", "loaded", "duplicates", "conflicts", "quarantined", "without_facts"), 0
    ),
    missing=0, surplus=0, gaps=(), backlog=0, batches=0, overdue=0, oldest=timedelta(), gone=(),
)  # fmt: skip
SAMPLE = json.loads((Path(__file__).parents[2] / "events/check_conservation.json").read_text())


def stored(name: str, age: timedelta) -> Stored:
    return Stored(batch_key(name, NOW.isoformat()), NOW - age)


def staged(**ages: timedelta) -> dict[str, Stored]:
    found = [stored(name, age) for name, age in ages.items()]
    return {one.key: one for one in found}


class FakeLake:
    """Holds batches of so many rows, each row with a key of its own; None cannot be read."""

    def __init__(self, rows: dict[str, int | None], age: timedelta = timedelta()) -> None:
        self.rows = {batch_key(name, NOW.isoformat()): many for name, many in rows.items()}
        self.age = age
        self.read: list[str] = []

    def stored_since(self, prefix: str, _moment: datetime) -> Iterator[Stored]:
        yield from (Stored(key, NOW - self.age) for key in self.rows if key.startswith(prefix))

    def read_lines(self, key: str) -> Iterator[bytes]:
        self.read.append(key)
        many = self.rows[key]
        if many is None:
            raise EOFError("cut off")
        for n in range(many):
            yield json.dumps({"event_key": f"{key} {n}", "fingerprint": "f"}).encode()


class FakeWarehouse:
    """Knows nothing: an empty ledger beside empty tables."""

    def __init__(self, loaded: Iterable[str] = ()) -> None:
        self.loaded = list(loaded)
        self.asked: list[str] = []

    def rows(self, sql: str, parameters: Any = None, *, seconds: float) -> list[dict[str, Any]]:
        assert seconds > 0
        assert len(parameters or ()) <= 500
        self.asked.append(sql)
        return [dict(NOTHING.totals)] if "AS received" in sql else []

    def csv(self, sql: str, _parameters: Any = None, *, seconds: float) -> Iterator[list[str]]:
        assert seconds > 0
        self.asked.append(sql)
        yield from ([key] for key in self.loaded)


def checked(lake: FakeLake) -> Findings:
    batches = list_batches(lake, days_before(NOW))
    return check(Ledger(FakeWarehouse(), 20), lake, batches, RHYTHM, NOW)


# --- when it asks --------------------------------------------------------------------------------


def test_it_asks_while_a_batch_may_have_become_overdue_since_the_check_before() -> None:
    assert may_rest(NOW, {}, RHYTHM, NOW)
    assert not may_rest(NOW, staged(new=4 * HOUR), RHYTHM, NOW)
    assert may_rest(NOW, staged(old=4 * HOUR + timedelta(seconds=1)), RHYTHM, NOW)
    assert not may_rest(NOW, staged(old=9 * HOUR, new=HOUR), RHYTHM, NOW)


def test_it_asks_once_a_day_in_any_case() -> None:
    midnight = NOW.replace(hour=0)
    asked = [n for n in range(24) if not may_rest(midnight + n * HOUR, {}, RHYTHM, NOW)]
    assert asked == [0]
    rare = Rhythm(every=24 * HOUR, grace=2 * HOUR)
    assert not may_rest(midnight + 23 * HOUR, {}, rare, NOW)


def test_it_asks_whenever_somebody_asks_by_hand() -> None:
    assert not may_rest(None, {}, RHYTHM, NOW)


# --- what is missing -----------------------------------------------------------------------------


def test_batches_are_searched_as_far_back_as_queues_keep_messages() -> None:
    days = days_before(NOW)
    assert (days[0], days[-1]) == ("batches/date=2026-11-16/", "batches/date=2026-11-30/")
    assert len(days) == 15


def test_a_batch_is_overdue_once_it_was_stored_before_the_grace_time() -> None:
    at = staged(a=2 * HOUR, b=2 * HOUR + timedelta(seconds=1), c=HOUR)
    found = unloaded(at, set(), NOW - 2 * HOUR)
    assert found.overdue == (stored("b", 2 * HOUR + timedelta(seconds=1)),)
    assert found.young == (stored("a", 2 * HOUR), stored("c", HOUR))
    assert unloaded(at, set(at), NOW).overdue == ()


def test_rows_in_flight_are_counted_and_beyond_a_hundred_batches_taken_by_their_mean() -> None:
    few, many = FakeLake({"a": 3, "b": 4}), FakeLake({f"{n:03}": 3 for n in range(250)})
    assert (checked(few).backlog, checked(few).missing) == (7, 0)
    assert checked(many).backlog == 750
    assert len(many.read) == 100


def test_overdue_rows_are_missing_and_beyond_a_hundred_batches_taken_by_their_mean() -> None:
    many = FakeLake({f"{n:03}": 3 for n in range(250)}, age=3 * HOUR)
    found = checked(many)
    assert (found.missing, found.overdue, found.backlog) == (750, 100, 0)
    assert len(many.read) == 100


def test_an_object_that_cannot_be_read_is_at_least_one_row() -> None:
    assert checked(FakeLake({"a": None})).backlog == 1
    assert checked(FakeLake({"a": None}, age=3 * HOUR)).missing == 1


def test_the_rows_of_a_large_batch_are_asked_for_in_parts() -> None:
    assert checked(FakeLake({"a": 1_201}, age=3 * HOUR)).missing == 1_201


def test_the_oldest_batch_that_is_not_loaded_tells_its_age() -> None:
    assert checked(FakeLake({"a": 1}, age=HOUR)).oldest == HOUR
    assert checked(FakeLake({"a": 1}, age=3 * HOUR)).oldest == 3 * HOUR
    assert checked(FakeLake({})).oldest == timedelta()


def test_every_table_that_is_asked_is_granted() -> None:
    texts = [path.read_text() for path in (FOLDER / "watch").glob("*.sql")]
    named = {
        table.strip()
        for text in texts
        for line in text.splitlines()
        if line.startswith("-- Reads:")
        for table in line.removeprefix("-- Reads:").split(",")
    }
    assert named == set(CHECKED_TABLES)


# --- what it tells -------------------------------------------------------------------------------


def test_zeros_are_told_too_so_that_an_alarm_ends() -> None:
    assert set(counts_of(NOTHING).values()) == {0}
    assert complaint(NOTHING) is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"missing": 2}, "2 events are missing"),
        ({"surplus": 1}, "1 events are there that no load has brought"),
        ({"gone": ("batches/date=2026-11-30/a.jsonl.gz",)}, "1 batches are gone from the lake"),
        ({"totals": {"without_facts": 3}}, "3 events have no facts"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, Any], sentence: str) -> None:
    said = complaint(Findings(**{**vars(NOTHING), **change}))
    assert said is not None
    assert said[0] == sentence


def test_batches_are_named_with_their_numbers() -> None:
    found = Findings(**{**vars(NOTHING), "missing": 1, "gaps": (Gap("b", "events", 3, 2),)})
    place = {"batch_id": "b", "place": "events", "expected": 3, "found": 2}
    said = complaint(found)
    assert said is not None
    assert said[1]["places"] == written(found)["places"] == [place]


def test_no_findings_outgrow_an_answer() -> None:
    gaps = tuple(Gap("b" * 64, "quarantine", 10**9, n) for n in range(200))
    gone = tuple(f"batches/date=2026-11-30/{n:064}.jsonl.gz" for n in range(10_000))
    found = Findings(**{**vars(NOTHING), "gaps": gaps, "gone": gone})
    assert len(json.dumps(written(found))) < 100_000
    said = complaint(found)
    assert said is not None
    assert len(json.dumps(said[1])) < 10_000


# --- the function --------------------------------------------------------------------------------


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in {
        "LAKE_BUCKET": "lake",
        "WORKGROUP_NAME": "wg",
        "DATABASE_NAME": "events",
        "CHECK_MINUTES": "60",
        "MISSING_AFTER_SECONDS": "7200",
    }.items():
        monkeypatch.setenv(name, value)
    return importlib.import_module("pipeline.watch.check")


def metrics_in(text: str) -> dict[str, float]:
    lines = [json.loads(line) for line in text.splitlines() if '"_aws"' in line]
    units = {
        metric["Name"]: line[metric["Name"]]
        for line in lines
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    return {name: value[0] if isinstance(value, list) else value for name, value in units.items()}


def test_the_schedule_lets_the_warehouse_sleep_when_nothing_came(
    module: ModuleType,
    context: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    warehouse = FakeWarehouse()
    monkeypatch.setattr(module, "lake", FakeLake({}))
    monkeypatch.setattr(module, "ledger", Ledger(warehouse, 20))
    assert module.handler(SAMPLE, context) == {"asked": False}
    assert warehouse.asked == []
    assert metrics_in(capsys.readouterr().out) == {"ChecksDone": 1}


def test_a_check_tells_what_it_found_in_metrics_log_and_answer(
    module: ModuleType,
    context: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    today = datetime.now(UTC).isoformat()
    lake = FakeLake({})
    lake.rows = {batch_key("b", today): 2}
    lake.age = NOW - datetime.now(UTC) + 3 * HOUR
    monkeypatch.setattr(module, "lake", lake)
    monkeypatch.setattr(module, "ledger", Ledger(FakeWarehouse(), 20))
    answer = module.handler({}, context)
    assert (answer["asked"], answer["missing"]) == (True, 2)
    told = metrics_in(capsys.readouterr().out)
    assert (told["EventsMissing"], told["EventsBacklog"], told["ChecksDone"]) == (2, 0, 1)
    assert told["OldestUnloaded"] >= 3 * 3600
    (record,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert record.getMessage() == "2 events are missing"
    assert vars(record)["places"][0]["batch_id"] == "b"


def test_balances_without_rows_are_even() -> None:
    assert Ledger(FakeWarehouse(), 20).balance() == Balance()
