"""The conservation check: when it asks, what it takes for missing, and what it tells of it."""

import gzip
import importlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import pytest

from pipeline.data_api_usage import Usage
from pipeline.errors import LakeUnavailable, WarehouseUnavailable
from pipeline.lake import Stored, batch_key, last_check_key
from pipeline.load.ddl import CHECKED_TABLES
from pipeline.sql import FOLDER
from pipeline.watch.batches import days_before, list_batches, unloaded
from pipeline.watch.checking import check
from pipeline.watch.findings import Balance, Findings, Gap, Sample
from pipeline.watch.questions import Ledger
from pipeline.watch.resting import Last, keep, kept, may_rest
from pipeline.watch.rows import MIN_SECONDS, READ_AT_MOST
from pipeline.watch.telling import complaint, counts_of, details, written

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GRACE = 2 * HOUR
NOTHING = Findings(
    totals=dict.fromkeys(
        (
            "received", "loaded", "duplicates", "conflicts", "quarantined", "without_facts",
            "awaiting_facts",
        ), 0,
    ),
    missing=0, surplus=0, gaps=(), in_flight=Sample(), overdue=Sample(), oldest=timedelta(), gone=(),
)  # fmt: skip
SAMPLE = json.loads((Path(__file__).parents[2] / "events/check_conservation.json").read_text())


def stored(name: str, age: timedelta) -> Stored:
    return Stored(batch_key(name, NOW.isoformat()), NOW - age)


def staged(**ages: timedelta) -> dict[str, Stored]:
    found = [stored(name, age) for name, age in ages.items()]
    return {one.key: one for one in found}


class FakeLake:
    """Holds batches of so many rows, each row with a key of its own, and a few documents.

    A batch may be an error instead, that its content or the fetching of it raises.
    """

    def __init__(
        self, rows: Mapping[str, int | Exception | None], age: timedelta = timedelta()
    ) -> None:
        self.rows = {batch_key(name, NOW.isoformat()): many for name, many in rows.items()}
        self.documents: dict[str, Any] = {}
        self.age = age
        self.read: list[str] = []

    def stored_since(self, prefix: str, _moment: datetime) -> Iterator[Stored]:
        yield from (Stored(key, NOW - self.age) for key in self.rows if key.startswith(prefix))

    def lines_if_there(self, key: str) -> Iterator[bytes] | None:
        self.read.append(key)
        many = self.rows[key]
        if isinstance(many, LakeUnavailable):
            raise many
        return None if many is None else self._lines(key, many)

    def _lines(self, key: str, many: int | Exception) -> Iterator[bytes]:
        if isinstance(many, Exception):
            raise many
        for n in range(many):
            yield json.dumps({"event_key": f"{key} {n}", "fingerprint": "f"}).encode()

    def read_json(self, key: str) -> Any:
        return self.documents.get(key)

    def write_json(self, key: str, value: Any) -> None:
        self.documents[key] = json.loads(json.dumps(value))


class FakeWarehouse:
    """Knows nothing: an empty ledger beside empty tables."""

    def __init__(self, loaded: Iterable[str] = ()) -> None:
        self.loaded = list(loaded)
        self.asked: list[str] = []
        self.seconds: list[float] = []

    def rows(self, sql: str, parameters: Any = None, *, seconds: float) -> list[dict[str, Any]]:
        assert len(parameters or ()) <= 500
        self._ask(sql, seconds)
        return [dict(NOTHING.totals)] if "AS received" in sql else []

    def csv(self, sql: str, _parameters: Any = None, *, seconds: float) -> Iterator[list[str]]:
        self._ask(sql, seconds)
        yield from ([key] for key in self.loaded)

    def take_usage(self) -> Usage:
        return Usage(calls=len(self.asked))

    def _ask(self, sql: str, seconds: float) -> None:
        self.asked.append(sql)
        self.seconds.append(seconds)
        if seconds < 1:
            raise WarehouseUnavailable("no answer before the deadline")


def always() -> float:
    return 20


def checked(
    lake: FakeLake, warehouse: FakeWarehouse | None = None, left: Callable[[], float] = always
) -> Findings:
    batches = list_batches(lake, days_before(NOW))
    return check(Ledger(warehouse or FakeWarehouse(), left), lake, batches, GRACE, NOW)


def batches(many: int, *, rows: int = 3) -> dict[str, int]:
    return {f"{n:03}": rows for n in range(many)}


# --- when it asks --------------------------------------------------------------------------------


def rests(last: Last | None, scheduled: datetime = NOW, **ages: timedelta) -> bool:
    return may_rest(scheduled, last, staged(**ages), GRACE)


