"""How many events of each type were kept, and how many of them quarantined."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Protocol

from pipeline.errors import MalformedEvent
from pipeline.event import type_label

# By the label of their type, and whether they are quarantined.
Tally = Counter[tuple[str, bool]]


class Kept(Protocol):
    """An event that is kept: a Row or an Outcome."""

    @property
    def event_type(self) -> str:
        """Its type as it was sent."""

    @property
    def fault(self) -> MalformedEvent | None:
        """Why it is quarantined."""


def tally(events: Iterable[Kept], catalogue: Collection[str]) -> Tally:
    """Count kept events."""
    return Counter(
        (type_label(event.event_type, catalogue), event.fault is not None) for event in events
    )
