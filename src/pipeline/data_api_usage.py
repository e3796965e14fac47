"""What is asked of the Data API: calls, those that it throttled, and how long statements took."""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

# botocore asks after each attempt whether another is needed.
ATTEMPTED = "needs-retry.redshift-data"


@dataclass
class Usage:
    """Calls with all repetitions of them, how many met a quota, and seconds waited for statements."""

    calls: int = 0
    throttles: int = 0
    seconds: float = 0.0


class Meter:
    """Counts calls as they go out, also those that the SDK repeats by itself and tells nobody of.

    `busy` has the error codes of quotas. Statements are timed from the call that starts them to the
    answer that tells their end: the Data API tells a duration only to whoever describes them.
    """

    def __init__(self, busy: Collection[str]) -> None:
        self._busy = busy
        self._usage = Usage()

    def watch(self, client: Any) -> None:
        """Count the calls of a boto3 client; anything else that makes calls goes uncounted."""
        if meta := getattr(client, "meta", None):
            meta.events.register(ATTEMPTED, self._count, unique_id=f"meter-{id(self)}")

    @contextmanager
    def timing(self) -> Iterator[None]:
        """Add what a statement takes, whatever becomes of it."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._usage.seconds += time.perf_counter() - started

    def take(self) -> Usage:
        """Return what was counted, and begin anew."""
        taken, self._usage = self._usage, Usage()
        return taken

    def _count(self, response: Any = None, **_: Any) -> None:
        """Take in one attempt: its answer, or None where none came."""
        self._usage.calls += 1
        # A described statement has a member Error of its own, which is a text.
        error = response[1].get("Error") if response else None
        if isinstance(error, dict) and error.get("Code") in self._busy:
            self._usage.throttles += 1
