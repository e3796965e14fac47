"""A metric alarm as PutMetricAlarm describes it, read and evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.monitoring.clock import Clock
from local.monitoring.datapoints import is_percentile, is_significant
from local.monitoring.deciding import COMPARISONS, TREATMENTS, Points, Rule, decide
from local.monitoring.queries import Evaluation, InvalidQuery, Query, Span, read_queries
from local.monitoring.store import MetricStore

_MOST_METRICS = 10
_WITHOUT_METRICS = (
    "MetricName",
    "Namespace",
    "Dimensions",
    "Period",
    "Statistic",
    "ExtendedStatistic",
    "Unit",
)


@dataclass(frozen=True, slots=True)
class MetricAlarm:
    """What is watched and when it goes off."""

    queries: tuple[Query, ...]
    watched: Query
    period: float
    rule: Rule
    ignores_few: bool

    def points(self, store: MetricStore, clock: Clock, end: float) -> Points:
        """Compute the data points of the periods that the alarm looks at, up to `end`."""
        (series,) = self._evaluation(store, clock, end).result(self.watched.id)
        return [(time, series.points.get(time)) for time in series.times]

    def state(self, store: MetricStore, clock: Clock, end: float, points: Points) -> str | None:
        """Decide the state; None keeps the one that it has."""
        if self.ignores_few and self._has_few(store, clock, end):
            return None
        return decide(self.rule, points)

    def _has_few(self, store: MetricStore, clock: Clock, end: float) -> bool:
        """Whether one of the latest periods has too few samples to tell the percentile."""
        read = self._evaluation(store, clock, end).datapoints(self.watched)
        latest = [read[time] for time in sorted(read)][-self.rule.periods :]
        return any(not is_significant(point, self.watched.statistic) for point in latest)

    def _evaluation(self, store: MetricStore, clock: Clock, end: float) -> Evaluation:
        seconds = clock.scaled(self.period) * self.rule.range
        scale = clock.scaled(1.0)
        return Evaluation(self.queries, store, Span(end - seconds, end, scale))


def read_alarm(told: Mapping[str, Any]) -> MetricAlarm:
    """Read an alarm; raises InvalidQuery, InvalidExpression or UnknownStatistic."""
    queries = tuple(read_queries(_queries(told)))
    watched = [query for query in queries if query.returned]
    periods = {query.period for query in queries if query.metric}
    if len(watched) != 1 or sum(query.metric is not None for query in queries) > _MOST_METRICS:
        message = f"An alarm has at most {_MOST_METRICS} metrics, of which one has ReturnData."
        raise InvalidQuery(message)
    if len(periods) != 1:
        message = "The metrics of an alarm must have one period, and be given."
        raise InvalidQuery(message)
    percentile = is_percentile(watched[0].statistic)
    few = percentile and told.get("EvaluateLowSampleCountPercentile") == "ignore"
    return MetricAlarm(queries, watched[0], periods.pop(), _rule(told), few)


def _queries(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if not told.get("Metrics"):
        stat = told.get("ExtendedStatistic") or told.get("Statistic")
        metric_stat = {"Metric": told, "Period": told.get("Period"), "Stat": stat}
        return [{"Id": "m", "MetricStat": metric_stat}]
    doubled = [name for name in _WITHOUT_METRICS if told.get(name)]
    if doubled:
        message = f"Metrics and {', '.join(doubled)} exclude each other."
        raise InvalidQuery(message)
    return list(told["Metrics"])


def _rule(told: Mapping[str, Any]) -> Rule:
    comparison = str(told.get("ComparisonOperator"))
    missing = told.get("TreatMissingData") or "missing"
    periods = int(told.get("EvaluationPeriods") or 0)
    to_alarm = int(told.get("DatapointsToAlarm") or periods)
    if comparison not in COMPARISONS or missing not in TREATMENTS or told.get("Threshold") is None:
        message = f"Not emulated locally: {comparison} {told.get('Threshold')}, missing data as {missing}."
        raise InvalidQuery(message)
    if not 1 <= to_alarm <= periods:
        message = "DatapointsToAlarm must be at least 1, and EvaluationPeriods not less than it."
        raise InvalidQuery(message)
    return Rule(comparison, float(told["Threshold"]), periods, to_alarm, missing)
