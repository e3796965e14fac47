"""Interrupts sessions when their time is up, and again until they are over."""

import threading
import time
from collections.abc import Callable

_AGAIN_SECONDS = 0.01
"""DuckDB forgets an interrupt that comes between two statements."""


class Interrupter:
    """One thread for all sessions; it starts with the first one that is interrupted."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[Callable[[], None], float] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def at(self, moment: float, interrupt: Callable[[], None]) -> None:
        """Call `interrupt` at that moment of time.monotonic() and from then on, until forgotten."""
        with self._changed:
            self._due[interrupt] = min(moment, self._due.get(interrupt, moment))
            if not self._thread:
                self._thread = threading.Thread(target=self._run, name="interrupter", daemon=True)
                self._thread.start()
            self._changed.notify()

    def forget(self, interrupt: Callable[[], None]) -> None:
        """Call it no more: when this returns, no call is under way either."""
        if interrupt in self._due:
            with self._changed:
                self._due.pop(interrupt, None)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                for interrupt in [each for each, moment in self._due.items() if moment <= now]:
                    interrupt()
                    self._due[interrupt] = now + _AGAIN_SECONDS
                soonest = min(self._due.values(), default=None)
                self._changed.wait(None if soonest is None else max(soonest - now, 0.0))
