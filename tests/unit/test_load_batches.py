"""The loader's handler: which messages come again, and what is counted."""

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.load.transactions import Outcome

EVENT = json.loads((Path(__file__).parents[2] / "events/load_batches.json").read_text())
BUCKET = "events-lake-123456789012"


class FakeLoader:
    """Loads whatever it is given, but for one message."""

    def __init__(self, *_: Any) -> None:
        pass

    def load(self, announcements: list[Any]) -> Outcome:
        counts = dict.fromkeys(("duplicates", "conflicts", "quarantined", "missing"), 0)
        tallies = [
            {"kind": pointer.kind, "batch_id": pointer.batch_id, "loaded": pointer.rows, **counts}
            for one in announcements
            for pointer in one.pointers
        ]
        outcome = Outcome(tallies, transactions=1)
        outcome.fail(announcements[1:], "too early")
        return outcome


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


def test_loaded_rows_are_counted(
    batches: ModuleType, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    batches.handler(EVENT, context)
    (metrics,) = [json.loads(t) for t in capsys.readouterr().out.splitlines() if '"_aws"' in t]
    assert metrics["EventsLoaded"] == [2.0]
    assert metrics["FactsLoaded"] == [2.0]
    assert metrics["LoadsDone"] == [1.0]
    assert metrics["LoadsFailed"] == [1.0]
