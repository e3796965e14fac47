"""What a trace is told of a delivery has a bound, however many batches the delivery announces."""

from typing import Any

import pytest

from pipeline import telemetry
from pipeline.load.plan import EVENTS, Announcement, Pointer
from pipeline.load.reporting import report
from pipeline.load.transactions import Outcome


def test_a_trace_names_batches_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setattr(telemetry, "note", told.update)
    announcements = [
        Announcement(f"m-{number}", "e", (Pointer(EVENTS, f"b-{number}", "key", 1),))
        for number in range(telemetry.MAX_TOLD + 1)
    ]
    report(Outcome(), announcements, (1.0, 2.0))
    assert len(told["batch_ids"]) == telemetry.MAX_TOLD
