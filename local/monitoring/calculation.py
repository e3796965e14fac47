"""Evaluates metric math for the queries of one request or alarm."""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.monitoring import series
from local.monitoring.expressions import Call, Listing, Name, Node, Number, Text, parts_of
from local.monitoring.series import OPERATORS, Numeric, Series, Value, invalid

_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "SUM": math.fsum,
    "AVG": lambda values: math.fsum(values) / len(values),
    "MIN": min,
    "MAX": max,
}
_EACH: dict[str, Callable[[float], float]] = {
    "NEGATE": operator.neg,
    "ABS": abs,
    "CEIL": math.ceil,
    "FLOOR": math.floor,
}
_OTHERS = ("IF", "FILL", "METRICS", "METRIC_COUNT", "PERIOD", "DIFF", "RATE", "RUNNING_SUM")
_WORDS = ("REPEAT", "LINEAR")


def check(node: Node) -> None:
    """Raise InvalidExpression for a function that is unknown here."""
    if isinstance(node, Call):
        known = node.function in {*OPERATORS, *_AGGREGATES, *_EACH, *_OTHERS}
        if not known:
            raise invalid(f"the function {node.function} is unknown, or not emulated locally")
    for part in parts_of(node):
        check(part)


@dataclass(frozen=True, slots=True)
class Calculation:
    """Evaluates trees: `look_up` answers an id, `metrics` are those that METRICS() means."""

    look_up: Callable[[str], Numeric]
    metrics: Mapping[str, Series]

    def evaluate(self, node: Node) -> Value:
        """Compute a number, a series, a word or several series; raises InvalidExpression."""
        if isinstance(node, Number):
            return node.value
        if isinstance(node, Text):
            return node.value
        if isinstance(node, Name):
            return node.value if node.value in _WORDS else self.look_up(node.value)
        if isinstance(node, Listing):
            return [self._series(item) for item in node.items]
        return self._call(node.function, node.arguments)

    def _call(self, function: str, arguments: tuple[Node, ...]) -> Value:
        if function == "METRICS":
            return self._metrics(arguments)
        values = [self.evaluate(argument) for argument in arguments]
        if function in OPERATORS:
            return series.operate(function, *values)
        if function in _AGGREGATES and len(values) == 1:
            return series.aggregate(_AGGREGATES[function], values[0])
        if function in _EACH and len(values) == 1:
            return series.each(_EACH[function], values[0])
        if (function, len(values)) in _FUNCTIONS:
            return _FUNCTIONS[function, len(values)](*values)
        raise invalid(
            f"{function} does not take {len(values)} arguments, or is not emulated locally"
        )

    def _metrics(self, arguments: tuple[Node, ...]) -> list[Series]:
        """All metrics of the request, or those whose id holds a word."""
        word = arguments[0].value if arguments and isinstance(arguments[0], Text) else ""
        return [series for name, series in self.metrics.items() if word in name]

    def _series(self, node: Node) -> Series:
        value = self.evaluate(node)
        if not isinstance(value, Series):
            raise invalid("between brackets stand time series")
        return value


_FUNCTIONS: dict[tuple[str, int], Callable[..., Value]] = {
    ("IF", 3): series.choose,
    ("IF", 2): series.keep_where,
    ("FILL", 2): series.fill,
    ("METRIC_COUNT", 1): series.count,
    ("PERIOD", 1): lambda value: series.one_series(value).period,
    ("DIFF", 1): series.diff,
    ("RATE", 1): series.rate,
    ("RUNNING_SUM", 1): series.running_sum,
}
