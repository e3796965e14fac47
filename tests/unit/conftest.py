"""Unit tests run without a network, an account or a tracing daemon."""

import importlib
import os
import socket
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
