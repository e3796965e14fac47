"""The queries of GetMetricData and of an alarm: metrics, and expressions on them."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.monitoring.calculation import Calculation, check
from local.monitoring.datapoints import Datapoint, check_statistic, statistic
from local.monitoring.expressions import InvalidExpression, Node, names_in, parse
from local.monitoring.series import Numeric, Series, Value
from local.monitoring.store import Metric, MetricStore

_ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")
_WORDS = {"REPEAT", "LINEAR"}


class InvalidQuery(ValueError):
    """A query that CloudWatch refuses, or that is not emulated locally."""


@dataclass(frozen=True, slots=True)
class Query:
    """A metric with period (seconds) and statistic, or the tree of an expression."""

    id: str
    label: str
    returned: bool
    metric: Metric | None = None
    period: float = 0.0
    statistic: str = ""
    tree: Node | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """From when to before when, in seconds, and how many seconds a second of a period lasts."""

    start: float
    end: float
    scale: float = 1.0

    def times(self, period: float) -> tuple[float, ...]:
        """When each period starts, `period` being real seconds."""
        slots = round((self.end - self.start) / period, 6)
        return tuple(self.start + number * period for number in range(math.ceil(slots)))


def metric_of(told: Mapping[str, Any]) -> Metric:
    """Read a metric as requests name it; raises InvalidQuery."""
    try:
        dimensions = {one["Name"]: str(one["Value"]) for one in told.get("Dimensions") or []}
        return Metric.of(told["Namespace"], told["MetricName"], dimensions)
    except KeyError as error:
        message = f"The parameter {error.args[0]} is required."
        raise InvalidQuery(message) from error


def read_queries(told: Iterable[Mapping[str, Any]]) -> list[Query]:
    """Read a list of queries; raises InvalidQuery, InvalidExpression or UnknownStatistic."""
    queries = [_query(one) for one in told]
    known = {query.id for query in queries}
    if len(known) < len(queries):
        message = "The values of Id must be unique."
        raise InvalidQuery(message)
    for query in queries:
        unknown = set(names_in(query.tree)) - known - _WORDS if query.tree else set()
        if unknown:
            message = f"Error in expression {query.id!r}: undefined ids {sorted(unknown)}"
            raise InvalidQuery(message)
    return queries


def _query(told: Mapping[str, Any]) -> Query:
    name = str(told.get("Id", ""))
    if not _ID.fullmatch(name):
        message = (
            f"The Id {name!r} must start with a lower case letter; then letters, digits and _."
        )
        raise InvalidQuery(message)
    returned = str(told.get("ReturnData", True)).lower() != "false"
    label = told.get("Label")
    if told.get("Expression"):
        tree = parse(told["Expression"])
        check(tree)
        return Query(name, label or name, returned, tree=tree)
    asked = told.get("MetricStat")
    if not asked or not float(asked.get("Period", 0)) > 0:
        message = f"The query {name!r} needs an Expression, or a MetricStat with a Period."
        raise InvalidQuery(message)
    check_statistic(asked["Stat"])
    metric = metric_of(asked["Metric"])
    shown = label or metric.name
    return Query(name, shown, returned, metric, float(asked["Period"]), asked["Stat"])


class Evaluation:
    """Answers queries from a store, each once."""

    def __init__(self, queries: Iterable[Query], store: MetricStore, span: Span) -> None:
        """Prepare; nothing is read yet."""
        self._queries = {query.id: query for query in queries}
        self._store = store
        self._span = span
        self._answers: dict[str, Value] = {}
        self._open: set[str] = set()

    def result(self, name: str) -> list[Series]:
        """Answer a query with its series, an expression perhaps with several.

        Raises InvalidExpression where one ends with a number, or uses itself.
        """
        answer = self._answer(name)
        if isinstance(answer, list):
            return answer
        if isinstance(answer, Series):
            return [answer]
        message = f"The expression {name!r} must end with a time series."
        raise InvalidExpression(message)

    def datapoints(self, query: Query) -> dict[float, Datapoint]:
        """Read what a metric has in each period."""
        if query.metric is None:
            return {}
        span = self._span
        return self._store.read(query.metric, span.start, span.end, query.period * span.scale)

    def _answer(self, name: str) -> Value:
        if name not in self._answers:
            if name in self._open:
                message = f"The expression {name!r} uses itself."
                raise InvalidExpression(message)
            self._open.add(name)
            self._answers[name] = self._compute(self._queries[name])
            self._open.remove(name)
        return self._answers[name]

    def _compute(self, query: Query) -> Value:
        if query.tree is None:
            return self._metric(query)
        metrics = {q.id: self._metric(q) for q in self._queries.values() if q.metric}
        return Calculation(self._numeric, metrics).evaluate(query.tree)

    def _numeric(self, name: str) -> Numeric:
        answer = self._answer(name)
        if isinstance(answer, float | Series):
            return answer
        message = f"The expression {name!r} has several time series."
        raise InvalidExpression(message)

    def _metric(self, query: Query) -> Series:
        found = {t: statistic(p, query.statistic) for t, p in self.datapoints(query).items()}
        points = {time: value for time, value in found.items() if value is not None}
        return Series(query.period, self._span.times(query.period * self._span.scale), points)
