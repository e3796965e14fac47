"""Log lines are those of Powertools, member by member."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from pipeline.log_lines import LineFormatter

KEYS = {"service": "test", "cold_start": False, "nothing": None}


def record(message: str = "loaded", **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("test", logging.INFO, "batches.py", 7, message, (), None, "report")
    made.created, made.msecs = 1_356_998_400.042, 42.0
    vars(made).update(more)
    return made


def formatted(line: logging.LogRecord) -> tuple[str, str]:
    ours, theirs = LineFormatter(), LambdaPowertoolsFormatter(use_rfc3339=True, utc=True)
    for formatter in (ours, theirs):
        formatter.append_keys(**KEYS)
    return ours.format(line), theirs.format(line)


@pytest.fixture
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the clock of another zone."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"batch_ids": ["a", "b"], "duration_ms": 1.5, "none": None},
        {"reason": "Überlauf", "error": ValueError("other")},
        {"service": "another"},
    ],
)
def test_a_line_is_as_powertools_writes_it(more: dict[str, Any]) -> None:
    ours, theirs = formatted(record(**more))
    assert ours == theirs
    assert json.loads(ours)["location"] == "report:7"


def test_a_message_may_have_arguments() -> None:
    line = record("%d of %d")
    line.args = (1, 2)
    ours, theirs = formatted(line)
    assert ours == theirs


def test_a_line_names_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5-6;Parent=7;Sampled=1")
    ours, theirs = formatted(record())
    assert ours == theirs
    assert json.loads(ours)["xray_trace_id"] == "1-5-6"


def test_an_exception_is_told_with_its_stack() -> None:
    line = record()
    try:
        json.loads("{")
    except ValueError:
        line.exc_info = sys.exc_info()
    ours, theirs = formatted(line)
    assert ours == theirs
    assert json.loads(ours)["exception_name"] == "JSONDecodeError"


def test_half_a_surrogate_pair_does_not_lose_its_line() -> None:
    line = LineFormatter().format(record('\\"é😀\ud800"'))
    assert "é😀" in line
    assert json.loads(line.encode())["message"] == '\\"é😀\ud800"'


@pytest.mark.usefixtures("_elsewhere")
def test_times_are_of_rfc_3339_wherever_it_runs() -> None:
    ours, theirs = formatted(record())
    assert ours == theirs
    assert json.loads(ours)["timestamp"] == "2013-01-01T00:00:00.042+00:00"


def test_another_second_is_another_time() -> None:
    first, second = record(), record()
    second.created += 1
    formatter = LineFormatter()
    times = [json.loads(formatter.format(line))["timestamp"] for line in (first, second)]
    assert times[0] != times[1]
