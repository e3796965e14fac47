"""Outliers within a batch, by the modified z-score of Iglewicz and Hoaglin.

Boris Iglewicz and David Hoaglin, "How to Detect and Handle Outliers", ASQC Basic References in
Quality Control vol. 16 (1993): M = 0.6745 (x - median) / MAD, where MAD is the median of the
absolute deviations from the median. They advise to look at values beyond 3.5; operational data
has longer tails than theirs and each alert costs a person's attention, hence 5.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

CONSISTENCY = 0.6745  # the 0.75 quantile of the normal distribution
LIMIT = 5.0
MIN_VALUES = 30  # below, a median of deviations says little


@dataclass(frozen=True)
class Scale:
    """The middle of a batch's values and their median absolute deviation from it, above 0."""

    middle: float
    deviation: float

    def score(self, value: float) -> float:
        """Give the modified z-score, in robust standard deviations; 0 where it overflows."""
        score = CONSISTENCY * (value - self.middle) / self.deviation
        return 0.0 if math.isnan(score) else score


def scale_of(values: Sequence[float]) -> Scale | None:
    """Measure values.

    None with fewer than MIN_VALUES, and none if more than half of them are equal: their
    deviation is 0, and every other value would be infinitely far away.
    """
    if len(values) < MIN_VALUES:
        return None
    middle = median(values)
    deviation = median([abs(value - middle) for value in values])
    return Scale(middle, deviation) if deviation > 0 else None
