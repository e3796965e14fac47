"""Which batches a replay announces, how, and how it mends the ledger."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlfluff.core import FluffConfig, Linter

from local.recovery.announcing import Announcer
from local.recovery.batches import candidates, find
from local.recovery.command_line import run
from local.recovery.deployment import Deployment, NothingThere
from local.recovery.ledger import CONDITIONS, Entry, conditions, listed, statement
from local.recovery.redrive import filters_of
from local.recovery.replay import word_at
from local.recovery.replaying import Replayed, replay, settle
from local.recovery.span import MalformedMoment, Span, read_span
from pipeline.errors import DeliveryFailed
from pipeline.lake import Stored

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
SQL = Path(__file__).parents[2] / "local/recovery/sql"


def test_a_date_is_its_first_moment_and_without_an_end_it_is_now() -> None:
    day = read_span("2026-01-01", "2026-01-03", NOW)
    assert str(day) == "from 2026-01-01T00:00:00Z up to, not including, 2026-01-03T00:00:00Z"
    assert list(day.days()) == ["2026-01-01", "2026-01-02"]
    assert read_span("2026-01-09T09:00:00+02:00", "", NOW).end == NOW
    assert list(read_span("2026-01-08T23:59:59Z", "", NOW).days()) == ["2026-01-08", "2026-01-09"]
    assert day.start in day
    assert day.end not in day


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("", "", "FROM must be a date or a moment"),
        ("yesterday", "", "FROM must be"),
        ("2026-02-30", "", "FROM must be"),
        ("2026-01-01T00:00:00", "", "FROM must be"),
        ("2026-01-01", "01.02.2026", "TO must be"),
        ("2026-01-02", "2026-01-02", "FROM must come before TO"),
        ("2027-01-01", "", "FROM must come before TO"),
    ],
)
def test_what_is_no_span_is_told_in_a_sentence(start: str, end: str, told: str) -> None:
    with pytest.raises(MalformedMoment, match=told):
        read_span(start, end, NOW)


class MemoryLake:
    """Batches in memory: rows by key, and when each was stored."""

    bucket = "lake"

    def __init__(self, batches: Mapping[str, tuple[list[str], datetime]]) -> None:
        self.batches = batches

    def stored_since(self, prefix: str, moment: datetime) -> Iterator[Stored]:
        for key, (_, stored_at) in self.batches.items():
            if key.startswith(prefix) and stored_at >= moment:
                yield Stored(key, stored_at)

    def read_lines(self, key: str) -> Iterator[bytes]:
        for received_at in self.batches[key][0]:
            yield f'{{"event_key":"k","received_at":"{received_at}","data":"{{}}"}}'.encode()


def lake() -> MemoryLake:
    def batch(day: str, *hours: str) -> tuple[list[str], datetime]:
        times = [f"2026-01-{day}T{hour}:00:00.000000Z" for hour in hours]
        return times, datetime.fromisoformat(times[-1])

    return MemoryLake({
        "batches/date=2026-01-01/early.jsonl.gz": batch("01", "03"),
        "batches/date=2026-01-01/across.jsonl.gz": batch("01", "11", "13"),
        "batches/date=2026-01-01/inside.jsonl.gz": batch("01", "14", "13"),
        "batches/date=2026-01-02/after.jsonl.gz": batch("02", "12"),
        "batches/date=2026-01-03/other.jsonl.gz": batch("03", "01"),
    })  # fmt: skip


def test_a_batch_belongs_to_the_moment_of_its_first_receipt() -> None:
    span = read_span("2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z", NOW)
    [found] = find(lake(), span)
    assert [detail for detail in found if detail] == [
        {
            "batch_id": "inside",
            "bucket": "lake",
            "key": "batches/date=2026-01-01/inside.jsonl.gz",
            "rows": 2,
            "received_at": "2026-01-01T13:00:00.000000Z",
        }
    ]


def test_what_was_stored_before_is_not_even_read() -> None:
    keys = list(candidates(lake(), read_span("2026-01-01T12:00:00Z", "2026-01-02", NOW)))
    assert [key.rpartition("/")[2] for key in keys] == ["across.jsonl.gz", "inside.jsonl.gz"]


class Events:
    """A bus that refuses some batches."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.calls: list[list[dict[str, Any]]] = []

    def put_events(self, **arguments: Any) -> Any:
        details = [json.loads(entry["Detail"]) for entry in arguments["Entries"]]
        self.calls.append(details)
        answers = [
            {"ErrorCode": "Throttled"} if one["batch_id"] in self.refused else {"EventId": "e"}
            for one in details
        ]
        return {"Entries": answers}