def settled(began: datetime) -> Last:
    return Last(began, settled=True)


def test_it_rests_once_a_check_that_saw_nothing_on_its_way_found_all_right() -> None:
    an_hour_ago = settled(NOW - HOUR)
    assert rests(an_hour_ago)
    assert rests(an_hour_ago, old=3 * HOUR + timedelta(seconds=1))
    assert not rests(an_hour_ago, at_grace=3 * HOUR)
    assert not rests(an_hour_ago, old=9 * HOUR, new=timedelta(minutes=1))


def test_it_asks_on_if_the_checks_after_the_last_one_failed() -> None:
    """A batch may have become overdue since: whatever its age, nobody has told of it."""
    assert not rests(settled(NOW - 9 * HOUR), overdue=8 * HOUR)


def test_it_asks_until_a_check_has_found_all_right() -> None:
    assert not rests(Last(NOW - HOUR, settled=False))
    assert not rests(None)


def test_it_asks_once_a_day_in_any_case() -> None:
    midnight, last = NOW.replace(hour=0), settled(NOW - 13 * HOUR)
    asked = []
    for n in range(24):
        if not rests(last, midnight + n * HOUR):
            asked.append(n)
            last = settled(midnight + n * HOUR)
    assert asked == [0]
    assert not rests(settled(NOW - 24 * HOUR))


def test_what_a_check_found_is_kept_for_the_next() -> None:
    lake = FakeLake({})
    for last in (settled(NOW), Last(NOW + HOUR, settled=False)):
        keep(lake, last)
        assert kept(lake) == last


@pytest.mark.parametrize(
    "document",
    [None, [], "text", {}, {"began": 5, "settled": True}, {"began": "x", "settled": True}],
)
def test_what_cannot_be_read_of_the_last_check_is_as_good_as_none(document: Any) -> None:
    lake = FakeLake({})
    lake.documents[last_check_key()] = document
    assert kept(lake) is None


def test_a_lake_that_fails_has_kept_nothing() -> None:
    class Silent(FakeLake):
        def read_json(self, key: str) -> Any:
            raise LakeUnavailable(key)

    assert kept(Silent({})) is None


@pytest.mark.parametrize(
    "change",
    [
        {"missing": 1},
        {"surplus": 1},
        {"gone": ("batches/date=2026-11-30/a.jsonl.gz",)},
        {"totals": {**NOTHING.totals, "without_facts": 1}},
        {"totals": {**NOTHING.totals, "awaiting_facts": 1}},
    ],
)
def test_it_is_settled_only_if_nothing_is_wrong_and_no_facts_are_awaited(
    change: dict[str, Any],
) -> None:
    assert NOTHING.settled
    assert not Findings(**{**vars(NOTHING), **change}).settled


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
    few, many = FakeLake({"a": 3, "b": 4}), FakeLake(batches(250))
    assert (checked(few).in_flight.rows, checked(few).missing) == (7, 0)
    assert checked(many).in_flight == Sample(batches=250, read=100, counted=300)
    assert len(many.read) == READ_AT_MOST


def test_overdue_rows_are_missing_and_beyond_a_hundred_batches_taken_by_their_mean() -> None:
    many = FakeLake(batches(250), age=3 * HOUR)
    found = checked(many)
    assert (found.missing, len(found.gaps), found.in_flight) == (750, 100, Sample())
    assert len(many.read) == READ_AT_MOST


@pytest.mark.parametrize(
    "fault", [gzip.BadGzipFile(), EOFError(), zlib.error(), ValueError(), KeyError(), TypeError()]
)
def test_an_object_that_cannot_be_read_is_at_least_one_row(fault: Exception) -> None:
    assert checked(FakeLake({"a": fault})).in_flight.rows == 1
    assert checked(FakeLake({"a": fault}, age=3 * HOUR)).missing == 1


def test_a_lake_that_gives_no_object_fails_the_check() -> None:
    silent = LakeUnavailable("not read: timed out")
    for age in (HOUR, 3 * HOUR):
        with pytest.raises(LakeUnavailable):
            checked(FakeLake({"a": silent}, age=age))


def test_an_error_of_a_connection_is_no_content_that_cannot_be_read() -> None:
    for age in (HOUR, 3 * HOUR):
        with pytest.raises(TimeoutError):
            checked(FakeLake({"a": TimeoutError()}, age=age))


