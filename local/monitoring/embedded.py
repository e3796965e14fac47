"""The embedded metric format: lines of a log that say by `_aws` which of their members are metrics.

As the specification has it: directives with a namespace, dimension sets (lists of members whose
values are the dimensions' values, 30 at most) and metrics, whose members are a number or a list of
at most 100. A line that breaks it makes no metrics, nor does a metric whose member is missing.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.monitoring.store import Metric

MARK = '"_aws"'
"""A line without it holds no metrics, and is not parsed."""

_MOST_DIMENSIONS = 30
_MOST_VALUES = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """Values of one metric, each with how often it stands there, and their time in seconds."""

    metric: Metric
    values: Mapping[float, float]
    unit: str
    at: float


def readings_of(line: str) -> Iterator[Reading]:
    """Read the metrics of a line, one for each dimension set."""
    start = line.find("{")
    if start < 0 or MARK not in line:
        return
    try:
        members = json.loads(line[start:])
        about = members["_aws"]
        at = float(about["Timestamp"]) / 1000
        directives = list(about["CloudWatchMetrics"])
        for directive in directives:
            yield from _readings(directive, members, at)
    except (ValueError, KeyError, TypeError, AttributeError):
        return


def _readings(directive: dict[str, Any], members: dict[str, Any], at: float) -> Iterator[Reading]:
    sets = [_dimensions(names, members) for names in directive.get("Dimensions") or [[]]]
    for definition in directive["Metrics"]:
        values = _values(members.get(definition["Name"]))
        if not values:
            continue
        for dimensions in filter(lambda one: one is not None, sets):
            metric = Metric.of(str(directive["Namespace"]), definition["Name"], dimensions or {})
            yield Reading(metric, values, str(definition.get("Unit", "None")), at)


def _dimensions(names: list[str], members: dict[str, Any]) -> dict[str, str] | None:
    """Look up the values of a dimension set; None where one is missing or there are too many."""
    if len(names) > _MOST_DIMENSIONS or any(name not in members for name in names):
        return None
    return {name: str(members[name]) for name in names}


def _values(member: Any) -> dict[float, float]:
    listed = member if isinstance(member, list) else [member]
    numbers = [
        float(value)
        for value in listed[:_MOST_VALUES]
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    ]
    return {value: float(times) for value, times in Counter(numbers).items()}
