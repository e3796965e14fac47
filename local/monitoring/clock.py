"""The minute of CloudWatch, which tests make shorter, and what happens at the end of each.

LOCAL_ALARM_MINUTE_SECONDS says how many seconds a minute of alarms lasts; their periods are scaled
by it. GetMetricData and GetMetricStatistics keep to real time.
"""

import logging
import math
import os
import threading
import time
from collections.abc import Callable

MINUTE = 60.0
"""Seconds of a minute as periods count them."""

_log = logging.getLogger(__name__)

Task = Callable[[float], None]


class Clock:
    """Calls what samples and then what evaluates, at the end of each minute of `minute` seconds."""

    def __init__(self, minute: float) -> None:
        """Raise ValueError for a minute that is not a positive number."""
        if not (minute > 0 and math.isfinite(minute)):
            message = f"A minute must last a positive number of seconds, not {minute}."
            raise ValueError(message)
        self.minute = minute
        self.samplers: list[Task] = []
        self.evaluators: list[Task] = []

    @property
    def resolution(self) -> float:
        """Seconds that share a data point: the minute itself, or at most one of a shorter one."""
        return MINUTE if self.minute == MINUTE else self.minute / math.ceil(self.minute)

    def scaled(self, period: float) -> float:
        """How many real seconds an alarm's `period` lasts."""
        return period * self.minute / MINUTE

    def start(self) -> None:
        """Run until the process ends."""
        threading.Thread(target=self._run, name="alarm-clock", daemon=True).start()

    def tick(self, end: float) -> None:
        """Do the work of the minute that ended at `end`; what fails doesn't keep the rest."""
        for task in (*self.samplers, *self.evaluators):
            try:
                task(end)
            except Exception:  # noqa: BLE001 - whatever it is, it is logged
                _log.exception("%s failed", task)

    def _run(self) -> None:
        while True:
            now = time.time()
            end = (math.floor(now / self.minute) + 1) * self.minute
            time.sleep(end - now)
            self.tick(end)


CLOCK = Clock(float(os.environ.get("LOCAL_ALARM_MINUTE_SECONDS", MINUTE)))
"""The one of this process."""
