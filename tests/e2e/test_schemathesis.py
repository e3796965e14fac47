"""Thousands of generated requests get the answers that the stack's own OpenAPI document allows."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from docs.examples.client import Endpoint
from local.stack import Stack

HERE = Path(__file__).parent
CONFIG = HERE / "schemathesis.toml"
ROOT = HERE.parents[1]
# API Gateway answers 404 to a method that it has no integration for: it has no 405, and no Allow.
LEFT_OUT = "unsupported_method,allow_header_conformance"
SEED = "1"
EACH = 80  # events of each type

Poll = Callable[[Callable[[], bool], str], None]


@pytest.fixture(scope="module")
def fed(stack: Stack, week: list[dict[str, Any]], until: Poll) -> Stack:
    """The stack with some events of each type, so that answers have rows."""
    by_type = sorted(week, key=lambda event: str(event["type"]))
    some = [
        e for _, same in groupby(by_type, lambda event: event["type"]) for e in list(same)[:EACH]
    ]
    answer = stack.session.post(
        f"{stack.url}/v1/events",
        json=some,
        headers={"x-api-key": stack.api_key, "Content-Type": "application/cloudevents-batch+json"},
    )
    assert answer.json()["accepted"] == len(some)
    until(lambda: sum(stack.get("/v1/status", fresh=True)["facts"].values()) >= len(some), "facts")
    return stack


def test_the_documented_client_reads_statistics_and_all_events(fed: Stack) -> None:
    endpoint = Endpoint(fed.url, fed.api_key)
    question = {"stat": "count", "group_by": "origin", "order": "-count"}
    rows = endpoint.metric("flight.arrived", question)
    events = list(endpoint.events({"type": "flight.arrived", "limit": 30}))
    assert sum(row["count"] for row in rows) == len(events) == EACH
    assert len({event["event_key"] for event in events}) == EACH


def schemathesis(
    stack: Stack, folder: Path, document: str, *options: str
) -> subprocess.CompletedProcess[str]:
    program = [str(Path(sys.executable).with_name("st")), "--config-file", str(CONFIG)]
    ways = ["--url", stack.url, "--header", f"x-api-key: {stack.api_key}", "--no-color"]
    # One worker and a seed, so that a failure comes again.
    how = ["--workers", "1", "--seed", SEED, "--continue-on-failure", "--exclude-checks", LEFT_OUT]
    return subprocess.run(  # noqa: S603 (our own program)
        [*program, "run", document, *ways, *how, *options],
        cwd=folder,  # it leaves its cache there
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{HERE}"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_every_answer_is_one_that_the_document_allows(fed: Stack, tmp_path: Path) -> None:
    run = schemathesis(fed, tmp_path, f"{fed.url}/openapi.json", "--max-examples", "15")
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr


@pytest.mark.slow
def test_an_answer_that_the_document_does_not_allow_is_noticed(fed: Stack, tmp_path: Path) -> None:
    document = fed.get("/openapi.json")
    document["components"]["schemas"]["page.viewed.row"]["properties"]["count"] = {"type": "string"}
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    one = "--include-path=/v1/metrics/page.viewed --phases=coverage --mode=positive"
    run = schemathesis(fed, tmp_path, "openapi.json", *one.split())
    assert run.returncode == 1
    assert "Response violates schema" in run.stdout
