"""What functions tell a tracing daemon, in a process like Lambda's: AWS calls, steps, faults."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fake_aws import serving
from benchmarks.telemetry import environment_of
from tests.integration.listening import Daemon, Document

# Runs a handler once in a trace; the fake AWS counts nothing, so the call's header is printed.
PROGRAM = """
import json, os, sys
import boto3
from benchmarks.observing import HEADER, Context
from pipeline import telemetry

sqs = boto3.client("sqs")
seen = []
sqs.meta.events.register(
    "before-send.sqs", lambda request, **_: seen.append(request.headers.get("X-Amzn-Trace-Id"))
)

def work(event, context):
    {body}

os.environ["_X_AMZN_TRACE_ID"] = HEADER.format(1, {sampled})
try:
    telemetry.observed(work)({{}}, Context())
except RuntimeError:
    pass
sys.stderr.write(json.dumps([str(h, "ascii") if isinstance(h, bytes) else h for h in seen]))
"""
CALL = 'sqs.send_message_batch(QueueUrl="https://sqs/q", Entries=[{"Id": "0", "MessageBody": "x"}])'
Run = Callable[..., tuple[list[Document], list[Any]]]


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run a handler's body in a process; returns the segments and the headers of its calls."""
    daemon = Daemon()

    def start(arguments: list[str], **more: str) -> tuple[list[Document], str]:
        environment = environment_of(endpoint, str(tmp_path)) | {
            "AWS_XRAY_DAEMON_ADDRESS": daemon.address,
            **more,
        }
        done = subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return daemon.take(), done.stderr

    with serving() as endpoint:
        yield start
    daemon.close()


@pytest.fixture
def traced(run: Any) -> Run:
    def trace(body: str, sampled: int = 1, **more: str) -> tuple[list[Document], list[Any]]:
        documents, told = run(["-c", PROGRAM.format(body=body, sampled=sampled)], **more)
        return documents, json.loads(told)

    return trace


def named(documents: list[Document], name: str) -> Document:
    [found] = [document for document in documents if document["name"] == name]
    return found


def test_a_call_of_aws_is_a_subsegment_of_the_handler(traced: Run) -> None:
    documents, _ = traced(CALL)
    call, work = named(documents, "sqs"), named(documents, "## work")
    assert (call["namespace"], call["aws"]["operation"]) == ("aws", "SendMessageBatch")
    assert call["parent_id"] == work["id"]
    assert call["trace_id"] == work["trace_id"]


def test_the_next_service_hears_of_the_call_as_its_parent(traced: Run) -> None:
    documents, [header] = traced(CALL)
    call = named(documents, "sqs")
    assert f"Root={call['trace_id']}" in header
    assert f"Parent={call['id']}" in header
    assert "Sampled=1" in header


def test_what_is_not_sampled_is_not_traced_and_the_next_service_hears_of_it(traced: Run) -> None:
    documents, [header] = traced(CALL, sampled=0)
    assert documents == []
    assert "Sampled=0" in header


@pytest.mark.parametrize("where", ["AWS_SAM_LOCAL", "POWERTOOLS_TRACE_DISABLED"])
def test_where_nobody_listens_nothing_is_sent(traced: Run, where: str) -> None:
    documents, _ = traced(CALL, **{where: "true"})
    assert documents == []


@pytest.mark.parametrize(
    ("status", "marks"),
    [
        (202, set()),
        (404, {"error"}),
        (429, {"error", "throttle"}),
        (503, {"fault"}),
    ],
)
def test_an_answer_marks_its_trace(traced: Run, status: int, marks: set[str]) -> None:
    documents, _ = traced(f'return {{"statusCode": {status}, "body": "private"}}')
    work = named(documents, "## work")
    assert {mark for mark in ("error", "throttle", "fault") if work.get(mark)} == marks
    assert "private" not in json.dumps(documents)


def test_an_exception_is_a_fault(traced: Run) -> None:
    documents, _ = traced('raise RuntimeError("broken")')
    assert named(documents, "## work")["fault"] is True


def test_a_step_has_its_annotations_and_its_fault(traced: Run) -> None:
    documents, _ = traced(
        'with telemetry.step("calculate enrich", batch_id="b-1"): raise RuntimeError("broken")'
    )
    step = named(documents, "calculate enrich")
    assert step["annotations"] == {"batch_id": "b-1"}
    assert step["fault"] is True
    assert step["parent_id"] == named(documents, "## work")["id"]


def test_annotations_and_notes_are_of_the_handler(traced: Run) -> None:
    body = 'telemetry.annotate(load_id="l", event_key=""); telemetry.note(batch_ids=["a", "b"])'
    documents, _ = traced(body)
    work = named(documents, "## work")
    assert work["annotations"]["load_id"] == "l"
    assert "event_key" not in work["annotations"]
    assert work["metadata"]["pipeline"] == {"batch_ids": ["a", "b"]}


def test_a_load_is_found_by_its_batches(run: Any) -> None:
    documents, _ = run(["-m", "benchmarks.observing", "sampled", "load_batches=1"])
    batch, load = documents[-2], documents[-1]
    assert batch["name"] == "batch"
    assert batch["annotations"] == {"batch_id": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}
    assert len(load["annotations"]["load_id"]) == 64
    assert load["metadata"]["pipeline"]["load_ids"] == [load["annotations"]["load_id"]]
    assert load["start_time"] <= batch["start_time"] <= batch["end_time"] <= load["end_time"]