def details(*names: str) -> list[dict[str, Any]]:
    return [{"batch_id": name, "rows": 3} for name in names]


def fast(events: Events) -> Announcer:
    return Announcer(events, "bus", per_second=1e9)


def test_batches_are_announced_ten_to_a_call_with_the_word() -> None:
    events = Events("b3")
    errors = fast(events).announce(details(*(f"b{n}" for n in range(12))), "again")
    assert [len(call) for call in events.calls] == [10, 2]
    assert all(one["replay"] == "again" for call in events.calls for one in call)
    assert [n for n, error in enumerate(errors) if error] == [3]


def test_the_word_of_a_replay_fits_into_the_name_of_an_execution() -> None:
    assert word_at(NOW) == "260109T080000"


class Books:
    """A ledger that remembers what was done to it, in the order of a transaction each."""

    def __init__(self, *entries: Entry) -> None:
        self.rows = {one.batch_id: one for one in entries}
        self.forgotten: list[str] = []
        self.settled: list[str] = []

    def entries(self, batches: Sequence[str]) -> dict[str, Entry]:
        return {name: self.rows[name] for name in batches if name in self.rows}

    def forget(self, batches: Sequence[str]) -> None:
        self.forgotten += batches

    def settle(self, batches: Sequence[str]) -> None:
        self.settled += batches


EXACT = Entry("exact", 3, 1, 3, 1)
LOST = Entry("lost", 3, 1, 1, 0)
UNSETTLED = Entry("unsettled", 1, 0, 3, 0)
UNHELD = Entry("unheld", 3, 0, 3, 1)


def test_only_what_lost_rows_is_forgotten_and_all_that_is_not_exact_is_settled() -> None:
    books, events = Books(EXACT, LOST, UNSETTLED, UNHELD), Events()
    groups = [details("exact", "lost"), details("unsettled", "unheld", "absent")]
    done = replay(groups, fast(events), books, "w")  # type: ignore[arg-type]
    assert books.forgotten == ["lost"]
    assert done == Replayed(5, 15, 1, 3, ["lost", "unsettled", "unheld", "absent"])
    assert [len(call) for call in events.calls] == [2, 3]


def test_without_an_announcer_nothing_is_forgotten() -> None:
    books = Books(LOST)
    assert replay([details("lost")], None, books, "w").lost == 3  # type: ignore[arg-type]
    assert books.forgotten == []


def test_a_refused_batch_ends_the_replay() -> None:
    with pytest.raises(DeliveryFailed, match="refused 1 batches"):
        replay([details("a", "b")], fast(Events("b")), None, "w")


def test_it_is_settled_once_all_is_in_the_ledger() -> None:
    books, told = Books(EXACT), list[int]()

    def arrive(_: float) -> None:
        assert books.settled == []
        books.rows["lost"] = LOST

    settle(["exact", "lost"], books, told.append, pause=arrive)  # type: ignore[arg-type]
    assert (books.settled, told) == (["exact", "lost"], [2])


def test_what_never_comes_ends_the_wait() -> None:
    with pytest.raises(TimeoutError, match="the same command"):
        settle(["lost"], Books(), print, 0, lambda _: None)  # type: ignore[arg-type]


# --- statements


@pytest.mark.parametrize("path", sorted(SQL.glob("*.sql")), ids=lambda path: path.stem)
def test_statements_are_redshifts(path: Path) -> None:
    parts = {"listed": listed(["a", "b"]), "conditions": conditions(CONDITIONS), "rows": "5"}
    sql = re.sub(r":[a-z]\w*", "'value'", statement(path.stem, **parts))
    config = FluffConfig(overrides={"dialect": "redshift"})
    found = Linter(config=config).parse_string(sql + ";\n").violations
    assert found == []


# --- command line


def test_problems_are_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise NothingThere("No stack runs.")

    assert run(fail) == 1
    assert capsys.readouterr().err == "No stack runs.\n"
    assert run(lambda: 0) == 0


def test_an_unknown_environment_names_those_that_there_are() -> None:
    with pytest.raises(NothingThere, match="no environment test; it has dev, prod"):
        Deployment.on_aws("test")


def test_filters_are_those_that_were_given() -> None:
    class Options:
        reason, type, since = "", "t", "2026-01-01"

    assert filters_of(Options) == {"type": "t", "since": "2026-01-01T00:00:00Z"}  # type: ignore[arg-type]
    assert conditions(["type"]) == "AND quarantine.type = :type"


def test_a_span_has_days_however_short_it_is() -> None:
    assert list(Span(NOW, NOW + timedelta(seconds=1)).days()) == ["2026-01-09"]
