"""The state of a metric alarm from its data points, as CloudWatch decides it.

CloudWatch looks at more periods than EvaluationPeriods, since points may come late. Where there are
as many points as EvaluationPeriods, the latest of them decide and TreatMissingData does not matter;
else missing ones are filled in, as few as possible.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

MORE_PERIODS = 2
"""Looked at beyond EvaluationPeriods. AWS says that it varies; its examples have 5 for 3."""

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")

COMPARISONS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": ("greater than or equal to", lambda a, b: a >= b),
    "GreaterThanThreshold": ("greater than", lambda a, b: a > b),
    "LessThanThreshold": ("less than", lambda a, b: a < b),
    "LessThanOrEqualToThreshold": ("less than or equal to", lambda a, b: a <= b),
}

Points = Sequence[tuple[float, float | None]]
"""Time and value of each period, the oldest first; None where there is none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alarm goes off."""

    comparison: str
    threshold: float
    periods: int
    to_alarm: int
    missing: str

    @property
    def range(self) -> int:
        """How many periods are looked at."""
        return self.periods + MORE_PERIODS

    def is_breached(self, value: float) -> bool:
        """Whether a value is outside of the threshold."""
        return COMPARISONS[self.comparison][1](value, self.threshold)


def decide(rule: Rule, points: Points) -> str | None:
    """Decide the state from the periods looked at; None keeps the one that the alarm has."""
    real = recent(rule, points)
    breaching = sum(rule.is_breached(value) for _, value in real)
    filled = rule.periods - len(real)
    if breaching >= rule.to_alarm:
        return ALARM
    if not filled or rule.missing == "notBreaching":
        return OK
    if rule.missing == "breaching":
        return ALARM if breaching + filled >= rule.to_alarm else OK
    if not real:
        return INSUFFICIENT if rule.missing == "missing" else None
    if breaching < len(real):
        return OK
    return _of_breaching_ones(rule, points)


def recent(rule: Rule, points: Points) -> list[tuple[float, float]]:
    """Take the latest points that are there, EvaluationPeriods at most."""
    real = [(time, value) for time, value in points if value is not None]
    return real[-rule.periods :]


def _of_breaching_ones(rule: Rule, points: Points) -> str | None:
    """Decide where all points breach and there are fewer than DatapointsToAlarm.

    They are an alarm once the oldest is as old as that number of periods, so that data that has
    only begun to come makes none too early.
    """
    age = next(len(points) - i for i, (_, value) in enumerate(points) if value is not None)
    return ALARM if rule.missing == "missing" and age >= rule.to_alarm else None


def reason(rule: Rule, points: Points, old: str, new: str) -> str:
    """Say why, in the words of CloudWatch."""
    real = recent(rule, points)
    if new == INSUFFICIENT:
        return (
            f"Insufficient Data: {_some(rule.periods, 'datapoint')} {_was(rule.periods)} unknown."
        )
    if not real:
        treated = "Breaching" if rule.missing == "breaching" else "NonBreaching"
        return (
            f"Threshold Crossed: no datapoints were received for {_some(rule.periods, 'period')} and "
            f"{_some(rule.periods, 'missing datapoint')} {_was(rule.periods)} treated as [{treated}]."
        )
    told = [(t, v) for t, v in real if rule.is_breached(v) == (new == ALARM)]
    listed = ", ".join(f"{value} ({_at(time)})" for time, value in reversed(told))
    verb = f"{_was(len(told))} {'' if new == ALARM else 'not '}{COMPARISONS[rule.comparison][0]}"
    needed = rule.to_alarm if new == ALARM else rule.periods - rule.to_alarm + 1
    return (
        f"Threshold Crossed: {len(told)} out of the last {_some(rule.periods, 'datapoint')} [{listed}] "
        f"{verb} the threshold ({rule.threshold}) "
        f"(minimum {_some(needed, 'datapoint')} for {old} -> {new} transition)."
    )


def _some(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _at(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%d/%m/%y %H:%M:%S")
