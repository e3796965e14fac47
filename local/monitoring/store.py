"""Metrics in memory: a bounded number of series, of which each keeps a bounded number of points."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.monitoring.datapoints import Datapoint, merge

_MOST_SERIES = 5_000
_MOST_POINTS = 1_500
"""Of one series: a day and an hour of minutes."""
_MOST_POINTS_IN_ALL = 200_000
"""About 100 MB; beyond, the oldest quarter goes."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What names a series; other dimensions are another series."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> "Metric":
        """Name a series by its dimensions in any order."""
        return cls(namespace, name, tuple(sorted(dimensions.items())))


class MetricStore:
    """The metrics of one account and Region."""

    def __init__(self, resolution: float) -> None:
        """Keep a data point for each `resolution` seconds."""
        self._resolution = resolution
        self._series: dict[Metric, dict[int, Datapoint]] = {}
        self._points_in_all = 0
        self._lock = threading.Lock()

    def record(
        self,
        metric: Metric,
        values: Mapping[float, float],
        unit: str = "None",
        at: float | None = None,
    ) -> None:
        """Add values, each with how often it was seen, at a time in seconds (now if None)."""
        self._add(metric, unit, at, lambda point: point.add(values))

    def record_summary(
        self,
        metric: Metric,
        summary: tuple[float, float, float, float],
        unit: str = "None",
        at: float | None = None,
    ) -> None:
        """Add a statistic set: count, sum, minimum and maximum."""
        self._add(metric, unit, at, lambda point: point.add_summary(*summary))

    def read(
        self, metric: Metric, start: float, end: float, period: float
    ) -> dict[float, Datapoint]:
        """Tell the data points of each period from `start` to before `end` that has any."""
        # Half a point inside, so that no rounding puts it into a neighbour.
        first = start / self._resolution - 0.5
        last = end / self._resolution - 0.5
        gathered: dict[float, list[Datapoint]] = {}
        with self._lock:
            kept = self._series.get(metric, {})
            for number in sorted(number for number in kept if first <= number < last):
                middle = (number + 0.5) * self._resolution
                slot = start + math.floor((middle - start) / period) * period
                gathered.setdefault(slot, []).append(kept[number])
            return {slot: merge(points) for slot, points in gathered.items()}

    def metrics(self) -> list[Metric]:
        """Name all series."""
        with self._lock:
            return [metric for metric, points in self._series.items() if points]

    def _add(
        self, metric: Metric, unit: str, at: float | None, change: Callable[[Datapoint], None]
    ) -> None:
        number = math.floor((time.time() if at is None else at) / self._resolution)
        with self._lock:
            points = self._points(metric)
            if number not in points:
                self._make_room(points)
                points[number] = Datapoint(unit=unit)
                self._points_in_all += 1
            change(points[number])

    def _make_room(self, points: dict[int, Datapoint]) -> None:
        """Let a point be added to a series."""
        if len(points) >= _MOST_POINTS:
            del points[min(points)]
            self._points_in_all -= 1
        if self._points_in_all >= _MOST_POINTS_IN_ALL:
            ages = sorted(number for one in self._series.values() for number in one)
            for one in self._series.values():
                for number in [number for number in one if number < ages[len(ages) // 4]]:
                    del one[number]
            self._points_in_all = sum(map(len, self._series.values()))

    def _points(self, metric: Metric) -> dict[int, Datapoint]:
        """Find a series, or make it in the place of the one that was made first."""
        if metric not in self._series and len(self._series) >= _MOST_SERIES:
            self._points_in_all -= len(self._series.pop(next(iter(self._series))))
        return self._series.setdefault(metric, {})
