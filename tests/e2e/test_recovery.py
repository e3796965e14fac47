"""What failed goes back to where it failed by `make redrive`, and then counts once."""

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from local.cloud import LocalCloud
from local.recovery.deployment import Deployment
from local.recovery.redrive import redrive_quarantine, redrive_queues
from local.recovery.redriving import Report
from local.run import deploy_template
from local.sample import as_dynamodb_item
from local.stack import Stack
from pipeline.catalogue import load_catalogue
from tests.e2e.conservation import count, is_conserved, where_is
from tests.e2e.faults.queues import impatient
from tests.e2e.test_new_type import SCHEMA

Poll = Callable[[Callable[[], bool], str], None]
ROOT = Path(__file__).parents[2]
BATCH = "application/cloudevents-batch+json"
NOTHING = dict.fromkeys(("ChangeDlq", "UploadDlq", "EventDlq", "PrepareDlq", "LoadDlq"), 0)


@pytest.fixture(scope="module")
def there(cloud: LocalCloud, stack: Stack) -> Deployment:  # noqa: ARG001 (it deploys)
    return Deployment.on_cloud(cloud)


def page_view(**changes: Any) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/recovery",
        "type": "page.viewed",
        "time": "2024-05-01T12:00:00Z",
        "data": {"page": "/", "visitor": "v"},
    }
    return event | changes


def post(stack: Stack, *events: dict[str, Any]) -> None:
    headers = {"x-api-key": stack.api_key, "Content-Type": BATCH}
    answer = stack.session.post(
        f"{stack.url}/v1/events", data=json.dumps(events).encode(), headers=headers, timeout=35
    )
    assert answer.status_code == requests.codes.accepted, answer.text


def upload(stack: Stack, *events: dict[str, Any]) -> None:
    body = "\n".join(json.dumps(event) for event in events).encode()
    key = f"incoming/{uuid.uuid4()}.jsonl"
    stack.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=body)


@contextmanager
def broken(there: Deployment, name: str) -> Iterator[None]:
    """Have a function fail whenever it is invoked."""
    functions, function = there.client("lambda"), there.resources[name]
    handler = functions.get_function_configuration(FunctionName=function)["Handler"]
    functions.update_function_configuration(FunctionName=function, Handler="broken.handler")
    yield
    functions.update_function_configuration(FunctionName=function, Handler=handler)


