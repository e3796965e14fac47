"""The loader's handler: which messages come again, and what is counted."""

import importlib
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.data_api_usage import Usage
from pipeline.load.plan import EVENTS, FACTS
from pipeline.load.transactions import Load, Outcome, Tally

EVENT = json.loads((Path(__file__).parents[2] / "events/load_batches.json").read_text())
BUCKET = "events-lake-123456789012"
BATCH = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
COUNTED = ("Announcements", "Events", "Facts", "Loads")


COMMITTED_AT = datetime(2013, 1, 1, 10, 1, tzinfo=UTC)
VERDICTS = ("loaded", "duplicates", "conflicts", "quarantined", "missing")


def tally(kind: str, entrance: str | None, event_type: str | None, *counts: int) -> Tally:
    newest = datetime(2013, 1, 1, 9, 58, tzinfo=UTC) if counts[0] and entrance else None
    told = {"kind": kind, "batch_id": BATCH, "entrance": entrance, "type": event_type}
    return {**told, "newest": newest, **dict(zip(VERDICTS, counts, strict=True))}


TALLIES = [
    tally(EVENTS, "request", "page.viewed", 5, 1, 0, 0, 0),
    tally(EVENTS, "upload", "page.viewed", 2, 0, 1, 0, 0),
    tally(EVENTS, "upload", "other", 0, 0, 0, 4, 0),
    tally(FACTS + "page.viewed", None, None, 7, 0, 0, 0, 0),
]


class FakeLoader:
    """Loads whatever it is given, but for one message."""

    def __init__(self, *_: Any) -> None:
        self.outcome = Outcome()

    def load(self, announcements: list[Any]) -> Outcome:
        pointers = [pointer for one in announcements for pointer in one.pointers]
        self.outcome.loads.append(Load("l" * 64, pointers, TALLIES, COMMITTED_AT, 1.5))
        self.outcome.fail(announcements[1:], "too early")
        return self.outcome


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in {
        "LAKE_BUCKET": BUCKET,
        "WORKGROUP_NAME": "wg",
        "DATABASE_NAME": "events",
        "COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/copy",
    }.items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module("pipeline.load.batches")
    monkeypatch.setattr(module, "Loader", FakeLoader)
    return module


def test_failed_messages_come_again(batches: ModuleType, context: Any) -> None:
    answer = batches.handler(EVENT, context)
    names = [record["messageId"] for record in EVENT["Records"]]
    assert answer == {"batchItemFailures": [{"itemIdentifier": names[1]}]}


def test_a_malformed_message_stops_no_other(batches: ModuleType, context: Any) -> None:
    alien = {**EVENT["Records"][0], "messageId": "alien", "body": "{}"}
    answer = batches.handler({"Records": [alien, EVENT["Records"][0]]}, context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "alien"}]}


def written(batches: ModuleType, context: Any, capsys: pytest.CaptureFixture[str]) -> list[Any]:
    batches.handler(EVENT, context)
    return [json.loads(text) for text in capsys.readouterr().out.splitlines()]


def totals_of(lines: list[Any]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for line in lines:
        totals.update({name: sum(line[name]) for name in line if name.startswith(COUNTED)})
    return totals


def test_loaded_rows_are_counted_by_entrance_and_type(
    batches: ModuleType, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for line in written(batches, context, capsys) if "EventsLoaded" in line]
    found = {(line["entrance"], line["type"]): line["EventsLoaded"] for line in lines}
    assert found == {("request", "page.viewed"): [5.0], ("upload", "page.viewed"): [2.0]}


def test_every_verdict_has_its_metric(
    batches: ModuleType, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert totals_of(written(batches, context, capsys)) == {
        "EventsLoaded": 7,
        "EventsDuplicate": 1,
        "EventsInConflict": 1,
        "EventsQuarantinedLoaded": 4,
        "FactsLoaded": 7,
        "LoadsDone": 1,
        "LoadsFailed": 1,
    }


def test_facts_that_come_early_are_no_failed_load(
    batches: ModuleType,
    context: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def postpone(loader: FakeLoader, announcements: list[Any]) -> Outcome:
        loader.outcome.postpone(announcements)
        return loader.outcome

    monkeypatch.setattr(FakeLoader, "load", postpone)
    assert totals_of(written(batches, context, capsys)) == {"FactsEarly": 2}


def test_what_announces_nothing_is_no_failed_load(
    batches: ModuleType,
    context: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FakeLoader, "load", lambda loader, _: loader.outcome)
    monkeypatch.setitem(EVENT["Records"][0], "body", "{}")
    assert totals_of(written(batches, context, capsys)) == {"AnnouncementsMalformed": 1}


def test_freshness_is_told_of_each_batch_and_of_the_newest_event(
    batches: ModuleType, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    [line] = [x for x in written(batches, context, capsys) if "LoadDuration" in x]
    assert line["LoadDuration"] == [1500.0]
    assert line["FreshnessFromReceipt"] == [60.0]
    assert line["FreshnessFromEvent"] == [180.0]


def test_what_was_known_before_is_not_called_late(
    batches: ModuleType,
    context: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "TALLIES", [])
    [line] = [x for x in written(batches, context, capsys) if "LoadDuration" in x]
    assert "FreshnessFromReceipt" not in line
    assert "FreshnessFromEvent" not in line


def lines_of(caplog: pytest.LogCaptureFixture, message: str) -> list[Any]:
    return [record for record in caplog.records if record.message == message]


def test_a_load_is_one_line_with_its_batches(
    batches: ModuleType, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    batches.handler(EVENT, context)
    [line] = lines_of(caplog, "loaded")
    assert (line.load_id, line.batch_ids, line.duration_ms) == ("l" * 64, [BATCH], 1500)
    assert line.events == {"loaded": 7, "duplicates": 1, "conflicts": 1, "quarantined": 4}
    assert line.facts == 7


def test_what_comes_again_is_told_with_its_batches(
    batches: ModuleType, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    batches.handler(EVENT, context)
    [line] = lines_of(caplog, "not loaded")
    assert (line.batch_ids, line.reason) == ([BATCH], "too early")


def test_what_was_loaded_before_the_loader_broke_is_told(
    batches: ModuleType,
    context: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody would count it later: its batches are in the ledger when their messages come again."""
    load = FakeLoader.load

    def load_and_fail(loader: FakeLoader, announcements: list[Any]) -> Outcome:
        load(loader, announcements)
        raise RuntimeError("broken")

    monkeypatch.setattr(FakeLoader, "load", load_and_fail)
    with pytest.raises(RuntimeError):
        batches.handler(EVENT, context)
    assert len(lines_of(caplog, "loaded")) == 1


def test_calls_of_the_data_api_are_counted_even_if_the_loader_breaks(
    batches: ModuleType,
    context: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(FakeLoader, "load", fail)
    monkeypatch.setattr(batches.warehouse, "take_usage", lambda: Usage(3, 2, 1.5))
    with pytest.raises(RuntimeError):
        batches.handler(EVENT, context)
    [line] = [json.loads(t) for t in capsys.readouterr().out.splitlines() if '"_aws"' in t]
    names = ("DataApiCalls", "DataApiThrottles", "WarehouseSeconds")
    assert [line[name] for name in names] == [[3.0], [2.0], [1.5]]
