"""When an alarm goes off: CloudWatch's own tables of examples, and what is refused."""

from typing import Any

import pytest

from local.monitoring.alarm import read_alarm
from local.monitoring.clock import Clock
from local.monitoring.deciding import Points, Rule, decide, reason
from local.monitoring.expressions import InvalidExpression
from local.monitoring.queries import InvalidQuery
from local.monitoring.store import Metric, MetricStore

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
THREE_OF_THREE = {
    "0 - X - X": ("OK", "OK", "OK", "OK"),
    "0 - - - -": ("OK", "OK", "OK", "OK"),
    "- - - - -": ("INSUFFICIENT_DATA", None, "ALARM", "OK"),
    "0 X X - X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "- - X - -": ("ALARM", None, "ALARM", "OK"),
    "- - - - X": (None, None, "ALARM", "OK"),
}
TWO_OF_THREE = {
    "0 - X - X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "X X 0 0 X": ("OK", "OK", "OK", "OK"),
    "0 0 X 0 X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "0 - X - -": ("OK", "OK", "ALARM", "OK"),
    "- - - - 0": ("OK", "OK", "ALARM", "OK"),
    "- - - X -": ("ALARM", None, "ALARM", "OK"),
}
CASES = [
    (to_alarm, pattern, missing, state)
    for to_alarm, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for pattern, states in table.items()
    for missing, state in zip(TREATMENTS, states, strict=True)
]


def points_of(pattern: str) -> Points:
    """X is outside of the threshold of 1, 0 inside, - missing; one a minute, the oldest first."""
    values = {"X": 5.0, "0": 0.0, "-": None}
    return [(60.0 * at, values[mark]) for at, mark in enumerate(pattern.split())]


def rule(to_alarm: int = 3, missing: str = "missing", periods: int = 3) -> Rule:
    return Rule("GreaterThanThreshold", 1.0, periods, to_alarm, missing)


@pytest.mark.parametrize(("to_alarm", "pattern", "missing", "state"), CASES)
def test_missing_data_is_treated_as_documented(
    to_alarm: int, pattern: str, missing: str, state: str | None
) -> None:
    assert decide(rule(to_alarm, missing), points_of(pattern)) == state


@pytest.mark.parametrize(
    ("comparison", "states"),
    [
        ("GreaterThanThreshold", ["OK", "OK", "ALARM"]),
        ("GreaterThanOrEqualToThreshold", ["OK", "ALARM", "ALARM"]),
        ("LessThanThreshold", ["ALARM", "OK", "OK"]),
        ("LessThanOrEqualToThreshold", ["ALARM", "ALARM", "OK"]),
    ],
)
def test_each_comparison(comparison: str, states: list[str]) -> None:
    one = Rule(comparison, 1.0, 1, 1, "missing")
    assert [decide(one, [(0.0, value)]) for value in (0.0, 1.0, 2.0)] == states


def test_the_reason_names_the_points() -> None:
    points = points_of("- - 0 X X")
    assert reason(rule(2), points, "OK", "ALARM") == (
        "Threshold Crossed: 2 out of the last 3 datapoints [5.0 (01/01/70 00:04:00), 5.0 (01/01/70 "
        "00:03:00)] were greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )


def test_the_reason_says_what_missing_points_were_taken_for() -> None:
    points = points_of("- - - - -")
    assert "3 missing datapoints were treated as [Breaching]" in reason(
        rule(missing="breaching"), points, "OK", "ALARM"
    )
    assert reason(rule(), points, "OK", "INSUFFICIENT_DATA").startswith("Insufficient Data: 3")


ALARM: dict[str, Any] = {
    "Namespace": "N", "MetricName": "M", "Period": 60, "Statistic": "Sum", "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1,
}  # fmt: skip
STAT = {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "Sum"}
MATH: dict[str, Any] = {
    **{name: ALARM[name] for name in ("Threshold", "ComparisonOperator", "EvaluationPeriods")},
    "Metrics": [
        {"Id": "e", "Expression": "m / 2"},
        {"Id": "m", "MetricStat": STAT, "ReturnData": False},
    ],
}


@pytest.mark.parametrize("minute", [60.0, 2.0, 0.5])
def test_periods_are_scaled_with_the_minute(minute: float) -> None:
    clock = Clock(minute)
    store = MetricStore(clock.resolution)
    for number in range(10):
        store.record(Metric("N", "M"), {float(number): 1.0}, at=minute * (number + 0.5))
    read = read_alarm({**MATH, "EvaluationPeriods": 3})
    values = [value for _, value in read.points(store, clock, end=minute * 10)]
    assert values == [2.5, 3.0, 3.5, 4.0, 4.5]


def test_a_percentile_of_too_few_samples_keeps_the_state() -> None:
    store, clock = MetricStore(60), Clock(60)
    few = {**ALARM, "Statistic": None, "ExtendedStatistic": "p90"}
    store.record(Metric("N", "M"), {5.0: 99.0}, at=170)
    evaluating, ignoring = (
        read_alarm({**few, "EvaluateLowSampleCountPercentile": how})
        for how in ("evaluate", "ignore")
    )
    points = ignoring.points(store, clock, 180)
    assert evaluating.state(store, clock, 180, points) == "ALARM"
    assert ignoring.state(store, clock, 180, points) is None
    store.record(Metric("N", "M"), {5.0: 1.0}, at=170)
    assert ignoring.state(store, clock, 180, points) == "ALARM"


@pytest.mark.parametrize(
    "told",
    [
        {**ALARM, "Threshold": None},
        {**ALARM, "ComparisonOperator": "GreaterThanUpperThreshold"},
        {**ALARM, "TreatMissingData": "maybe"},
        {**ALARM, "DatapointsToAlarm": 2},
        {**ALARM, "EvaluationPeriods": 0},
        {**ALARM, "Period": 0},
        {**ALARM, "MetricName": None, "Metrics": MATH["Metrics"]},
        {**MATH, "Metrics": [*MATH["Metrics"], {"Id": "f", "Expression": "m"}]},
        {**MATH, "Metrics": [{"Id": "m", "MetricStat": STAT, "ReturnData": False}]},
        {**MATH, "Metrics": [MATH["Metrics"][0]]},
    ],
)
def test_an_alarm_that_makes_no_sense_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises((InvalidQuery, InvalidExpression)):
        read_alarm(told)


@pytest.mark.parametrize("minute", [0.0, -1.0, float("nan"), float("inf")])
def test_a_minute_has_a_length(minute: float) -> None:
    with pytest.raises(ValueError, match="positive number"):
        Clock(minute)


def test_what_fails_in_a_minute_does_not_keep_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    clock, seen = Clock(1), list[float]()
    clock.samplers.append(lambda _end: 1 / 0)  # type: ignore[arg-type]
    clock.evaluators.append(seen.append)
    clock.tick(7.0)
    assert seen == [7.0]
    assert "failed" in caplog.text
