"""Metrics as they are kept: by dimensions, with percentiles, in bounded memory."""

from pathlib import Path

import pytest

from local.monitoring import datapoints
from local.monitoring import store as store_module
from local.monitoring.datapoints import UnknownStatistic, check_statistic, merge, statistic
from local.monitoring.store import Metric, MetricStore

LATENCY = Metric("N", "Latency")


def read(store: MetricStore, name: str, metric: Metric = LATENCY, period: float = 60) -> object:
    points = store.read(metric, 0, 86_400, period)
    return {time: statistic(point, name) for time, point in points.items()}


def test_monitoring_knows_no_emulator() -> None:
    modules = sorted(Path(store_module.__file__).parent.glob("*.py"))
    imports = [
        line for path in modules for line in path.read_text().splitlines() if "import" in line
    ]
    assert len(modules) > 5
    assert not [line for line in imports if "ministack" in line or "local.mends" in line]


def test_dimensions_in_any_order_are_one_series() -> None:
    assert Metric.of("N", "M", {"a": "1", "b": "2"}) == Metric.of("N", "M", {"b": "2", "a": "1"})
    assert Metric.of("N", "M", {"a": "1"}) != Metric.of("N", "M", {})


def test_points_of_a_period_are_one() -> None:
    store = MetricStore(60)
    for minute, value in enumerate([1.0, 2.0, 3.0, 10.0]):
        store.record(LATENCY, {value: 1.0}, at=minute * 60)
    assert read(store, "Sum", period=180) == {0: 6.0, 180: 10.0}
    assert read(store, "Maximum", period=180) == {0: 3.0, 180: 10.0}
    assert read(store, "Average", period=180) == {0: 2.0, 180: 10.0}


def test_a_value_seen_often_counts_often() -> None:
    store = MetricStore(60)
    store.record(LATENCY, {1.0: 3.0, 5.0: 1.0}, at=0)
    assert read(store, "SampleCount") == {0: 4.0}
    assert read(store, "Average") == {0: 2.0}
    assert read(store, "p50") == {0: 1.0}


@pytest.mark.parametrize(
    ("name", "value"),
    [("p0", 1.0), ("p50", 50.5), ("p99", 99.01), ("p99.9", 99.901), ("p100", 100)],
)
def test_a_percentile_lies_between_its_neighbours(name: str, value: float) -> None:
    store = MetricStore(60)
    store.record(LATENCY, {float(number): 1.0 for number in range(1, 101)}, at=0)
    assert read(store, name) == {0: pytest.approx(value)}


def test_many_values_are_rounded_and_not_all_kept() -> None:
    store = MetricStore(60)
    store.record(LATENCY, {1 + number / 7: 1.0 for number in range(20_000)}, at=0)
    point = store.read(LATENCY, 0, 60, 60)[0]
    assert point.values is not None
    assert len(point.values) < 2 * datapoints._MOST_VALUES
    assert statistic(point, "p90") == pytest.approx(1 + 18_000 / 7, rel=0.02)


def test_a_statistic_set_has_no_percentile() -> None:
    store = MetricStore(60)
    store.record_summary(LATENCY, (3, 6, 1, 3), at=0)
    assert read(store, "p50") == {0: None}
    assert read(store, "Average") == {0: 2.0}
    assert merge(store.read(LATENCY, 0, 60, 60).values()).values is None


@pytest.mark.parametrize("name", ["p101", "p", "tm90", "IQM", "average", ""])
def test_an_unknown_statistic_is_refused(name: str) -> None:
    with pytest.raises(UnknownStatistic):
        check_statistic(name)


def test_old_points_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_MOST_POINTS", 3)
    store = MetricStore(60)
    for minute in (0, 1, 2, 3, 0):
        store.record(LATENCY, {1.0: 1.0}, at=minute * 60)
    assert read(store, "Sum") == {0: 1.0, 120: 1.0, 180: 1.0}


def test_the_oldest_quarter_of_all_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_MOST_POINTS_IN_ALL", 8)
    store, other = MetricStore(60), Metric("N", "Other")
    for minute in range(3):
        store.record(other, {1.0: 1.0}, at=minute * 60)
    for minute in range(2, 8):
        store.record(LATENCY, {1.0: 1.0}, at=minute * 60)
    assert read(store, "Sum", other) == {120: 1.0}
    assert read(store, "Sum") == {minute * 60: 1.0 for minute in range(2, 8)}


def test_the_first_series_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_MOST_SERIES", 2)
    store = MetricStore(60)
    for name in ("a", "b", "a", "c"):
        store.record(Metric("N", name), {1.0: 1.0}, at=0)
    assert [metric.name for metric in store.metrics()] == ["b", "c"]


def test_a_short_resolution_puts_each_point_into_its_period() -> None:
    store = MetricStore(0.1)
    for tenth in range(100):
        store.record(LATENCY, {1.0: 1.0}, at=tenth / 10 + 0.05)
    points = store.read(LATENCY, 0, 10, 0.5)
    assert [point.count for point in points.values()] == [5.0] * 20
