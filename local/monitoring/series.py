"""Series of values, and what metric math does with them.

Operators on two series answer where both have a data point, and a division by zero makes none. A
function of a list, such as SUM([a, b]), takes at each time the points that are there.
"""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

from local.monitoring.expressions import InvalidExpression


@dataclass(frozen=True, slots=True)
class Series:
    """Values by the times of their periods; `times` are all periods asked for, in order."""

    period: float
    times: tuple[float, ...]
    points: Mapping[float, float]

    def mapped(self, points: Mapping[float, float]) -> "Series":
        """Other values at the same times."""
        return Series(self.period, self.times, points)


Value = float | Series | str | list[Series]
Numeric = float | Series

OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    ">": lambda a, b: float(a > b),
    "<=": lambda a, b: float(a <= b),
    ">=": lambda a, b: float(a >= b),
    "AND": lambda a, b: float(bool(a) and bool(b)),
    "OR": lambda a, b: float(bool(a) or bool(b)),
}


def invalid(message: str) -> InvalidExpression:
    """Make the error that an expression ends with."""
    return InvalidExpression(f"Error in expression: {message}")


def _numeric(value: Value) -> Numeric:
    if isinstance(value, float | Series):
        return value
    raise invalid("a number or one time series is needed")


def one_series(value: Value) -> Series:
    """Take a series; raise InvalidExpression for anything else."""
    if isinstance(value, Series):
        return value
    raise invalid("a time series is needed")


def operate(function: str, *values: Value) -> Numeric:
    """Apply an operator to numbers and series."""
    left, right = map(_numeric, values)
    if not isinstance(left, Series) and not isinstance(right, Series):
        result = _computed(function, left, right)
        if result is None:
            raise invalid("it divides by zero")
        return result
    like = left if isinstance(left, Series) else right
    assert isinstance(like, Series)  # noqa: S101 - one of the two is, for the type checker
    _check_periods([value for value in (left, right) if isinstance(value, Series)])
    computed = {
        time: _computed(function, a, b)
        for time in like.points
        if (a := _at(left, time)) is not None and (b := _at(right, time)) is not None
    }
    return like.mapped({time: value for time, value in computed.items() if value is not None})


def _at(value: Numeric, time: float) -> float | None:
    return value.points.get(time) if isinstance(value, Series) else value


def _computed(function: str, left: float, right: float) -> float | None:
    try:
        result = OPERATORS[function](left, right)
    except ArithmeticError:
        return None
    return float(result) if isinstance(result, int | float) and math.isfinite(result) else None


def each(function: Callable[[float], float], value: Value) -> Value:
    """Apply a function to a number, or to each point of one or several series."""
    if isinstance(value, float):
        return float(function(value))
    return _mapped(value, lambda s: s.mapped({t: float(function(v)) for t, v in s.points.items()}))


def _mapped(value: Value, change: Callable[[Series], Series]) -> Value:
    """Change one series, or each of several."""
    if isinstance(value, list):
        return [change(series) for series in value]
    return change(one_series(value))


def aggregate(function: Callable[[list[float]], float], value: Value) -> Numeric:
    """Of several series a series; of one a number, which is 0 where there are no points."""
    if not isinstance(value, list):
        points = list(one_series(value).points.values())
        return float(function(points)) if points else 0.0
    if not value:
        raise invalid("there are no metrics")
    _check_periods(value)
    gathered: dict[float, list[float]] = {}
    for series in value:
        for time, number in series.points.items():
            gathered.setdefault(time, []).append(number)
    return value[0].mapped({time: float(function(gathered[time])) for time in sorted(gathered)})


def _check_periods(several: list[Series]) -> None:
    if len({series.period for series in several}) > 1:
        raise invalid("series of different periods are not emulated locally")


def choose(condition: Value, then: Value, otherwise: Value) -> Numeric:
    """Choose at each time of the condition; a series that has no point there gives none."""
    asked, chosen, other = _numeric(condition), _numeric(then), _numeric(otherwise)
    if isinstance(asked, float):
        return chosen if asked else other
    picked = {time: chosen if flag else other for time, flag in asked.points.items()}
    points = {time: _at(value, time) for time, value in picked.items()}
    return asked.mapped({time: value for time, value in points.items() if value is not None})


def keep_where(condition: Value, then: Value) -> Numeric:
    """Of IF with two arguments, only the times at which it holds are left."""
    asked = one_series(condition)
    held = asked.mapped({time: flag for time, flag in asked.points.items() if flag})
    return choose(held, then, then)


def fill(value: Value, filling: Value) -> Value:
    """Put a number, the last point (REPEAT) or those of another series where points are missing."""
    if isinstance(filling, list) or filling == "LINEAR":
        raise invalid("FILL takes a number, a series or REPEAT here")
    return _mapped(value, lambda series: _filled(series, filling))


def _filled(series: Series, filling: float | Series | str) -> Series:
    points: dict[float, float] = {}
    last: float | None = None
    for time in series.times:
        found = series.points.get(time)
        if found is None:
            given = filling.points.get(time) if isinstance(filling, Series) else filling
            found = last if given == "REPEAT" else given  # type: ignore[assignment]
        if found is not None:
            points[time] = last = found
    return series.mapped(points)


def diff(value: Value) -> Value:
    """Tell how much each point is above the one before."""
    return _mapped(value, lambda series: _steps(series, lambda rise, _: rise))


def rate(value: Value) -> Value:
    """Tell how much each point is above the one before, by the second."""
    return _mapped(value, lambda series: _steps(series, lambda rise, seconds: rise / seconds))


def _steps(series: Series, step: Callable[[float, float], float]) -> Series:
    """Compare each point with the one before."""
    ordered = sorted(series.points.items())
    return series.mapped({t: step(v - v0, t - t0) for (t0, v0), (t, v) in pairwise(ordered)})


def running_sum(value: Value) -> Value:
    """Tell at each point the sum of all so far."""
    return _mapped(value, _summed)


def _summed(series: Series) -> Series:
    times = sorted(series.points)
    sums = accumulate(series.points[time] for time in times)
    return series.mapped(dict(zip(times, sums, strict=True)))


def count(value: Value) -> float:
    """Count the series."""
    return float(len(value)) if isinstance(value, list) else 1.0
