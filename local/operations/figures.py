"""Numbers of CloudWatch: from what a figure is, to the question, to the value that is shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

PERIOD = 60
MINUTES = 15
QUERIES = 500  # that GetMetricData takes at once

Series = list[float | None]


@dataclass(frozen=True)
class Metric:
    """A metric of CloudWatch; its dimensions may name resources, as `{EventQueue}`."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    stat: str = "Sum"

    def key(self, names: Mapping[str, str]) -> tuple[str, ...]:
        """Identify what is asked of CloudWatch in a stack with these names."""
        pairs = (f"{name}={value.format_map(names)}" for name, value in self.dimensions.items())
        return (self.namespace, self.name, self.stat, *sorted(pairs))


@dataclass(frozen=True)
class Figure:
    """A number that is shown: metrics added up, and what of their minutes is told.

    `rate`: a second, in the last whole minute. `sum`: of all minutes. `latest`: of the newest
    minute that has any. `bad`: more than none of it deserves a look.
    """

    name: str
    label: str
    metrics: tuple[Metric, ...]
    shows: Literal["rate", "sum", "latest"] = "sum"
    unit: str = ""
    bad: bool = False


def window(now: datetime) -> tuple[datetime, datetime]:
    """Return the span that is asked for: whole minutes and the one that is running."""
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    return minute - timedelta(minutes=MINUTES), minute + timedelta(minutes=1)


def metric_queries(figures: Iterable[Figure], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Write the figures' metrics as MetricDataQueries, each once, in a stable order."""
    wanted = {metric.key(names): metric for figure in figures for metric in figure.metrics}
    return [
        {"Id": f"m{place}", "MetricStat": _metric_stat(metric, names), "ReturnData": True}
        for place, metric in enumerate(wanted.values())
    ]


def ask_cloudwatch(
    cloudwatch: Any, figures: Sequence[Figure], names: Mapping[str, str], now: datetime
) -> dict[tuple[str, ...], Series]:
    """Ask for all metrics of the figures, and return their minutes by the metrics' keys."""
    queries = metric_queries(figures, names)
    keys = list(dict.fromkeys(one.key(names) for figure in figures for one in figure.metrics))
    start, end = window(now)
    results: list[Mapping[str, Any]] = []
    for first in range(0, len(queries), QUERIES):
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries[first : first + QUERIES], StartTime=start, EndTime=end
        )
        results.extend(result for page in pages for result in page["MetricDataResults"])
    return {keys[int(key[1:])]: series for key, series in read_results(results, start).items()}


def read_results(results: Iterable[Mapping[str, Any]], start: datetime) -> dict[str, Series]:
    """Sort the results of GetMetricData into minutes since `start`, None where there is no value.

    A result may come in pieces, one a page.
    """
    found: dict[str, Series] = {}
    for result in results:
        series = found.setdefault(result["Id"], [None] * (MINUTES + 1))
        for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
            place = int((moment - start).total_seconds() // PERIOD)
            if 0 <= place < len(series):
                series[place] = value
    return found


def shape_figure(
    figure: Figure, minutes: Mapping[tuple[str, ...], Series], names: Mapping[str, str]
) -> dict[str, Any]:
    """Write a figure as the page takes it."""
    series = add_up([minutes.get(metric.key(names), []) for metric in figure.metrics])
    return {
        "name": figure.name,
        "label": figure.label,
        "value": value_of(series, figure.shows),
        "unit": figure.unit,
        "shows": figure.shows,
        "bad": figure.bad,
        "minutes": series,
    }


def add_up(many: Sequence[Series]) -> Series:
    """Add series minute by minute; a minute has no value if none of them has any."""
    whole: Series = [None] * (MINUTES + 1)
    for series in many:
        for place, value in enumerate(series):
            if value is not None:
                whole[place] = (whole[place] or 0) + value
    return whole


def value_of(series: Series, shows: str) -> float | None:
    """Tell the one number that a series is shown by."""
    if shows == "rate":
        return (series[-2] or 0) / PERIOD
    if shows == "sum":
        return sum(value or 0 for value in series)
    return next((value for value in reversed(series) if value is not None), None)


def _metric_stat(metric: Metric, names: Mapping[str, str]) -> dict[str, Any]:
    dimensions = [
        {"Name": name, "Value": value.format_map(names)}
        for name, value in metric.dimensions.items()
    ]
    asked = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    return {"Metric": asked, "Period": PERIOD, "Stat": metric.stat}
