"""How many events of each type were kept, and why those of them that are quarantined are so."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Protocol

from pipeline.errors import MalformedEvent
from pipeline.event import type_label

# By the label of their type, and the code of the fault that quarantines them, or none.
Tally = Counter[tuple[str, str | None]]


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
        (type_label(event.event_type, catalogue), event.fault.code if event.fault else None)
        for event in events
    )
