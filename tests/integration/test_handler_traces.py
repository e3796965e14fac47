"""What each real handler tells a tracing daemon of one invocation: its parts, their annotations, faults."""

import base64
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fake_aws import SECRET, Refusing, serving
from benchmarks.observing import payload
from benchmarks.telemetry import VARIABLES, environment_of
from pipeline.receive.signature import key_of, sign
from tests.integration.listening import Daemon, Document

# Runs handlers in one process, each in a trace of its own, whatever becomes of it.
PROGRAM = """
import importlib, json, os, sys
from contextlib import suppress
from benchmarks.context import Context
from benchmarks.observing import HEADER

for number, (name, event) in enumerate(json.load(sys.stdin)):
    os.environ["_X_AMZN_TRACE_ID"] = HEADER.format(number, 1)
    with suppress(Exception):
        importlib.import_module(f"pipeline.{name}").handler(event, Context())
"""
MORE_VARIABLES = {
    "WEBHOOK_SECRET_ARN": "arn:secret",
    "STATE_MACHINE_ARN": "arn:machine",
    "MISSING_AFTER_SECONDS": "900",
    "AWS_MAX_ATTEMPTS": "1",
}
BATCH = payload("enrich_events")["batch_id"]
STEPS = ("enrich_events", "detect_anomalies", "summarise_batch")
RECEIVED = {"correlation_id", "event_key", "event_type"}


def upload() -> Any:
    """An upload to the lake of this test."""
    event = payload("receive_upload")
    event["Records"][0]["s3"]["bucket"]["name"] = VARIABLES["LAKE_BUCKET"]
    return event


def webhook() -> Any:
    """A delivery that is signed now."""
    event, now = payload("receive_webhook"), int(time.time())
    body = event["body"].encode()
    body = base64.b64decode(body) if event.get("isBase64Encoded") else body
    headers = event["headers"]
    signed = f"{headers['webhook-id']}.{now}.".encode() + body
    headers["webhook-timestamp"] = str(now)
    headers["webhook-signature"] = f"v1,{sign(key_of(SECRET), signed).decode()}"
    return event


def check() -> Any:
    """A check that somebody asks for by hand."""
    event = payload("check_conservation")
    del event["time"]
    return event


def change() -> Any:
    """One record of a stream."""
    event = payload("receive_change")
    return {"Records": event["Records"][:1]}


@dataclass(frozen=True)
class Expected:
    """What a handler is called with, and what its trace has."""

    event: Callable[[], Any]
    calls: set[str]  # what is called of AWS
    steps: set[str]
    annotated: set[str]  # beside those of every handler
    refused: str = ""  # the first that is refused, if that is not the first of `calls` by name


def sampled(name: str) -> Callable[[], Any]:
    return lambda: payload(name)


ROWS = {"calculate rows"}
HANDLERS: Mapping[str, Expected] = {
    "receive.request": Expected(sampled("receive_request"), {"sqs"}, ROWS, RECEIVED),
    "receive.webhook": Expected(webhook, {"secretsmanager", "sqs"}, ROWS, RECEIVED),
    "receive.change": Expected(change, {"sqs"}, ROWS, RECEIVED),
    "receive.upload": Expected(
        upload,
        {"events", "s3"},
        {"read and calculate rows", "batch"},
        {"correlation_id", "event_type"},
        refused="s3",
    ),
    "stage.batch": Expected(
        sampled("stage_batch"), {"events", "s3"}, ROWS, {"batch_id", "event_type"}, refused="s3"
    ),
    "prepare.start": Expected(sampled("start_preparation"), {"states"}, set(), {"batch_id"}),
    "prepare.enrich": Expected(
        sampled("enrich_events"), {"s3"}, {"calculate enrich"}, {"batch_id"}
    ),
    "prepare.detect": Expected(
        sampled("detect_anomalies"), {"s3"}, {"calculate detect"}, {"batch_id"}
    ),
    "prepare.summarise": Expected(
        sampled("summarise_batch"), {"s3"}, {"calculate summarise"}, {"batch_id", "event_type"}
    ),
    "load.batches": Expected(
        sampled("load_batches"),
        {"redshift-data", "s3"},
        {"batch"},
        {"load_id", "event_type"},
        refused="s3",
    ),
    "serve.metrics": Expected(
        sampled("read_metrics"),
        {"dynamodb", "redshift-data", "s3"},
        {"calculate answer"},
        {"correlation_id", "event_type"},
    ),
    "watch.check": Expected(
        check, {"redshift-data", "s3"}, {"calculate unloaded"}, set(), refused="s3"
    ),
}
REFUSALS = {"AccessDenied", "ClientError"}  # botocore has a class for S3's
# The handler's own subsegment has no batch, but each of these parts has one.
BY_BATCH = ("batch", "calculate enrich", "calculate detect", "calculate summarise")


