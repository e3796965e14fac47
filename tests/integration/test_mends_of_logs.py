"""Lines of logs that Lambda writes by itself: what stock ministack leaves out, the mended one tells."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud
from tests.integration.probed import Stack


@pytest.fixture(scope="module")
def logged(mended: LocalCloud, folder: Path) -> Stack:
    return Stack(mended, folder / "logged.yaml", "logged")


@pytest.fixture(scope="module")
def stock_logged(stock: LocalCloud, folder: Path) -> Stack:
    return Stack(stock, folder / "logged.yaml", "logged")


def lines_of(stack: Stack, group: str) -> list[tuple[str, str]]:
    """The lines of a log with their streams."""
    found = stack.cloud.client("logs").filter_log_events(logGroupName=group)["events"]
    return [(line["logStreamName"], line["message"]) for line in found]


def told(stack: Stack, **event: Any) -> list[tuple[str, str]]:
    """What a log that is to be JSON holds of one call, with streams."""
    before = len(lines_of(stack, stack["Logs"]))
    stack.invoke(**event)
    return lines_of(stack, stack["Logs"])[before:]


@pytest.mark.parametrize(
    ("event", "status", "error"),
    [
        ({}, "success", None),
        ({"raise": "no"}, "error", "Refused"),
        ({"exit": True}, "error", "Runtime.ExitError"),
        ({"sleep": 3}, "timeout", None),
    ],
)
def test_the_last_line_tells_what_became_of_a_call(
    logged: Stack, event: dict[str, Any], status: str, error: str | None
) -> None:
    lines = told(logged, **event)
    first, last = (json.loads(text) for _, text in (lines[0], lines[-1]))
    assert (first["type"], last["type"]) == ("platform.start", "platform.report")
    assert last["record"]["requestId"] == first["record"]["requestId"]
    assert (last["record"]["status"], last["record"].get("errorType")) == (status, error)


def test_stock_tells_no_status(stock_logged: Stack) -> None:
    *_, (_, last) = told(stock_logged, **{"raise": "no"})
    assert last.startswith("REPORT")
    assert "error" not in last


def test_an_exception_that_left_a_handler_is_a_line(logged: Stack, stock_logged: Stack) -> None:
    _, line, _ = (json.loads(text) for _, text in told(logged, **{"raise": "no"}))
    assert line["level"] == "ERROR"
    assert (line["errorType"], line["errorMessage"]) == ("Refused", "no")
    assert "raise Refused" in line["stackTrace"][-1]
    assert not any('"errorType"' in text for _, text in told(stock_logged, **{"raise": "no"}))


def test_streams_of_a_shared_log_are_named_after_functions(
    logged: Stack, stock_logged: Stack
) -> None:
    [stream] = {stream for stream, _ in told(logged)}
    assert f"/{logged['Obey']}[$LATEST]" in stream
    [stream] = {stream for stream, _ in told(stock_logged)}
    assert stock_logged["Obey"] not in stream


def test_a_log_that_is_text_stays_so(logged: Stack) -> None:
    name = logged["ObeyInText"]
    logged.cloud.client("lambda").invoke(FunctionName=name, Payload=b'{"raise": "no"}')
    texts = [text for _, text in lines_of(logged, f"/aws/lambda/{name}")]
    assert texts[0].startswith("START")
    assert texts[1:3] == ["[ERROR] Refused: no", "Traceback (most recent call last):"]
    assert texts[-1].startswith("REPORT")
