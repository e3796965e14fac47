"""Replays the week's flights as if they happened now, faster or slower, until it is stopped."""

import itertools
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from local.feed import ENTRANCES
from local.stack import Stack

Event = dict[str, Any]
TICK_SECONDS = 1.0


def replay(stack: Stack, events: Sequence[Event], speed: float) -> Iterator[int]:
    """Send the events live, forever, `speed` seconds of the week to each second of the clock.

    Each tick's events go through one entrance, by turns. Yields how many were sent by then.
    """
    started = datetime.now(UTC)
    sent = 0
    ticks = ticking(live_events(events, started, speed))
    for due, entrance in zip(ticks, itertools.cycle(ENTRANCES), strict=False):
        if due:
            entrance(stack, due)
            sent += len(due)
        yield sent


def live_events(
    events: Sequence[Event], started: datetime, speed: float
) -> Iterator[tuple[datetime, Event]]:
    """Give the events anew, round after round, in order of time, at the moments they are due.

    Each gets that moment as its time and an id of its own, so that it is a new event. It begins
    with the first departure, since nobody wants to watch the night before it.
    """
    ordered = sorted(events, key=lambda event: str(event["time"]))
    takeoff = next(n for n, event in enumerate(ordered) if event["type"] == "flight.departed")
    ordered = ordered[takeoff:]
    first = _time_of(ordered[0])
    length = _time_of(ordered[-1]) - first + timedelta(hours=1)
    run = f"{started:%Y%m%dT%H%M%S}"
    for turn in itertools.count():
        for event in ordered:
            due = started + (turn * length + (_time_of(event) - first)) / speed
            live_id = f"live-{run}-{turn}-{event['id']}"
            yield due, {**event, "id": live_id, "time": due.isoformat().replace("+00:00", "Z")}


def ticking(due_events: Iterator[tuple[datetime, Event]]) -> Iterator[list[Event]]:
    """Give, once a tick, the events that have fallen due."""
    waiting = next(due_events)
    while True:
        now = datetime.now(UTC)
        due: list[Event] = []
        while waiting[0] <= now:
            due.append(waiting[1])
            waiting = next(due_events)
        yield due
        time.sleep(TICK_SECONDS)


def _time_of(event: Event) -> datetime:
    return datetime.fromisoformat(str(event["time"]))