def depth(there: Deployment, queue: str) -> int:
    answer = there.client("sqs").get_queue_attributes(
        QueueUrl=there.resources[queue], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def put(there: Deployment, queue: str, body: Any) -> str:
    text = body if isinstance(body, str) else json.dumps(body)
    sent = there.client("sqs").send_message(QueueUrl=there.resources[queue], MessageBody=text)
    return str(sent["MessageId"])


def take(there: Deployment, queue: str) -> str:
    """Receive the one message of a queue, and delete it."""
    sqs, url = there.client("sqs"), there.resources[queue]
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return str(message["Body"])


def redrive(there: Deployment, *, dry_run: bool = False) -> dict[str, Report]:
    done = redrive_queues(there, dict(load_catalogue()), dry_run=dry_run)
    return {name: report for name, _, report in done}


def sent(there: Deployment) -> dict[str, int]:
    return {name: report.sent for name, report in redrive(there).items()}


def expect_once(there: Deployment, until: Poll, *events: dict[str, Any]) -> None:
    """Wait until events are loaded, each with its facts; there is one of each, and sums are right."""
    for event in events:
        until(lambda e=event: where_is(there, e) == ("loaded", 1), f"{event['id']} is loaded")  # type: ignore[misc]
    until(lambda: is_conserved(there), "all that came in is accounted for")


def test_events_that_were_not_staged_are_staged(
    stack: Stack, there: Deployment, until: Poll
) -> None:
    events = [page_view(), page_view()]
    with broken(there, "StageBatchFunction"), impatient(there, "EventQueue"):
        post(stack, *events)
        until(lambda: depth(there, "EventDlq") == 1, "staging gave up")
    assert redrive(there, dry_run=True)["EventDlq"].sent == 1
    assert depth(there, "EventDlq") == 1
    assert sent(there) == NOTHING | {"EventDlq": 1}
    expect_once(there, until, *events)
    assert sent(there) == NOTHING


def test_batches_that_were_not_loaded_are_loaded(
    stack: Stack, there: Deployment, until: Poll
) -> None:
    event = page_view()
    with broken(there, "LoadBatchesFunction"), impatient(there, "LoadQueue"):
        upload(stack, event)
        until(lambda: depth(there, "LoadDlq") == 2, "loading gave up on the events and their facts")
    assert sent(there) == NOTHING | {"LoadDlq": 2}
    expect_once(there, until, event)
    assert sent(there) == NOTHING


def test_batches_whose_preparation_failed_or_never_began_are_prepared(
    stack: Stack, there: Deployment, until: Poll
) -> None:
    failed, unstarted, undelivered = page_view(), page_view(), page_view()
    with broken(there, "EnrichEventsFunction"):
        upload(stack, failed)
        until(lambda: depth(there, "PrepareDlq") == 1, "the state machine kept the batch")
    with broken(there, "StartPreparationFunction"):
        upload(stack, unstarted)
        until(lambda: depth(there, "PrepareDlq") == 2, "Lambda kept the event")
        upload(stack, undelivered)
        until(lambda: depth(there, "PrepareDlq") == 3, "Lambda kept the other event")
    [kept] = [
        body
        for body in (json.loads(take(there, "PrepareDlq")) for _ in range(3))
        if not put_back(there, body, undelivered)
    ]
    put(there, "PrepareDlq", kept["requestPayload"])  # as EventBridge leaves it
    for event in (failed, unstarted, undelivered):
        until(lambda e=event: where_is(there, e) == ("loaded", 0), "only its facts are missing")  # type: ignore[misc]
    assert sent(there) == NOTHING | {"PrepareDlq": 3}
    expect_once(there, until, failed, unstarted, undelivered)
    assert sent(there) == NOTHING


def put_back(there: Deployment, body: dict[str, Any], event: dict[str, Any]) -> bool:
    """Put a message back, unless it is about the batch of this event."""
    detail = body.get("batch") or body["requestPayload"]["detail"]
    about = any(event["id"].encode() in line for line in there.lake().read_lines(detail["key"]))
    return not about and bool(put(there, "PrepareDlq", body))


def test_a_failed_replay_is_replayed_under_another_name(
    stack: Stack, there: Deployment, until: Poll
) -> None:
    event = page_view()
    with broken(there, "EnrichEventsFunction"):
        upload(stack, event)
        for _ in range(2):
            until(lambda: depth(there, "PrepareDlq") == 1, "the state machine kept the batch")
            assert sent(there)["PrepareDlq"] == 1
        until(lambda: depth(there, "PrepareDlq") == 1, "it kept the replayed batch, too")
    assert sent(there)["PrepareDlq"] == 1
    expect_once(there, until, event)


def test_uploads_that_were_not_read_are_read(stack: Stack, there: Deployment, until: Poll) -> None:
    events = [page_view(), page_view()]
    with broken(there, "ReceiveUploadFunction"):
        upload(stack, *events)
        until(lambda: depth(there, "UploadDlq") == 1, "Lambda kept the notification")
    record = take(there, "UploadDlq")
    for _ in range(2):  # as if the first time had been cut off before the message was deleted
        put(there, "UploadDlq", record)
        assert sent(there) == NOTHING | {"UploadDlq": 1}
        expect_once(there, until, *events)
    assert sent(there) == NOTHING


def lose_changes(there: Deployment, until: Poll, *events: dict[str, Any]) -> None:
    """Insert items whose stream records are given up."""
    functions, dynamodb = there.client("lambda"), there.client("dynamodb")
    mapping = there.resources["ReceiveChangeFunctionInsert"]
    before = depth(there, "ChangeDlq")
    with broken(there, "ReceiveChangeFunction"):
        functions.update_event_source_mapping(UUID=mapping, MaximumRetryAttempts=0)
        for event in events:
            item = as_dynamodb_item(event)
            dynamodb.put_item(TableName=there.outputs["EventTableName"], Item=item)
        until(lambda: depth(there, "ChangeDlq") > before, "Lambda gave up")
        functions.update_event_source_mapping(UUID=mapping, MaximumRetryAttempts=-1)


def test_changes_are_read_again_from_the_stream(there: Deployment, until: Poll) -> None:
    event = page_view()
    lose_changes(there, until, event)
    assert sent(there) == NOTHING | {"ChangeDlq": 1}
    expect_once(there, until, event)
    assert sent(there) == NOTHING


def test_changes_that_the_stream_forgot_are_read_from_the_table(
    there: Deployment, until: Poll
) -> None:
    event = page_view()
    lose_changes(there, until, event)
    record = json.loads(take(there, "ChangeDlq"))
    stream = record["DDBStreamBatchInfo"]["streamArn"]
    record["DDBStreamBatchInfo"]["streamArn"] = f"{stream.rpartition('/')[0]}/2020-01-01T00:00:00"
    put(there, "ChangeDlq", record)
    assert sent(there) == NOTHING | {"ChangeDlq": 1}
    expect_once(there, until, event)


def test_what_cannot_go_back_is_left_and_named(there: Deployment) -> None:
    gone = {"batch_id": "gone", "bucket": there.bucket, "key": "batches/gone.jsonl.gz", "rows": 1}
    announced = {"source": "events-to-endpoints", "detail-type": "BatchStaged", "detail": gone}
    upload_gone = {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-01-01T00:00:00Z",
        "s3": {"bucket": {"name": there.bucket}, "object": {"key": "incoming/gone.csv"}},
    }
    bodies: dict[str, list[Any]] = {
        "PrepareDlq": ["hello", announced],
        "LoadDlq": ["hello", announced],
        "UploadDlq": ["hello", {"requestPayload": {"Records": [upload_gone]}}],
        "ChangeDlq": ["hello", {"DDBStreamBatchInfo": {"shardId": "s"}}],
    }
    left = {name: {put(there, name, one) for one in some} for name, some in bodies.items()}
    for _ in range(2):
        reports = redrive(there)
        assert {name: set(report.left) for name, report in reports.items() if report.left} == left
        assert {name: depth(there, name) for name in left} == dict.fromkeys(left, 2)
    assert all(reason for report in reports.values() for reason in report.left.values())
    for name in left:
        there.client("sqs").purge_queue(QueueUrl=there.resources[name])


def test_quarantined_events_are_taken_once_their_type_is_known(
    cloud: LocalCloud, stack: Stack, there: Deployment, until: Poll, tmp_path: Path
) -> None:
    reading = page_view(type="meter.read", data={"user": "a", "kwh": 1.5})
    untimed = {name: value for name, value in reading.items() if name != "time"} | {"id": "untimed"}
    broken_one = page_view(type="meter.read", data={"user": "a"})
    first, second = page_view(), page_view(data={"page": "/other", "visitor": "v"})
    post(stack, reading, untimed, broken_one, first)
    post(stack, second | {"id": first["id"]})
    until(lambda: count(there, "quarantine WHERE source = '/recovery'") == 4, "it is quarantined")
    received = datetime.now(UTC)
    known = dict(load_catalogue())
    # The type is in the files here, but not deployed yet.
    folder = new_catalogue(tmp_path)
    catalogue = dict(load_catalogue(folder))
    for types in (known, catalogue):
        assert redrive_quarantine(there, types, {}, dry_run=False).sent == 0
    deploy_template(cloud, folder.parents[2] / "template.yaml")
    tally = redrive_quarantine(there, catalogue, {"reason": "OTHER"}, dry_run=False)
    assert (tally.found, tally.sent) == (0, 0)
    for expected in (2, 0):
        tally = redrive_quarantine(there, catalogue, {"type": "meter.read"}, dry_run=False)
        assert (tally.sent, sum(tally.left.values())) == (expected, 1)
        expect_once(there, until, reading, untimed)
    assert count(there, "quarantine WHERE source = '/recovery'") == 4
    before = f"\"time\" < CAST('{received.isoformat()}' AS TIMESTAMPTZ)"
    assert count(there, f"events WHERE id = 'untimed' AND {before}") == 1


def new_catalogue(folder: Path) -> Path:
    project = folder / "project"
    for part in ("src", "statemachine", "dependencies"):
        shutil.copytree(ROOT / part, project / part)
    shutil.copy(ROOT / "template.yaml", project)
    catalogue = project / "src/pipeline/catalogue"
    (catalogue / "meter.read.json").write_text(json.dumps(SCHEMA))
    return catalogue
