"""Metrics are kept by dimensions and for a limited time, and queries on them use metric math.

GetMetricData evaluates expressions, and a metric asked for without dimensions is the one that was
put without any. Stock ministack answers "Expressions not implemented", adds up all dimensions where
none are asked for, and keeps every single value for two weeks. What is not emulated here (SEARCH,
anomaly detection, statistics such as tm90) is refused. The old Query protocol is, too, for reading:
SDKs have not used it for CloudWatch since 2025.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import cloudwatch

from local.mends.seams import seam
from local.monitoring.clock import CLOCK
from local.monitoring.datapoints import (
    Datapoint,
    UnknownStatistic,
    check_statistic,
    is_percentile,
    statistic,
)
from local.monitoring.expressions import InvalidExpression
from local.monitoring.queries import (
    Evaluation,
    InvalidQuery,
    Query,
    Span,
    metric_of,
    read_queries,
)
from local.monitoring.store import Metric, MetricStore

_seconds_of = seam(__name__, cloudwatch, "_parse_ts")
_told_time = seam(__name__, cloudwatch, "_ts_iso")
_error = seam(__name__, cloudwatch, "_error")
_OPERATIONS = ("_get_metric_data", "_get_metric_statistics", "_list_metrics")
for _name in ("record_metric", "_store_datum", *_OPERATIONS):
    seam(__name__, cloudwatch, _name)
_as_cbor = seam(__name__, cloudwatch, "_cbor_ok")
_as_json = seam(__name__, cloudwatch, "_json_ok")
_cbor_result = seam(__name__, cloudwatch, "_cbor_metric_data_result")
_cbor_datapoint = seam(__name__, cloudwatch, "_cbor_datapoint")

_stores: Any = AccountRegionScopedDict()

Request = dict[str, Any]
Answer = dict[str, Any]


def apply() -> None:
    """Keep metrics in a store of our own, and answer from it."""
    cloudwatch.record_metric = record
    cloudwatch._store_datum = _store_datum
    cloudwatch._get_metric_data = _operation(_get_metric_data)
    cloudwatch._get_metric_statistics = _operation(_get_metric_statistics)
    cloudwatch._list_metrics = _operation(_list_metrics)


def store() -> MetricStore:
    """Find the metrics of the account and Region at work."""
    if "store" not in _stores:
        _stores.setdefault("store", MetricStore(CLOCK.resolution))
    kept: MetricStore = _stores["store"]
    return kept


def record(  # noqa: PLR0913, PLR0917 - the first five are ministack's
    namespace: str,
    name: str,
    value: float,
    unit: str = "None",
    dimensions: Mapping[str, str] | None = None,
    at: float | None = None,
) -> None:
    """Put one value, at a time in seconds or now."""
    store().record(Metric.of(namespace, name, dimensions or {}), {float(value): 1.0}, unit, at)


def _store_datum(  # noqa: PLR0913, PLR0917 - the signature is ministack's
    namespace: str,
    name: str,
    dimensions: dict[str, str],
    at: float,
    unit: str,
    value: Any,
    values: Any,
    counts: Any,
    summary: Any,
) -> None:
    metric = Metric.of(namespace, name, dimensions)
    if values is None and summary is not None:
        told = ("SampleCount", "Sum", "Minimum", "Maximum")
        count, total, low, high = (float(summary[one]) for one in told)
        store().record_summary(metric, (count, total, low, high), unit, at)
        return
    gathered: dict[float, float] = {}
    listed = [value or 0] if values is None else values
    for number, times in zip(listed, counts or [1.0] * len(listed), strict=False):
        gathered[float(number)] = gathered.get(float(number), 0.0) + float(times)
    store().record(metric, gathered, unit, at)


def _operation(answer: Callable[[Request], Answer]) -> Callable[..., Any]:
    """Make an operation of ministack's signature of one on decoded requests."""

    def handle(_parameters: Any, request: Request, *protocol: bool) -> Any:
        is_cbor, is_json = protocol
        if not any(protocol):
            return _error("InvalidAction", "not emulated locally in the Query protocol", 400)
        try:
            content = answer(request)
        except (InvalidQuery, InvalidExpression, UnknownStatistic) as error:
            code, how = "ValidationError", {"use_json": is_json, "use_cbor": is_cbor}
            return _error(code, str(error), 400, **how)
        return _as_cbor(_with_cbor_times(content)) if is_cbor else _as_json(content)

    return handle


def _with_cbor_times(content: Answer) -> Answer:
    encoders = {"MetricDataResults": _cbor_result, "Datapoints": _cbor_datapoint}
    return {
        key: [encoders[key](one) for one in value] if key in encoders else value
        for key, value in content.items()
    }


def _span(request: Request, period: float) -> Span:
    start, end = _seconds_of(request.get("StartTime")), _seconds_of(request.get("EndTime"))
    if start is None or end is None or start >= end:
        message = "The parameter StartTime must be less than the parameter EndTime."
        raise InvalidQuery(message)
    return Span(start // period * period, end)


def _get_metric_data(request: Request) -> Answer:
    queries = read_queries(request.get("MetricDataQueries") or [])
    longest = max((query.period for query in queries), default=60.0)
    evaluation = Evaluation(queries, store(), _span(request, longest))
    newest_first = request.get("ScanBy") != "TimestampAscending"
    return {
        "MetricDataResults": [
            result
            for query in queries
            if query.returned
            for result in _results(evaluation, query, newest_first=newest_first)
        ],
        "Messages": [],
    }


def _results(evaluation: Evaluation, query: Query, *, newest_first: bool) -> Iterator[Answer]:
    for series in evaluation.result(query.id):
        ordered = sorted(series.points.items(), reverse=newest_first)
        yield {
            "Id": query.id,
            "Label": query.label,
            "Timestamps": [_told_time(time) for time, _ in ordered],
            "Values": [value for _, value in ordered],
            "StatusCode": "Complete",
        }


def _get_metric_statistics(request: Request) -> Answer:
    metric, period = metric_of(request), float(request.get("Period") or 60)
    wanted = [*(request.get("Statistics") or []), *(request.get("ExtendedStatistics") or [])]
    for name in wanted:
        check_statistic(name)
    span = _span(request, period)
    points = store().read(metric, span.start, span.end, period)
    told = [_datapoint(time, point, wanted) for time, point in points.items()]
    return {"Label": metric.name, "Datapoints": told}


def _datapoint(time_: float, point: Datapoint, wanted: list[str]) -> Answer:
    values = {name: statistic(point, name) for name in wanted}
    told = {name: value for name, value in values.items() if value is not None}
    basic = {name: value for name, value in told.items() if not is_percentile(name)}
    extended = {name: value for name, value in told.items() if is_percentile(name)}
    shown = {"ExtendedStatistics": extended} if extended else {}
    return {"Timestamp": _told_time(time_), "Unit": point.unit, **basic, **shown}


def _list_metrics(request: Request) -> Answer:
    found = [metric for metric in store().metrics() if _is_asked_for(metric, request)]
    return {"Metrics": [_told(metric) for metric in found]}


def _is_asked_for(metric: Metric, request: Request) -> bool:
    if request.get("Namespace") not in {None, metric.namespace}:
        return False
    if request.get("MetricName") not in {None, metric.name}:
        return False
    has = dict(metric.dimensions)
    filters = request.get("Dimensions") or []
    return all(
        has.get(one["Name"]) == one.get("Value", has.get(one["Name"], "")) for one in filters
    )


def _told(metric: Metric) -> Answer:
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
    }
