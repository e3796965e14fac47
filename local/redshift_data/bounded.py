"""A cache that forgets what was used longest ago: bounded by entries and by their weight."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass
class Bounded(Generic[Key, Value]):
    """A mapping for several threads; weights are in whatever unit the owner counts."""

    entries: int
    weight: int
    _kept: OrderedDict[Key, tuple[Value, int]] = field(default_factory=OrderedDict)
    _weighed: int = 0
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Value | None:
        """Return what is kept, and count it as used."""
        with self._mutex:
            kept = self._kept.get(key)
            if kept is None:
                return None
            self._kept.move_to_end(key)
            return kept[0]

    def keep(self, key: Key, value: Value, weight: int) -> None:
        """Keep a value; what alone is heavier than all may be is not kept."""
        if weight > self.weight:
            return
        with self._mutex:
            self._weighed += weight - self._kept.pop(key, (value, 0))[1]
            self._kept[key] = (value, weight)
            while len(self._kept) > self.entries or self._weighed > self.weight:
                _, (_, forgotten) = self._kept.popitem(last=False)
                self._weighed -= forgotten
