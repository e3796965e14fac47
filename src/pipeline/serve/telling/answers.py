"""Answers before they are responses: rows in the format that was asked for, and what they tell."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipeline.errors import AnswerTooLarge
from pipeline.serve.asking.contract import MAX_ANSWER_BYTES
from pipeline.serve.asking.moments import format_moment

Row = dict[str, Any]
ENCODER = json.JSONEncoder(ensure_ascii=False)  # json.dumps makes a new one for each call
CONTENT_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8; header=present",
    "ndjson": "application/x-ndjson",
}


@dataclass(frozen=True)
class Answer:
    """The body of an answer, and what its headers tell beside it.

    `data_version` is None where the warehouse was not asked.
    """

    body: str
    content_type: str
    as_of: datetime
    data_version: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def write_rows(  # noqa: PLR0913 (the parts of an answer)
    format_: str,
    *,
    head: Mapping[str, Any],
    member: str,
    columns: Sequence[str],
    rows: Sequence[Row],
    as_of: datetime,
    data_version: int,
    truncated: bool = False,
) -> Answer:
    """Write rows in one of the formats; JSON tells the head too, the others by headers only.

    Raises AnswerTooLarge.
    """
    if format_ == "json":
        own = {**provenance(as_of, data_version), "truncated": truncated}
        # All rows by one call, which takes a third of the time of a call for each.
        body = splice({**own, **head}, member, [to_json(rows)[1:-1]])
    elif format_ == "csv":
        body = _csv(columns, rows)
    else:
        body = "".join(f"{to_json(row)}\n" for row in rows)
    marks = {"Truncated": "true"} if truncated else {}
    return Answer(limited(body), CONTENT_TYPES[format_], as_of, data_version, marks)


def provenance(as_of: datetime, data_version: int) -> dict[str, Any]:
    """Tell when the warehouse was asked, and which version of the data it told."""
    # Kept answers are marked as stale by a change of the first `"stale": false`.
    return {"stale": False, "as_of": format_moment(as_of), "data_version": data_version}


def splice(head: Mapping[str, Any], member: str, rows: Iterable[str]) -> str:
    """Write an object whose last member is an array of texts that are JSON already."""
    text = to_json(head)
    return f'{text[:-1]}, "{member}": [{", ".join(rows)}]}}'


def to_json(value: Any) -> str:
    """Write JSON in which only what has to be is escaped."""
    return ENCODER.encode(value)


def limited(body: str) -> str:
    """Return the body, or raise AnswerTooLarge: beyond 1 MB API Gateway would not keep it."""
    if len(body) > MAX_ANSWER_BYTES or len(body.encode()) > MAX_ANSWER_BYTES:
        raise AnswerTooLarge(
            f"The answer has more than {MAX_ANSWER_BYTES:,} bytes. Ask for less (limit, from and to, "
            "filter), page through /v1/events, or POST the question to /v1/exports."
        )
    return body


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> str:
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(columns)
    lines.writerows([_cell(row[column]) for column in columns] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    return ("true" if value else "false") if isinstance(value, bool) else value