def objects() -> dict[str, bytes]:
    """What the lake holds: an upload, and one flight at each step of its preparation."""
    row = json.loads(payload("stage_batch")["Records"][0]["body"].split("\n")[0])
    step = {"type": row["type"], "facts": {"event_key": row["event_key"], "batch_id": BATCH}}
    lines = (row, step, step)
    event = json.loads(payload("receive_request")["body"])
    return {
        "incoming/flights of 2013-01-01.jsonl": json.dumps(event).encode(),
        **{
            payload(name)["key"]: gzip.compress(json.dumps(line).encode())
            for name, line in zip(STEPS, lines, strict=True)
        },
    }


Traces = Mapping[str, list[Document]]


def traces_of(endpoint: str, home: Path) -> Traces:
    """Run every handler once against this AWS."""
    daemon = Daemon()
    environment = environment_of(endpoint, str(home)) | MORE_VARIABLES
    environment["AWS_XRAY_DAEMON_ADDRESS"] = daemon.address
    events = [(name, expected.event()) for name, expected in HANDLERS.items()]
    run = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", PROGRAM],
        env=environment, input=json.dumps(events), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found: dict[str, list[Document]] = {name: [] for name in HANDLERS}
    for document in daemon.take():
        found[list(HANDLERS)[int(document["trace_id"].rpartition("-")[2], 16)]].append(document)
    daemon.close()
    return found


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    """Traces of handlers whose AWS does all that they ask."""
    with serving(objects()) as endpoint:
        yield traces_of(endpoint, tmp_path_factory.mktemp("well"))


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    """Traces of handlers that may call nothing."""
    with serving(service=Refusing) as endpoint:
        yield traces_of(endpoint, tmp_path_factory.mktemp("refused"))


def whole(trace: list[Document]) -> Document:
    [found] = [document for document in trace if document["name"] == "## handler"]
    return found


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_has_a_subsegment_for_each_call_and_calculation(
    traces: Traces, name: str
) -> None:
    parts = [document for document in traces[name] if document["name"] != "## handler"]
    calls = {part["name"] for part in parts if part.get("namespace") == "aws"}
    assert calls == HANDLERS[name].calls
    assert {part["name"] for part in parts} - calls == HANDLERS[name].steps


@pytest.mark.parametrize("name", HANDLERS)
def test_the_parts_of_a_handler_are_in_it(traces: Traces, name: str) -> None:
    ids = {document["id"] for document in traces[name]}
    handler = whole(traces[name])
    assert len(ids) == len(traces[name])
    assert handler["parent_id"] == "53995c3f42cd8ad8"
    assert all(part["parent_id"] in ids for part in traces[name] if part is not handler)
    assert all(
        handler["start_time"] <= part["start_time"] <= part["end_time"] <= handler["end_time"]
        for part in traces[name]
    )


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_is_found_by_what_it_was_about(traces: Traces, name: str) -> None:
    annotations = whole(traces[name])["annotations"]
    assert set(annotations) == HANDLERS[name].annotated | {"ColdStart", "Service"}
    assert all(annotations[key] for key in HANDLERS[name].annotated)


@pytest.mark.parametrize("name", HANDLERS)
def test_each_batch_is_found_by_its_id(traces: Traces, name: str) -> None:
    parts = [document for document in traces[name] if document["name"] in BY_BATCH]
    assert all(set(part["annotations"]) == {"batch_id"} for part in parts)
    assert len(parts) == sum(step in BY_BATCH for step in HANDLERS[name].steps)


@pytest.mark.parametrize("name", HANDLERS)
def test_nothing_that_went_well_is_marked(traces: Traces, name: str) -> None:
    absent = [
        part for part in traces[name] if part.get("http", {}).get("response") == {"status": 404}
    ]
    assert all(part["error"] for part in absent), "what is not in the lake is an error of S3's"
    for part in traces[name]:
        assert part in absent or not {"error", "fault", "throttle"} & set(part)


@pytest.mark.parametrize("name", HANDLERS)
def test_a_refused_call_is_an_error_and_its_handler_a_fault(refused: Traces, name: str) -> None:
    service = HANDLERS[name].refused or min(HANDLERS[name].calls)
    calls = [part for part in refused[name] if part["name"] == service]
    assert calls
    assert all(part["error"] and "fault" not in part for part in calls)
    assert any(part["cause"]["exceptions"][0]["type"] in REFUSALS for part in calls)
    assert whole(refused[name])["fault"] is True
