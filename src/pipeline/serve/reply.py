"""Answers to questions for metrics, as JSON text."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pipeline.catalogue import Column, EventType
from pipeline.serve.moments import INTERVALS, format_moment
from pipeline.serve.question import STATS, Question

# Lambda answers with 6 MB at most, and the escaping of JSON inside JSON can double a text.
MAX_BYTES = 2_500_000


def list_metrics(catalogue: Mapping[str, EventType], as_of: datetime) -> str:
    """Tell what may be asked: types with their dimensions, measures, stats and intervals."""
    types = [_describe_type(event_type) for event_type in catalogue.values()]
    body = {"as_of": format_moment(as_of), "types": types}
    return json.dumps(body, ensure_ascii=False)


def _describe_type(event_type: EventType) -> dict[str, Any]:
    return {
        "type": event_type.name,
        "title": event_type.title,
        "description": event_type.description,
        "dimensions": [_describe_column(column) for column in event_type.dimensions],
        "measures": [_describe_column(column) for column in event_type.measures],
        "stats": list(STATS),
        "intervals": list(INTERVALS),
    }


def _describe_column(column: Column) -> dict[str, Any]:
    described = {
        "name": column.name,
        "kind": column.kind,
        "description": column.description,
        "unit": column.unit,
    }
    return {name: value for name, value in described.items() if value}


def answer_question(question: Question, lines: Iterable[list[str]], as_of: datetime) -> str:
    """Write the answer; `truncated` tells that there were more rows than fit."""
    rows, truncated = _fit((_row(question, line) for line in lines), question.limit)
    head = json.dumps(_head(question, as_of) | {"truncated": truncated}, ensure_ascii=False)
    return f'{head[:-1]}, "rows": [{", ".join(rows)}]}}'


def _head(question: Question, as_of: datetime) -> dict[str, Any]:
    return {
        "type": question.event_type.name,
        "measure": question.measure.name if question.measure else None,
        "unit": question.measure.unit if question.measure and question.stat != "count" else None,
        "stat": question.stat,
        "interval": question.interval,
        "from": format_moment(question.start) if question.start else None,
        "to": format_moment(question.end) if question.end else None,
        "group_by": [column.name for column in question.group_by],
        "filter": {column.name: list(values) for column, values in question.filters},
        "as_of": format_moment(as_of),
    }


def _fit(rows: Iterable[dict[str, Any]], limit: int) -> tuple[list[str], bool]:
    texts: list[str] = []
    size = 0
    for row in rows:
        text = json.dumps(row, ensure_ascii=False)
        size += len(text.encode())
        if len(texts) == limit or size > MAX_BYTES:
            return texts, True
        texts.append(text)
    return texts, False


def _row(question: Question, line: list[str]) -> dict[str, Any]:
    bucket, count, value, *dimensions = line
    named = zip(question.group_by, dimensions, strict=True)
    return {
        "bucket": _moment(int(bucket)) if bucket else None,
        **{column.name: _dimension(column, text) for column, text in named},
        "count": int(count),
        "value": _value(question, value),
    }


def _moment(seconds: int) -> str:
    return format_moment(datetime.fromtimestamp(seconds, UTC))


def _dimension(column: Column, text: str) -> Any:
    return DIMENSIONS[column.kind](text) if text else None


def _value(question: Question, text: str) -> int | float | None:
    if not text:
        return None
    whole = not question.measure or question.measure.kind == "integer"
    if question.stat == "count" or (whole and question.stat != "avg"):
        return int(Decimal(text))  # the sum of integers is NUMERIC
    number = float(text)
    return number if math.isfinite(number) else None  # JSON has no word for a sum that overflowed


DIMENSIONS: Mapping[str, Callable[[str], Any]] = {
    "string": lambda text: text[1:],
    "integer": int,
    "number": float,
    "boolean": lambda text: text == "1",
    "timestamp": lambda text: format_moment(datetime.fromisoformat(text)),
}
