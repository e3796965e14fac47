"""Announces batches again on the event bus, ten to a call and no faster than the flows take them."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.announcements import BATCH_STAGED, SOURCE

CALL_ENTRIES = 10  # of one PutEvents call
# Each batch is an execution; AWS starts 150 a second in its smaller Regions, whoever asks.
BATCHES_PER_SECOND = 50

Detail = dict[str, Any]


class Announcer:
    """Publishes BatchStaged on one bus."""

    def __init__(self, events: Any, bus: str, per_second: float = BATCHES_PER_SECOND) -> None:
        self._events = events
        self._bus = bus
        self._per_second = per_second
        self._next = 0.0

    def announce(self, details: Sequence[Detail], word: str = "") -> list[str]:
        """Announce batches, with the word that names executions of their own for them.

        Returns the error of each, empty where the bus has it.
        """
        errors: list[str] = []
        for start in range(0, len(details), CALL_ENTRIES):
            some = details[start : start + CALL_ENTRIES]
            self._take_turn(len(some))
            entries = [self._entry({**one, "replay": word} if word else one) for one in some]
            answer = self._events.put_events(Entries=entries)
            errors += [entry.get("ErrorCode", "") for entry in answer["Entries"]]
        return errors

    def _entry(self, detail: Mapping[str, Any]) -> dict[str, str]:
        return {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": BATCH_STAGED,
            "Detail": json.dumps(detail, sort_keys=True, separators=(",", ":")),
        }

    def _take_turn(self, batches: int) -> None:
        now = time.monotonic()
        time.sleep(max(0.0, self._next - now))
        self._next = max(now, self._next) + batches / self._per_second


def chunks(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Group what comes, as many at a time."""
    group: list[Any] = []
    for item in items:
        group.append(item)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
