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
# An exception that cannot say what it is about.
MUTE = 'type("Mute", (RuntimeError,), {"__str__": lambda _: 1 / 0})'
EMPTY = 'type("Empty", (RuntimeError,), {"__len__": lambda _: 0})'
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
        ('"404"', {"error"}),
        (None, set()),
        (429, {"error", "throttle"}),
        (503, {"fault"}),
    ],
)
def test_an_answer_marks_its_trace(traced: Run, status: Any, marks: set[str]) -> None:
    documents, _ = traced(f'return {{"statusCode": {status}, "body": "private"}}')
    work = named(documents, "## work")
    assert {mark for mark in ("error", "throttle", "fault") if work.get(mark)} == marks
    assert "private" not in json.dumps(documents)


@pytest.mark.parametrize("name", ["RuntimeError", EMPTY])
def test_an_exception_is_a_fault(traced: Run, name: str) -> None:
    documents, _ = traced(f'raise {name}("broken")')
    assert named(documents, "## work")["fault"] is True


def test_an_exception_that_says_nothing_is_told_and_goes_on(traced: Run) -> None:
    documents, _ = traced(f"raise {MUTE}")
    work = named(documents, "## work")
    assert work["fault"] is True
    assert work["cause"]["exceptions"][0]["message"] == "Mute"


def test_a_call_whose_exception_says_nothing_raises_that_one(traced: Run) -> None:
    refuse = f'refuse = lambda **_: (_ for _ in ()).throw({MUTE}); sqs.meta.events.register("before-call", refuse)'
    documents, _ = traced(f"{refuse}; {CALL}")
    assert [document["fault"] for document in documents] == [True, True]


def test_a_call_whose_answer_has_no_status_is_answered(traced: Run) -> None:
    answer = '(Context(), {"ResponseMetadata": {"HTTPStatusCode": "?"}})'
    documents, _ = traced(
        f'Context.status_code = 200; sqs.meta.events.register("before-call", lambda **_: {answer}); {CALL}'
    )
    assert "http" not in named(documents, "sqs")
    assert "fault" not in named(documents, "## work")


def test_what_is_too_long_for_a_document_does_not_lose_it(traced: Run) -> None:
    documents, _ = traced(
        'telemetry.note(batch_ids=["x" * 64] * 1_100); raise RuntimeError("x" * 70_000)'
    )
    work = named(documents, "## work")
    assert work["fault"] is True
    assert "metadata" not in work


def test_a_note_that_cannot_be_written_leaves_the_answer(traced: Run) -> None:
    documents, _ = traced(f"telemetry.note(one={MUTE}())")
    assert documents == []


def test_of_many_parts_the_first_are_told_and_how_many_more_there_were(traced: Run) -> None:
    steps = f"""from pipeline import tracing
    tracing.MOST_PARTS = 3
    for _ in range(5):
        with telemetry.step("calculate"): pass
    {CALL}
    telemetry.trace_past("batch", (1.0, 2.0), fault=True)"""
    documents, [header] = traced(steps)
    work = named(documents, "## work")
    assert len(documents) == 3 + 1
    assert work["metadata"]["pipeline"] == {"parts_left_out": 4}
    assert work["fault"] is True
    assert f"Parent={work['id']}" in header


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