def test_an_object_that_is_gone_since_the_lake_was_listed_has_no_rows() -> None:
    assert checked(FakeLake({"a": None, "b": 2})).in_flight == Sample(2, 2, 2)
    found = checked(FakeLake({"a": None, "b": 2}, age=3 * HOUR))
    assert (found.missing, [gap.batch_id for gap in found.gaps]) == (2, ["b"])


def test_the_rows_of_a_large_batch_are_asked_for_in_parts() -> None:
    assert checked(FakeLake({"a": 1_201}, age=3 * HOUR)).missing == 1_201


# --- in the time that there is -------------------------------------------------------------------


def test_batches_that_there_is_no_time_for_are_taken_by_the_mean_of_the_others() -> None:
    lake = FakeLake(batches(30), age=3 * HOUR)
    found = checked(lake, left=lambda: 104 - 10 * len(lake.read))
    assert found.overdue == Sample(batches=30, read=10, counted=30)
    assert (found.missing, len(found.gaps)) == (90, 10)


def test_a_question_that_time_runs_out_in_ends_the_reading_and_not_the_check() -> None:
    lake, warehouse = FakeLake(batches(30, rows=1_100), age=3 * HOUR), FakeWarehouse()
    found = checked(lake, warehouse, left=lambda: 33 - 3 * len(warehouse.asked))
    assert warehouse.seconds[-1] == 0
    assert (found.overdue.read, found.missing) == (2, 30 * 1_100)


def test_a_warehouse_that_fails_while_there_is_time_fails_the_check() -> None:
    class Broken(FakeWarehouse):
        def _ask(self, sql: str, seconds: float) -> None:
            super()._ask(sql, 0 if "event_key IN" in sql else seconds)

    with pytest.raises(WarehouseUnavailable):
        checked(FakeLake({"a": 1}, age=3 * HOUR), Broken())


def test_half_of_the_time_is_for_overdue_batches_however_many_are_in_flight() -> None:
    lake = FakeLake(batches(30))
    found = checked(lake, left=lambda: 100 - 5 * len(lake.read))
    assert found.in_flight == Sample(batches=30, read=10, counted=30)
    assert 100 - 5 * len(lake.read) == 50


def test_batches_of_which_none_could_be_read_are_a_row_each_at_least() -> None:
    found = checked(FakeLake(batches(30), age=3 * HOUR), left=lambda: MIN_SECONDS - 1)
    assert (found.overdue, found.missing) == (Sample(batches=30), 30)


# --- what is old, and who may look ---------------------------------------------------------------


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
    assert complaint(NOTHING) == ""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"missing": 2}, "2 events are missing"),
        ({"surplus": 1}, "1 events are there that no load has brought"),
        ({"gone": ("batches/date=2026-11-30/a.jsonl.gz",)}, "1 batches are gone from the lake"),
        ({"totals": {**NOTHING.totals, "without_facts": 3}}, "3 events have no facts"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, Any], sentence: str) -> None:
    assert complaint(Findings(**{**vars(NOTHING), **change})) == sentence


def test_batches_are_named_with_their_numbers() -> None:
    found = Findings(**{**vars(NOTHING), "missing": 1, "gaps": (Gap("b", "events", 3, 2),)})
    place = {"batch_id": "b", "place": "events", "expected": 3, "found": 2}
    assert details(found)["places"] == written(found)["places"] == [place]


def test_it_is_told_how_many_of_the_batches_were_read() -> None:
    samples = {"in_flight": Sample(250, 100, 700), "overdue": Sample(30, 4, 8)}
    found = Findings(**{**vars(NOTHING), **samples})
    told = {
        "batches_in_flight": 250,
        "batches_in_flight_read": 100,
        "batches_overdue": 30,
        "batches_overdue_read": 4,
    }
    for form in (written(found), details(found)):
        assert {name: form[name] for name in told} == told
    assert written(found)["in_flight"] == counts_of(found)["EventsBacklog"] == 1_750


def test_no_findings_outgrow_an_answer() -> None:
    gaps = tuple(Gap("b" * 64, "quarantine", 10**9, n) for n in range(200))
    gone = tuple(f"batches/date=2026-11-30/{n:064}.jsonl.gz" for n in range(10_000))
    found = Findings(**{**vars(NOTHING), "gaps": gaps, "gone": gone})
    assert len(json.dumps(written(found))) < 100_000
    assert len(json.dumps(details(found))) < 10_000


