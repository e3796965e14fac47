"""Metric math: what is understood, what it answers, and what is refused."""

from typing import Any

import pytest

from local.monitoring.expressions import InvalidExpression
from local.monitoring.queries import Evaluation, InvalidQuery, Span, read_queries
from local.monitoring.store import Metric, MetricStore

MINUTES = range(0, 300, 60)
VALUES: dict[str, list[int | None]] = {
    "errors": [1, 2, None, 0, 4],
    "requests": [10, 0, 5, 10, None],
    "slow": [1, 1, 1, 1, 1],
}


@pytest.fixture
def store() -> MetricStore:
    kept = MetricStore(60)
    for name, values in VALUES.items():
        for minute, value in zip(MINUTES, values, strict=True):
            if value is not None:
                kept.record(Metric("N", name), {float(value): 1.0}, at=minute)
    return kept


def stat(name: str, period: int = 60) -> dict[str, Any]:
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {"Namespace": "N", "MetricName": name}, "Period": period, "Stat": "Sum"
        },
    }  # fmt: skip


def computed(store: MetricStore, expression: str) -> list[float | None]:
    queries = read_queries([*map(stat, VALUES), {"Id": "e", "Expression": expression}])
    (series,) = Evaluation(queries, store, Span(0, 300)).result("e")
    return [series.points.get(time) for time in series.times]


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("errors + 1", [2, 3, None, 1, 5]),
        ("2 - errors", [1, 0, None, 2, -2]),
        ("-errors * 2 ^ 3 ^ 0", [-2, -4, None, 0, -8]),
        ("100 * errors / requests", [10, None, None, 0, None]),
        ("(errors + requests) / 2", [5.5, 1, None, 5, None]),
        ("errors >= 2", [0, 1, None, 0, 1]),
        ("errors >= 2 AND requests == 0 || errors == 1", [1, 1, None, 0, None]),
        ("IF(errors > 1, errors, slow)", [1, 2, None, 1, 4]),
        ("IF(errors > 1, errors)", [None, 2, None, None, 4]),
        ("IF(requests > 0, errors / requests, 0)", [0.1, 0, None, 0, None]),
        ("SUM([errors, requests])", [11, 2, 5, 10, 4]),
        ("SUM(METRICS())", [12, 3, 6, 11, 5]),
        ('MAX(METRICS("err"))', [1, 2, None, 0, 4]),
        ("AVG([errors, slow])", [1, 1.5, 1, 0.5, 2.5]),
        ("errors - MIN(errors)", [1, 2, None, 0, 4]),
        ("slow * METRIC_COUNT(METRICS())", [3, 3, 3, 3, 3]),
        ("slow / PERIOD(slow) * 60", [1, 1, 1, 1, 1]),
        ("FILL(errors, 9)", [1, 2, 9, 0, 4]),
        ("FILL(errors, REPEAT)", [1, 2, 2, 0, 4]),
        ("FILL(errors, requests)", [1, 2, 5, 0, 4]),
        ("SUM(FILL(METRICS(), 0))", [12, 3, 6, 11, 5]),
        ("DIFF(requests)", [None, -10, 5, 5, None]),
        ("RATE(requests) * 60", [None, -10, 5, 5, None]),
        ("RUNNING_SUM(errors)", [1, 3, None, 3, 7]),
        ("RUNNING_SUM(FILL(requests, 0) - slow)", [9, 8, 12, 21, 20]),
        ("CEIL(errors / 3) - FLOOR(errors / 3) + ABS(-1)", [2, 2, None, 1, 2]),
    ],
)
def test_an_expression_is_computed(
    store: MetricStore, expression: str, values: list[float | None]
) -> None:
    assert computed(store, expression) == values


@pytest.mark.parametrize(
    "expression",
    [
        "errors +", "errors errors", "(errors", "errors)", "[errors", "errors ~ 1", "",
        "SEARCH('{N} errors', 'Sum')", "ANOMALY_DETECTION_BAND(errors)", "sum(errors)",
        "IF(errors)", "FILL(errors, LINEAR)", "SUM(1)", "[1, errors]", "1 + 1", "errors / (1 / 0)",
        "e + 1", "[errors, slow] + 1", "(" * 60 + "errors" + ")" * 60,
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused(store: MetricStore, expression: str) -> None:
    with pytest.raises((InvalidExpression, InvalidQuery)):
        computed(store, expression)


def test_an_unknown_id_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="undefined ids"):
        read_queries([{"Id": "e", "Expression": "m1 + 1"}])


def test_two_queries_of_one_id_are_refused() -> None:
    with pytest.raises(InvalidQuery, match="unique"):
        read_queries([stat("errors"), stat("errors")])


def test_series_of_different_periods_are_not_added(store: MetricStore) -> None:
    queries = read_queries(
        [stat("errors"), stat("slow", 300), {"Id": "e", "Expression": "errors + slow"}]
    )
    with pytest.raises(InvalidExpression, match="different periods"):
        Evaluation(queries, store, Span(0, 300)).result("e")


def test_an_expression_may_use_another(store: MetricStore) -> None:
    twice = {"Id": "twice", "Expression": "slow * 2"}
    queries = read_queries([stat("slow"), twice, {"Id": "e", "Expression": "twice + 1"}])
    (series,) = Evaluation(queries, store, Span(0, 300)).result("e")
    assert set(series.points.values()) == {3.0}
