"""For how many seconds workgroups would be charged, as Redshift Serverless charges them.

A workgroup sleeps while nothing runs. Waking up costs at least 60 seconds, and what runs within them
costs nothing more; beyond, time counts by the second while anything runs.
https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-billing.html
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from local.redshift_data.limits import Clock

LEAST_SECONDS = 60.0


@dataclass(slots=True)
class _Meter:
    """Of one workgroup: what it was charged, up to when, and how many statements run."""

    charged: float = 0.0
    paid_until: float = 0.0
    running: int = 0

    def begin(self, now: float) -> None:
        if not self.running and now >= self.paid_until:
            self.charged += LEAST_SECONDS
            self.paid_until = now + LEAST_SECONDS
        self.running += 1

    def settle(self, now: float) -> None:
        """Charge up to now what runs beyond the time that is paid for."""
        if self.running and now > self.paid_until:
            self.charged += now - self.paid_until
            self.paid_until = now


class Usage:
    """The meters of all workgroups."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._meters: dict[str, _Meter] = {}
        self._lock = threading.Lock()

    @contextmanager
    def running(self, workgroup: str) -> Iterator[None]:
        """Count the time in the block."""
        with self._lock:
            meter = self._meters.setdefault(workgroup, _Meter())
            meter.begin(self._clock())
        try:
            yield
        finally:
            with self._lock:
                meter.settle(self._clock())
                meter.running -= 1

    def charged(self) -> Mapping[str, float]:
        """Tell the seconds that each workgroup was charged since the server started."""
        with self._lock:
            for meter in self._meters.values():
                meter.settle(self._clock())
            return {name: meter.charged for name, meter in self._meters.items()}