# --- the function --------------------------------------------------------------------------------


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in {
        "LAKE_BUCKET": "lake",
        "WORKGROUP_NAME": "wg",
        "DATABASE_NAME": "events",
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


class Asked:
    """Calls the handler with a lake and a warehouse, as the schedule does now or by hand."""

    def __init__(self, module: ModuleType, context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.handler, self.context = module.handler, context
        self.lake, self.warehouse = FakeLake({}), FakeWarehouse()
        monkeypatch.setattr(module, "lake", self.lake)
        monkeypatch.setattr(module, "warehouse", self.warehouse)
        monkeypatch.setattr(module, "datetime", FixedTime)

    def by_hand(self) -> dict[str, Any]:
        return dict(self.handler({}, self.context))

    def by_schedule(self) -> dict[str, Any]:
        return dict(self.handler(SAMPLE, self.context))


class FixedTime(datetime):
    """A clock that stands at the time of the sample."""

    @classmethod
    def now(cls, tz: Any = None) -> Self:
        return cls.fromtimestamp(NOW.timestamp(), tz)


@pytest.fixture
def asked(module: ModuleType, context: Any, monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(module, context, monkeypatch)


def test_the_schedule_lets_the_warehouse_sleep_once_all_was_right(
    asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked.by_schedule()["asked"] is True
    capsys.readouterr()
    before = len(asked.warehouse.asked)
    assert asked.by_schedule() == {"asked": False}
    assert len(asked.warehouse.asked) == before
    assert metrics_in(capsys.readouterr().out) == {"ChecksDone": 1}


def test_whoever_asks_by_hand_is_answered_and_what_was_found_is_kept(asked: Asked) -> None:
    assert asked.by_hand()["asked"] is True
    assert asked.lake.documents == {last_check_key(): {"began": NOW.isoformat(), "settled": True}}
    assert asked.by_hand()["asked"] is True
    assert asked.by_schedule() == {"asked": False}


def test_the_schedule_asks_until_what_is_missing_is_there(asked: Asked) -> None:
    key = batch_key("b", NOW.isoformat())
    asked.lake.rows, asked.lake.age = {key: 2}, 3 * HOUR
    assert [asked.by_schedule()["missing"] for _ in range(2)] == [2, 2]
    asked.warehouse.loaded = [key]
    assert asked.by_schedule()["missing"] == 0
    assert asked.by_schedule() == {"asked": False}


def test_a_check_that_did_not_come_to_its_end_lets_no_other_rest(asked: Asked) -> None:
    asked.context.remaining_ms = 0
    with pytest.raises(WarehouseUnavailable):
        asked.by_schedule()
    assert asked.lake.documents == {}
    asked.context.remaining_ms = 30_000
    assert asked.by_schedule()["asked"] is True


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
    monkeypatch.setattr(module, "warehouse", FakeWarehouse())
    answer = module.handler({}, context)
    assert (answer["asked"], answer["missing"]) == (True, 2)
    told = metrics_in(capsys.readouterr().out)
    assert (told["EventsMissing"], told["EventsBacklog"], told["ChecksDone"]) == (2, 0, 1)
    assert told["OldestUnloaded"] >= 3 * 3600
    (record,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert record.getMessage() == "2 events are missing"
    assert vars(record)["places"][0]["batch_id"] == "b"


def test_a_check_that_finds_nothing_says_so(
    module: ModuleType, context: Any, monkeypatch: pytest.MonkeyPatch, log: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(module, "lake", FakeLake({}))
    monkeypatch.setattr(module, "warehouse", FakeWarehouse())
    module.handler({}, context)
    (line,) = [one for one in log if "batches_overdue_read" in one]
    assert (line["level"], line["message"]) == ("INFO", "nothing is wrong")


def test_what_was_asked_of_the_warehouse_is_counted_whatever_became_of_it(
    module: ModuleType,
    context: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(module, "lake", FakeLake({}))
    monkeypatch.setattr(module, "warehouse", FakeWarehouse())
    module.handler({}, context)
    assert metrics_in(capsys.readouterr().out)["DataApiCalls"] == 3
    context.remaining_ms = 0
    with pytest.raises(WarehouseUnavailable):
        module.handler({}, context)
    assert metrics_in(capsys.readouterr().out) == {"DataApiCalls": 4}


def test_questions_may_take_what_is_left_of_the_functions_time(
    module: ModuleType, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = FakeWarehouse()
    monkeypatch.setattr(module, "lake", FakeLake({}))
    monkeypatch.setattr(module, "warehouse", warehouse)
    context.remaining_ms = 300_000
    module.handler({}, context)
    assert all(290 < seconds <= 295 for seconds in warehouse.seconds)


def test_balances_without_rows_are_even() -> None:
    assert Ledger(FakeWarehouse(), always).balance() == Balance()
