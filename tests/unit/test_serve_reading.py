"""What is told of each request to the endpoint: its line of the log, and its metrics."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from pipeline import telemetry
from pipeline.data_api_usage import Usage
from pipeline.serve.desk.reading import FAILED, Handler, reading

SECRET = "LAX"
REQUEST_ID = "11111111-2222-3333-4444-555555555555"
REQUEST = {
    "httpMethod": "GET",
    "resource": "/v1/metrics/{type}",
    "path": f"/v1/metrics/{SECRET}",
    "queryStringParameters": {"filter": f"origin:{SECRET}"},
    "multiValueQueryStringParameters": {"filter": [f"origin:{SECRET}"]},
}


class Asked:
    """A warehouse that was asked something."""

    def take_usage(self) -> Usage:
        return Usage(2, 1, 0.5)


def answer(status: int) -> Handler:
    def handler(_event: Any, _context: Any) -> dict[str, Any]:
        telemetry.log_keys(source="memory")
        return {"statusCode": status, "headers": {}, "body": SECRET}

    return handler


def fail(_event: Any, _context: Any) -> dict[str, Any]:
    raise RuntimeError("broken")


def observe(handler: Handler) -> Callable[[Any, Any], Any]:
    return telemetry.observed(reading(Asked())(handler))


def metrics_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    [line] = [json.loads(t) for t in capsys.readouterr().out.splitlines() if '"_aws"' in t]
    return dict(line)


def line_of(caplog: pytest.LogCaptureFixture) -> Any:
    [line] = [record for record in caplog.records if record.message == "answered"]
    return line


@pytest.fixture(autouse=True)
def _told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_request_is_one_line_with_its_template(
    context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    observe(answer(200))(REQUEST, context)
    line = line_of(caplog)
    assert (line.method, line.route, line.status) == ("GET", "/v1/metrics/{type}", 200)
    assert line.duration_ms >= 0


@pytest.mark.parametrize(
    ("told", "named"), [(REQUEST_ID, REQUEST_ID), (SECRET, "00000000-0000-0000-0000-000000000000")]
)
def test_lines_of_a_request_have_its_id(
    context: Any, log: list[dict[str, Any]], told: str, named: str
) -> None:
    def handler(_event: Any, _context: Any) -> dict[str, Any]:
        telemetry.logger.warning("not answered")
        return {"statusCode": 503}

    observe(handler)({**REQUEST, "requestContext": {"requestId": told}}, context)
    assert [(line["message"], line["correlation_id"]) for line in log] == [
        ("not answered", named),
        ("answered", named),
    ]


def test_what_was_asked_and_answered_stays_out_of_the_log(
    context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    observe(answer(200))(REQUEST, context)
    assert caplog.records
    assert not any(SECRET in str(vars(record)) for record in caplog.records)


def test_latency_and_calls_are_counted(context: Any, capsys: pytest.CaptureFixture[str]) -> None:
    observe(answer(404))(REQUEST, context)
    found = metrics_of(capsys)
    assert found["ReaderLatency"][0] >= 0
    assert (found["DataApiCalls"], found["DataApiThrottles"]) == ([2.0], [1.0])
    assert found["WarehouseSeconds"] == [0.5]


def test_a_reader_that_fails_is_told_as_well(
    context: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(RuntimeError):
        observe(fail)(REQUEST, context)
    assert "ReaderLatency" in metrics_of(capsys)
    assert line_of(caplog).status == FAILED
