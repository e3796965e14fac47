"""Marks what is anomalous: values beyond the catalogue's thresholds, and outliers of the batch."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.catalogue import Column, EventType, Threshold
from pipeline.prepare.outliers import LIMIT, Scale, scale_of
from pipeline.prepare.steps import Facts, Step, read_steps

MAX_MARKS = 1_000  # characters of the column `anomalies`; column names are ASCII
MAX_EXCESS = 1e6  # keeps what is infinitely far away sortable and within JSON

Scales = Mapping[tuple[str, str], Scale]


@dataclass(frozen=True)
class Finding:
    """One anomaly: its mark, and by how many times its limit the value lies beyond the limit."""

    mark: str
    measure: str
    value: float
    excess: float


def beyond_threshold(name: str, value: float, threshold: Threshold) -> Finding | None:
    """Compare a value with the catalogue's bounds."""
    if not threshold.crossed_by(value):
        return None
    above = threshold.above is not None and value > threshold.above
    sign, bound = (">", threshold.above) if above else ("<", threshold.below)
    limit = float(bound or 0)
    excess = min(abs(value - limit) / (abs(limit) or 1.0), MAX_EXCESS)
    return Finding(f"{name}{sign}{limit:g}", name, value, excess)


def beyond_others(name: str, value: float, scale: Scale) -> Finding | None:
    """Compare a value with the rest of the batch."""
    score = abs(scale.score(value))
    if score <= LIMIT:
        return None
    return Finding(f"{name} outlier", name, value, min(score / LIMIT - 1, MAX_EXCESS))


def findings_of(step: Step, measures: Iterable[Column], scales: Scales) -> list[Finding]:
    """Find the anomalies of one event, in the order of its columns."""
    findings: list[Finding | None] = []
    for column in measures:
        value = step.facts.get(column.name)
        if value is None:
            continue
        if column.threshold:
            findings.append(beyond_threshold(column.name, value, column.threshold))
        if scale := scales.get((step.type, column.name)):
            findings.append(beyond_others(column.name, value, scale))
    return [finding for finding in findings if finding]


def scales_of(steps: Iterable[Step], catalogue: Mapping[str, EventType]) -> Scales:
    """Measure, per event type, the columns in which the catalogue wants outliers found."""
    watched = {
        name: [column.name for column in event_type.measures if column.outliers]
        for name, event_type in catalogue.items()
    }
    values: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for step in steps:
        for name in watched.get(step.type, ()):
            if (value := step.facts.get(name)) is not None:
                values[step.type, name].append(value)
    scales = {place: scale_of(found) for place, found in values.items()}
    return {place: scale for place, scale in scales.items() if scale}


def marked(step: Step, findings: list[Finding]) -> Step:
    """Write the marks into the facts, as in `dep_delay>180;dep_delay outlier`."""
    worst = max(findings, key=lambda finding: finding.excess)
    facts: Facts = {**step.facts, "anomalies": joined(finding.mark for finding in findings)}
    detail: dict[str, Any] = {
        "measure": worst.measure,
        "value": worst.value,
        "excess": round(worst.excess, 4),
    }
    return Step(step.type, facts, detail)


def joined(marks: Iterable[str]) -> str:
    """Join marks by semicolons, leaving out those beyond MAX_MARKS characters."""
    text = ""
    for mark in marks:
        longer = f"{text};{mark}" if text else mark
        if len(longer) > MAX_MARKS:
            break
        text = longer
    return text


def detected_lines(
    lines: Iterable[bytes], catalogue: Mapping[str, EventType], tally: Counter[str]
) -> Iterator[bytes]:
    """Mark the anomalies of a batch; lines without one pass unchanged.

    `tally` counts `facts` and `anomalies` (events that have one).
    """
    kept = [line for line in lines if line]  # twice read: the scale needs all of the batch
    steps = list(read_steps(kept))
    watched = {name: event_type.measures for name, event_type in catalogue.items()}
    scales = scales_of(steps, catalogue)
    for line, step in zip(kept, steps, strict=True):
        tally["facts"] += 1
        findings = findings_of(step, watched.get(step.type, ()), scales)
        tally["anomalies"] += bool(findings)
        yield marked(step, findings).line() if findings else line
