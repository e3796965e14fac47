"""Unit tests run without a network, an account or a tracing daemon."""

import importlib
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

os.environ.update(
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
)


@dataclass
class Context:
    """What a handler reads of Lambda's context."""

    function_name: str = "test"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:test"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"
    remaining_ms: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture
def metrics_of(
    capsys: pytest.CaptureFixture[str],
) -> Callable[[Callable[[], Any]], dict[tuple[str, ...], float]]:
    """Run what writes metrics; they come by name and the values of their dimensions but `service`."""

    def gather(run: Callable[[], Any]) -> dict[tuple[str, ...], float]:
        capsys.readouterr()
        run()
        blobs = [
            json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line
        ]
        return {
            (metric["Name"], *divided(blob)): sum(blob[metric["Name"]])
            for blob in blobs
            for metric in blob["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        }

    def divided(blob: dict[str, Any]) -> list[str]:
        sets = blob["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
        assert sets[0] == ["service"]
        assert all(len(one) == 2 for one in sets[1:])
        return [blob[name] for one in sets for name in one if name != "service"]

    return gather


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The lines of the log, as they are written, without what goes by levels below INFO."""
    telemetry = importlib.import_module("pipeline.telemetry")
    lines: list[dict[str, Any]] = []
    handler = telemetry.logger.registered_handler
    monkeypatch.setattr(
        handler, "emit", lambda record: lines.append(json.loads(handler.format(record)))
    )
    return lines


@pytest.fixture
def reasons(log: list[dict[str, Any]]) -> Callable[[], list[tuple[Any, ...]]]:
    """Why events were quarantined, as the log tells it: entrance, type, fault, and how many."""
    names = ("entrance", "event_type", "code", "events")

    def told() -> list[tuple[Any, ...]]:
        lines = [line for line in log if line["message"] == "events were quarantined"]
        return [tuple(line[name] for name in names) for line in lines]

    return told


@pytest.fixture(autouse=True)
def _no_metrics_left() -> Iterator[None]:
    """Write what a test counted and did not write, or the next one in this process would."""
    yield
    if telemetry := sys.modules.get("pipeline.telemetry"):
        telemetry.flush()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a unit test opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What custom resources answer to CloudFormation."""
    sent: list[dict[str, Any]] = []
    # Only now, since it reads the environment.
    module = importlib.import_module("pipeline.load.custom_resource")
    monkeypatch.setattr(module, "send_answer", lambda _event, body: sent.append(body))
    return sent
