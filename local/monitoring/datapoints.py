"""What CloudWatch keeps of the values of one stretch of time, and the statistics it tells of them."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

BASIC = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")

_PERCENTILE = re.compile(r"p(\d{1,2}(\.\d{1,10})?|100)")
_MOST_VALUES = 500
"""Different values kept of one stretch; beyond, they are rounded as below."""
_SAMPLES_BEYOND = 10
_ROUNDING = 1.02
"""Values of a full stretch share a bin with those within 2 %, which bounds a percentile's error."""


class UnknownStatistic(ValueError):
    """A statistic that CloudWatch does not know, or that is not emulated locally."""


@dataclass(slots=True)
class Datapoint:
    """Count, sum and extremes of values, and how often each was seen, for percentiles."""

    count: float = 0.0
    total: float = 0.0
    minimum: float = math.inf
    maximum: float = -math.inf
    values: dict[float, float] | None = field(default_factory=dict)
    unit: str = "None"

    def add(self, values: Mapping[float, float]) -> None:
        """Add values, each with how often it was seen."""
        for value, times in values.items():
            self.count += times
            self.total += value * times
            self.minimum = min(self.minimum, value)
            self.maximum = max(self.maximum, value)
            self._keep(value, times)

    def add_summary(self, count: float, total: float, minimum: float, maximum: float) -> None:
        """Add a statistic set; unless all its values are equal, percentiles are lost."""
        if minimum == maximum:
            self.add({minimum: count})
            return
        self.count += count
        self.total += total
        self.minimum = min(self.minimum, minimum)
        self.maximum = max(self.maximum, maximum)
        self.values = None

    def _keep(self, value: float, times: float) -> None:
        if self.values is None:
            return
        if value not in self.values and len(self.values) >= _MOST_VALUES:
            value = _rounded(value)
        self.values[value] = self.values.get(value, 0.0) + times


def merge(parts: Iterable[Datapoint]) -> Datapoint:
    """Make one data point of those of a period."""
    merged = Datapoint()
    for part in parts:
        merged.unit = part.unit
        if part.values is None:
            merged.add_summary(part.count, part.total, part.minimum, part.maximum)
            merged.values = None
        else:
            _absorb(merged, part, part.values)
    return merged


def _absorb(merged: Datapoint, part: Datapoint, values: dict[float, float]) -> None:
    merged.count += part.count
    merged.total += part.total
    merged.minimum = min(merged.minimum, part.minimum)
    merged.maximum = max(merged.maximum, part.maximum)
    if merged.values is not None:
        for value, times in values.items():
            merged.values[value] = merged.values.get(value, 0.0) + times


def check_statistic(name: str) -> None:
    """Raise UnknownStatistic unless `name` is a basic one or a percentile as p99.9."""
    if name not in BASIC and not _PERCENTILE.fullmatch(name):
        message = f"The statistic {name} is not known, or not emulated locally."
        raise UnknownStatistic(message)


def is_percentile(name: str) -> bool:
    """Whether `name` is a statistic of that kind."""
    return bool(_PERCENTILE.fullmatch(name))


def statistic(point: Datapoint, name: str) -> float | None:
    """Compute a statistic; None where the values don't tell it. Raises UnknownStatistic."""
    check_statistic(name)
    if not point.count:
        return None
    known = {
        "SampleCount": point.count,
        "Average": point.total / point.count,
        "Sum": point.total,
        "Minimum": point.minimum,
        "Maximum": point.maximum,
    }
    return known[name] if name in known else _percentile(point, float(name[1:]))


def is_significant(point: Datapoint, name: str) -> bool:
    """Whether there are enough values for a percentile to mean something.

    CloudWatch asks for 10 beyond it: of p90 for 100 samples, of p10 too.
    """
    percent = float(name[1:])
    return point.count * min(percent, 100 - percent) >= 100 * _SAMPLES_BEYOND


def _percentile(point: Datapoint, percent: float) -> float | None:
    """Interpolate between the two nearest ranks; None after a statistic set or a negative value."""
    if point.values is None or point.minimum < 0:
        return None
    rank = percent / 100 * max(point.count - 1, 0)
    ordered = sorted(point.values.items())
    low, high = _value_at(ordered, math.floor(rank)), _value_at(ordered, math.ceil(rank))
    return low + (rank - math.floor(rank)) * (high - low)


def _value_at(ordered: list[tuple[float, float]], rank: float) -> float:
    seen = 0.0
    for value, times in ordered:
        seen += times
        if rank < seen:
            return value
    return ordered[-1][0]


def _rounded(value: float) -> float:
    if value <= 0:
        return value
    return float(_ROUNDING ** round(math.log(value, _ROUNDING)))
