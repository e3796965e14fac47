"""What taking an event costs (decode, check, row), against json.loads of the same bytes."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

from local.sample import week
from pipeline.catalogue import load_catalogue
from pipeline.event import make_row, receive_at
from pipeline.exact_json import decode

ROUNDS = 25
EVENTS = 250
CATALOGUE = load_catalogue()


def measure() -> dict[str, str]:
    """Time both by turns, so that noise meets both; returns the ratio of their medians."""
    body = json.dumps(week()[:EVENTS]).encode()
    floor, ours = [], []
    for _ in range(ROUNDS):
        floor.append(_seconds(json.loads, body))
        ours.append(_seconds(take, body))
    return {"taking an event, times json.loads of it": f"{median(ours) / median(floor):.1f}"}


def take(body: bytes) -> list[str]:
    """Make rows of a batch, as the entrance does."""
    receipt = receive_at("request", datetime.now(UTC))
    return [make_row(event, receipt, CATALOGUE).line for event in decode(body)]


def _seconds(function: Callable[[bytes], object], body: bytes) -> float:
    started = time.thread_time()
    function(body)
    return time.thread_time() - started
