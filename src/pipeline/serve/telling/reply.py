"""Answers to questions for metrics: rows of the warehouse as JSON, CSV or NDJSON."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from itertools import islice
from typing import Any

from pipeline.catalogue import Column, EventType
from pipeline.serve.asking import contract
from pipeline.serve.asking.contract import PERCENTILES
from pipeline.serve.asking.moments import INTERVALS, format_moment
from pipeline.serve.asking.question import Question
from pipeline.serve.telling.answers import Answer, Row, write_rows

Line = list[str]


def list_metrics(catalogue: Mapping[str, EventType]) -> dict[str, Any]:
    """Tell what may be asked: types with their dimensions, measures, statistics and limits."""
    limits = {
        "default_rows": contract.DEFAULT_LIMIT,
        "rows": contract.MAX_LIMIT,
        "answer_bytes": contract.MAX_ANSWER_BYTES,
        "filter_values": contract.MAX_VALUES,
        "filter_terms": contract.MAX_TERMS,
        "group_by": contract.MAX_GROUPS,
    }
    return {"limits": limits, "types": [_describe_type(one) for one in catalogue.values()]}


def _describe_type(event_type: EventType) -> dict[str, Any]:
    return {
        "type": event_type.name,
        "title": event_type.title,
        "description": event_type.description,
        "dimensions": [_describe_column(column) for column in event_type.dimensions],
        "measures": [_describe_column(column) for column in event_type.measures],
        "stats": list(contract.STATS),
        "intervals": list(INTERVALS),
        "rollups": [list(names) for names in event_type.rollups],
        "panels": [dict(panel) for panel in event_type.panels],
    }


def _describe_column(column: Column) -> dict[str, Any]:
    described = {
        "name": column.name,
        "kind": column.kind,
        "description": column.description,
        "unit": column.unit,
        "values": list(column.values),
    }
    return {name: value for name, value in described.items() if value}


def answer_question(question: Question, lines: Iterable[Line], as_of: datetime) -> Answer:
    """Write the answer; `truncated` tells that there were more rows than the limit.

    Raises AnswerTooLarge.
    """
    version, rows = read_lines(question, lines)
    kept = list(islice(rows, question.limit))
    columns = ["bucket", *(column.name for column in question.group_by), "count", "value", "values"]
    return write_rows(
        question.format,
        head=question.described(),
        member="rows",
        columns=columns,
        rows=kept,
        as_of=as_of,
        data_version=version,
        truncated=next(rows, None) is not None,
    )


def read_lines(question: Question, lines: Iterable[Line]) -> tuple[int, Iterator[Row]]:
    """Read the version of the data off the first line, and the rows off all."""
    read = iter(lines)
    first = next(read)
    return int(first[0] or 0), _rows(question, first, read)


def _rows(question: Question, first: Line, others: Iterator[Line]) -> Iterator[Row]:
    write = _writer(question)
    if first[2]:
        yield write(first)
        yield from map(write, others)
    elif question.interval == "none" and not question.group_by:
        # A percentile of nothing has no row, but as a question without groups it has an answer.
        value = 0 if question.stat == "count" else None
        yield {"bucket": None, "count": 0, "value": value, "values": 0}


def _writer(question: Question) -> Callable[[Line], Row]:
    """Choose once for all rows how their parts are read."""
    bucket, value = _bucket_reader(question), _value_reader(question)
    dimensions = [(c.name, DIMENSIONS[c.kind]) for c in question.group_by]

    def write(line: Line) -> Row:
        row: Row = {"bucket": bucket(line[1])}
        for (name, read), text in zip(dimensions, line[5:], strict=True):
            row[name] = read(text) if text else None
        row["count"] = int(Decimal(line[2]))
        row["value"] = value(line[3]) if line[3] else None
        row["values"] = int(Decimal(line[4]))
        return row

    return write


def _bucket_reader(question: Question) -> Callable[[str], str | None]:
    if question.interval == "none":
        return lambda _: None
    zone = question.zone
    if question.interval in ("minute", "hour"):
        return cache(lambda text: format_moment(datetime.fromtimestamp(int(text), UTC), zone))

    @cache  # a bucket comes again with every group
    def on_the_clock(text: str) -> str:
        local = datetime.fromtimestamp(int(text), UTC).replace(tzinfo=zone)
        return format_moment(local.astimezone(UTC), zone)

    return on_the_clock


def _value_reader(question: Question) -> Callable[[str], int | float | None]:
    whole = question.measure is None or question.measure.kind == "integer"
    if question.stat in ("count", "distinct") or (whole and question.stat != "avg"):
        if question.stat not in PERCENTILES:
            return lambda text: int(Decimal(text))  # the sum of integers is NUMERIC
        return lambda text: int(float(text))
    return _real


def _real(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None  # JSON has no word for a sum that overflowed


DIMENSIONS: Mapping[str, Callable[[str], Any]] = {
    "string": lambda text: text[1:],
    "integer": int,
    "number": float,
    "boolean": lambda text: text == "1",
    "timestamp": lambda text: format_moment(datetime.fromisoformat(text)),
}
