"""Every function does its work in a container, started by `sam local invoke` with its samples.

The container is one of Lambda's Python and the layer as `sam build` made it; around it is a stack
of the local cloud. What is asked in the end is that stack: its queue, lake, and warehouse.
"""

import gzip
import json
import os
import re
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from local.cloud import LocalCloud
from local.feed import sign
from local.run import STACK_NAME
from local.sam_local import SamLocal, bridge_address, docker
from local.stack import EndpointError, Stack
from pipeline.announcements import BATCH_STAGED
from pipeline.bus import Bus
from pipeline.catalogue import load_catalogue
from pipeline.event import event_key, make_row, number_line, receive_at
from pipeline.lake import batch_key, facts_key, step_key
from pipeline.prepare.anomalies import detected_lines
from pipeline.prepare.computed import COMPUTED
from pipeline.prepare.facts import enriched_lines, recipe_of
from pipeline.prepare.summary import summed_up

Row = dict[str, Any]
Poll = Callable[[Callable[[], bool], str], None]
Run = Callable[..., Any]

EVENTS = Path(__file__).parents[2] / "events"
if not os.environ.get("TEST_SAM"):
    pytest.skip("runs in containers, by `make test-sam`", allow_module_level=True)

LONGEST = 300  # seconds for one invocation, on a slow machine too
# A handler's answer is all of standard output, a log line of trouble is on standard error.
TROUBLE = re.compile(r'"level": ?"(?:WARNING|ERROR|CRITICAL)"')


def invokes(function: str, sample: str) -> pytest.MarkDecorator:
    """Give a test `run`, which invokes this function with this file of `events/`."""
    return pytest.mark.parametrize("run", [(function, sample)], ids=[sample], indirect=True)


@pytest.fixture
def run(request: pytest.FixtureRequest, sam: SamLocal, tmp_path: Path) -> Run:
    function, sample = request.param

    def invoke(changes: Mapping[str, str] | None = None, **variables: str) -> Any:
        """Invoke with the sample, these words of it replaced; returns what the handler returned.

        `variables` are of the function's environment, and instead of those that the stack has.
        """
        given = json.loads(sam.variables.read_text(encoding="utf-8"))
        given[f"{function}Function"] = {**given.get(f"{function}Function", {}), **variables}
        own = replace(sam, variables=tmp_path / "variables.json")
        own.variables.write_text(json.dumps(given), encoding="utf-8")
        text = (EVENTS / f"{sample}.json").read_text(encoding="utf-8")
        for old, new in (changes or {}).items():
            assert old in text
            text = text.replace(old, new)
        event = tmp_path / f"{sample}.json"
        event.write_text(text, encoding="utf-8")
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with own.start("invoke", f"{function}Function", "--event", str(event), **pipes) as process:
            try:
                answer, log = process.communicate(timeout=LONGEST)
            except subprocess.TimeoutExpired:
                process.terminate()
                raise
        assert process.returncode == 0, log
        assert not TROUBLE.search(log), log
        returned = json.loads(answer)
        assert not isinstance(returned, dict) or "errorType" not in returned, answer + log
        return returned

    return invoke


# --- receive -----------------------------------------------------------------------------------


def is_loaded(stack: Stack, *keys: str) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            return all(find(stack, key)["status"] == "loaded" for key in keys)
        except EndpointError:
            return False

    return ask


def find(stack: Stack, key: str) -> Row:
    found: Row = stack.get(f"/v1/events/{key}", fresh=True)
    return found


@invokes("ReceiveRequest", "receive_request")
def test_an_event_of_a_request_gets_into_the_warehouse(run: Run, stack: Stack, until: Poll) -> None:
    answer = run()
    assert answer["statusCode"] == 202
    (told,) = json.loads(answer["body"])["events"]
    until(is_loaded(stack, told["event_key"]), "the event is loaded")
    event = find(stack, told["event_key"])["event"]
    assert (event["id"], event["entrance"]) == ("2013-01-01-UA1545-EWR-departed", "request")


@invokes("ReceiveRequest", "receive_request_batch")
def test_all_events_of_a_request_get_into_the_warehouse(
    run: Run, stack: Stack, until: Poll
) -> None:
    answer = run()
    assert answer["statusCode"] == 202
    told = json.loads(answer["body"])
    assert (told["accepted"], told["quarantined"], told["rejected"]) == (3, 0, 0)
    keys = [event["event_key"] for event in told["events"]]
    until(is_loaded(stack, *keys), "the events are loaded")


@invokes("ReceiveWebhook", "receive_webhook")
def test_a_signed_webhook_gets_into_the_warehouse(run: Run, stack: Stack, until: Poll) -> None:
    sample = json.loads((EVENTS / "receive_webhook.json").read_text(encoding="utf-8"))
    signed = sign(stack.webhook_secret, sample["body"].encode())
    answer = run({sample["headers"][name]: value for name, value in signed.items()})
    assert answer["statusCode"] == 202
    (told,) = json.loads(answer["body"])["events"]
    until(is_loaded(stack, told["event_key"]), "the event is loaded")
    assert find(stack, told["event_key"])["event"]["entrance"] == "webhook"


@invokes("ReceiveChange", "receive_change")
def test_inserted_items_get_into_the_warehouse(run: Run, stack: Stack, until: Poll) -> None:
    assert run() == {"batchItemFailures": []}
    until(lambda: len(came_by(stack, "change", "flight.departed")) == 2, "the items are loaded")
    flights = [event["data"]["flight"] for event in came_by(stack, "change", "flight.departed")]
    assert sorted(flights) == [507, 1696]


def came_by(stack: Stack, entrance: str, event_type: str) -> list[Row]:
    question = {"type": event_type, "filter": f"entrance:{entrance}", "to": "2013-01-02"}
    found: list[Row] = stack.get("/v1/events", fresh=True, **question)["events"]
    return found


@pytest.fixture
def unheard(cloud: LocalCloud, stack: Stack) -> Iterator[None]:
    """For a while nobody in the local cloud hears of new objects, so the container alone reads them."""
    s3 = cloud.client("s3")
    told = s3.get_bucket_notification_configuration(Bucket=stack.bucket)
    told.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=stack.bucket, NotificationConfiguration={})
    yield
    s3.put_bucket_notification_configuration(Bucket=stack.bucket, NotificationConfiguration=told)


@pytest.mark.usefixtures("unheard")
@invokes("ReceiveUpload", "receive_upload")
def test_an_uploaded_object_gets_into_the_warehouse(
    run: Run, cloud: LocalCloud, stack: Stack, until: Poll
) -> None:
    events = [flight("DL", number, "2013-01-01T09:00:00Z") for number in (4001, 4002)]
    stored = cloud.client("s3").put_object(
        Bucket=stack.bucket,
        Key="incoming/flights of 2013-01-01.jsonl",
        Body="\n".join(map(json.dumps, events)).encode(),
    )
    bucket, version = "example-lake-123456789012-us-east-1", "096fKKXTRTtl3on89fVO.nfljtsv6qko"
    assert run({bucket: stack.bucket, version: stored["VersionId"]}) is None
    until(is_loaded(stack, *map(key_of, events)), "the events are loaded")
    assert find(stack, key_of(events[0]))["event"]["entrance"] == "upload"


def flight(carrier: str, number: int, time: str, delay: int = 3) -> Row:
    return {
        "specversion": "1.0",
        "id": f"{carrier}{number}-{time}",
        "source": "/airports/JFK",
        "type": "flight.departed",
        "time": time,
        "data": {"flight_date": time[:10], "carrier": carrier, "flight": number, "origin": "JFK",
                 "dest": "LAX", "scheduled": time, "distance": 2475, "dep_delay": delay},
    }  # fmt: skip


def key_of(event: Row) -> str:
    return event_key(event["source"], event["id"])


# --- stage -------------------------------------------------------------------------------------


@invokes("StageBatch", "stage_batch")
def test_messages_become_one_object_of_the_lake_and_are_loaded(
    run: Run, cloud: LocalCloud, stack: Stack, until: Poll
) -> None:
    before = set(objects(cloud, stack, "batches/date=2026-01-01/"))
    assert run() == {"batchItemFailures": []}
    (batch,) = set(objects(cloud, stack, "batches/date=2026-01-01/")) - before
    keys = [json.loads(line)["event_key"] for line in read_object(cloud, stack, batch)]
    assert len(keys) == 4
    until(is_loaded(stack, *keys), "the events are loaded")


def objects(cloud: LocalCloud, stack: Stack, prefix: str) -> list[str]:
    listed = cloud.client("s3").list_objects_v2(Bucket=stack.bucket, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def read_object(cloud: LocalCloud, stack: Stack, key: str) -> list[bytes]:
    body = cloud.client("s3").get_object(Bucket=stack.bucket, Key=key)["Body"].read()
    return gzip.decompress(body).splitlines()


# --- prepare -----------------------------------------------------------------------------------

BATCH = "67494d95358848ae731ecccaa5616db07246d6caa5fe3ba70e89b448ce4641dd"
RECEIVED = "2013-01-01T16:00:00.000000Z"
PREPARE_BUCKET = "events-to-endpoints-lake-123456789012"
STEPS = {name: recipe_of(kind, COMPUTED) for name, kind in load_catalogue().items()}


def put_batch(
    cloud: LocalCloud, stack: Stack, batch_id: str, received_at: str, *events: Row
) -> list[bytes]:
    """Stage events as one batch that nobody has been told of; returns its rows."""
    receipt = receive_at("request", datetime.fromisoformat(received_at))
    rows = [make_row(event, receipt, load_catalogue()) for event in events]
    lines = [number_line(row.line, batch_id, at).encode() for at, row in enumerate(rows)]
    put_lines(cloud, stack, batch_key(batch_id, received_at), lines)
    return lines


def put_lines(cloud: LocalCloud, stack: Stack, key: str, lines: list[bytes]) -> None:
    body = gzip.compress(b"\n".join(lines) + b"\n")
    cloud.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=body)


def announce(cloud: LocalCloud, stack: Stack, batch_id: str, rows: int) -> None:
    detail = {"batch_id": batch_id, "bucket": stack.bucket, "key": batch_key(batch_id, RECEIVED),
              "rows": rows, "received_at": RECEIVED}  # fmt: skip
    Bus(f"{STACK_NAME}-pipeline", cloud.client("events")).announce(BATCH_STAGED, detail)


@pytest.fixture(scope="module")
def prepared(cloud: LocalCloud, stack: Stack, until: Poll) -> None:
    """The samples' batch, with two good events of three, as the local cloud has prepared it."""
    events = [
        flight("UA", 4003, "2013-01-01T10:00:00Z", delay=270),
        flight("AA", 4004, "2013-01-01T11:00:00Z"),
    ]
    broken = {**flight("UA", 4005, "2013-01-01T12:00:00Z"), "data": {}}
    put_batch(cloud, stack, BATCH, RECEIVED, *events, broken)
    announce(cloud, stack, BATCH, 3)
    until(is_loaded(stack, *map(key_of, events)), "the events are loaded")
    facts = facts_key("flight.departed", BATCH, RECEIVED)
    until(lambda: objects(cloud, stack, facts) == [facts], "the facts are there")


@invokes("StartPreparation", "start_preparation")
def test_an_announced_batch_is_prepared(
    run: Run, cloud: LocalCloud, stack: Stack, until: Poll
) -> None:
    another = sha256(b"another batch").hexdigest()
    event = flight("UA", 4006, "2013-01-01T13:00:00Z")
    put_batch(cloud, stack, another, RECEIVED, event)
    changes = {BATCH: another, PREPARE_BUCKET: stack.bucket}
    assert run(changes) == {"execution": another, "started": True}
    facts = facts_key("flight.departed", another, RECEIVED)
    until(lambda: objects(cloud, stack, facts) == [facts], "the facts are there")
    announce(cloud, stack, another, 1)
    until(is_loaded(stack, key_of(event)), "the event is loaded, and its facts with it")


def write_again(run: Run, cloud: LocalCloud, stack: Stack, key: str) -> Any:
    """Let the container write what the local cloud wrote, and see that they are the same lines."""
    before = read_object(cloud, stack, key)
    assert any(before)
    cloud.client("s3").delete_object(Bucket=stack.bucket, Key=key)
    returned = run({PREPARE_BUCKET: stack.bucket})
    assert read_object(cloud, stack, key) == before
    return returned


def sample_of(name: str, stack: Stack) -> Any:
    text = (EVENTS / f"{name}.json").read_text(encoding="utf-8")
    return json.loads(text.replace(PREPARE_BUCKET, stack.bucket))


@pytest.mark.usefixtures("prepared")
@invokes("EnrichEvents", "enrich_events")
def test_a_batch_is_enriched(run: Run, cloud: LocalCloud, stack: Stack) -> None:
    returned = write_again(run, cloud, stack, step_key("enriched", BATCH))
    assert returned == sample_of("detect_anomalies", stack)


@pytest.mark.usefixtures("prepared")
@invokes("DetectAnomalies", "detect_anomalies")
def test_anomalies_are_detected(run: Run, cloud: LocalCloud, stack: Stack) -> None:
    returned = write_again(run, cloud, stack, step_key("detected", BATCH))
    assert returned == sample_of("summarise_batch", stack)


@pytest.mark.usefixtures("prepared")
@invokes("SummariseBatch", "summarise_batch")
def test_a_batch_is_summed_up(run: Run, cloud: LocalCloud, stack: Stack) -> None:
    key = facts_key("flight.departed", BATCH, RECEIVED)
    report = write_again(run, cloud, stack, key)
    assert report["facts"] == [{"type": "flight.departed", "key": key, "rows": 2}]


# --- load --------------------------------------------------------------------------------------


@invokes("LoadBatches", "load_batches")
def test_announced_objects_are_loaded(run: Run, cloud: LocalCloud, stack: Stack) -> None:
    batch, received = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "2013-01-01T10:00:00.000000Z"
    views = [view("one"), view("other")]
    rows = put_batch(cloud, stack, batch, received, *views)
    enriched = enriched_lines(rows, batch, STEPS, Counter())
    shares, _ = summed_up(
        detected_lines(list(enriched), load_catalogue(), Counter()), load_catalogue()
    )
    facts = list(shares["page.viewed"].lines)
    put_lines(cloud, stack, facts_key("page.viewed", batch, received), facts)
    assert run({"events-lake-123456789012": stack.bucket}) == {"batchItemFailures": []}
    assert is_loaded(stack, *map(key_of, views))()
    question = {"measure": "duration_ms", "stat": "sum", "filter": "page:/loaded"}
    (row,) = stack.get("/v1/metrics/page.viewed", fresh=True, **question)["rows"]
    assert (row["count"], row["value"]) == (2, 1500)


def view(name: str) -> Row:
    return {
        "specversion": "1.0",
        "id": name,
        "source": "/containers",
        "type": "page.viewed",
        "time": "2013-01-01T09:00:00Z",
        "data": {"page": "/loaded", "visitor": name, "duration_ms": 750},
    }


class Received:
    """What a container answered to a server that plays CloudFormation."""

    def __init__(self) -> None:
        self.address = ""
        self.answers: list[Row] = []


@pytest.fixture
def aside() -> Iterator[Received]:
    """A place for the answers that CloudFormation waits for."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            received.answers.append(
                json.loads(self.rfile.read(int(self.headers["content-length"])))
            )
            self.send_response(200)
            self.end_headers()

    with HTTPServer((bridge_address(), 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        received.address = f"http://{server.server_name}:{server.server_port}"
        yield received
        server.shutdown()


ANSWER_TO = "http://127.0.0.1:9"


@invokes("CreateSchema", "create_schema")
def test_a_missing_table_is_created_and_cloudformation_told(
    run: Run, cloud: LocalCloud, aside: Received, until: Poll
) -> None:
    table = load_catalogue()["weather.observed"].table
    assert finish(cloud, f'DROP TABLE "{table}"', until) == "FINISHED"
    assert finish(cloud, f'SELECT COUNT(*) FROM "{table}"', until) == "FAILED"
    run({ANSWER_TO: aside.address})
    assert [answer["Status"] for answer in aside.answers] == ["SUCCESS"]
    assert finish(cloud, f'SELECT COUNT(*) FROM "{table}"', until) == "FINISHED"


@invokes("LimitUsage", "limit_usage")
def test_a_usage_limit_is_created_and_cloudformation_told(
    run: Run, cloud: LocalCloud, aside: Received
) -> None:
    run({ANSWER_TO: aside.address})
    (told,) = aside.answers
    asked = json.loads((EVENTS / "limit_usage.json").read_text())["ResourceProperties"]
    (limit,) = cloud.client("redshift-serverless").list_usage_limits(
        resourceArn=asked["WorkgroupArn"]
    )["usageLimits"]
    assert (told["Status"], told["PhysicalResourceId"]) == ("SUCCESS", limit["usageLimitId"])
    assert (limit["amount"], limit["breachAction"]) == (int(asked["RpuHours"]), asked["Action"])


def finish(cloud: LocalCloud, sql: str, until: Poll) -> str:
    """Run a statement as the administrator; returns how it ended."""
    client = cloud.client("redshift-data")
    place = {"WorkgroupName": STACK_NAME, "Database": "events"}
    statement = client.execute_statement(**place, Sql=sql)["Id"]

    def status() -> str:
        return str(client.describe_statement(Id=statement)["Status"])

    until(lambda: status() in {"FINISHED", "FAILED", "ABORTED"}, "the statement is over")
    return status()


# --- serve -------------------------------------------------------------------------------------


def body_of(answer: Row) -> Row:
    assert answer["statusCode"] == 200, answer
    body: Row = json.loads(answer["body"])
    return body


@invokes("ReadMetrics", "read_metrics")
def test_a_statistic_is_what_the_local_cloud_answers(run: Run, stack: Stack) -> None:
    sample = sample_of("read_metrics", stack)
    rows = body_of(run())["rows"]
    assert rows
    path, question = sample["path"], sample["queryStringParameters"]
    assert rows == stack.get(path, fresh=True, **question)["rows"]


@invokes("ReadEvents", "read_events_page")
def test_a_page_of_events_is_what_the_local_cloud_answers(run: Run, stack: Stack) -> None:
    sample = sample_of("read_events_page", stack)
    events = body_of(run())["events"]
    assert events
    path, question = sample["path"], sample["queryStringParameters"]
    assert events == stack.get(path, fresh=True, **question)["events"]


@invokes("ReadEvents", "read_events")
def test_an_event_is_what_the_local_cloud_answers(run: Run, stack: Stack) -> None:
    (event,) = stack.get("/v1/events", type="flight.arrived", limit="1")["events"]
    found = body_of(run({"0123456789abcdef" * 4: event["event_key"]}))
    assert found["event"]["data"] == event["data"]
    assert {**found, "as_of": ""} == {**find(stack, event["event_key"]), "as_of": ""}


@invokes("ReadStatus", "read_status")
def test_the_status_counts_what_the_local_cloud_counts(run: Run, stack: Stack) -> None:
    counted = body_of(run())["events"]
    assert counted["loaded"] >= 640
    assert counted == stack.get("/v1/status", fresh=True)["events"]


@invokes("ReadExports", "start_export")
def test_an_export_is_started(run: Run, stack: Stack, until: Poll) -> None:
    answer = run()
    assert answer["statusCode"] == 202
    done = finish_export(stack, json.loads(answer["body"])["id"], until)
    assert done["rows"] > 0


def finish_export(stack: Stack, export_id: str, until: Poll) -> Row:
    told: Row = {}

    def is_over() -> bool:
        told.update(stack.get(f"/v1/exports/{export_id}"))
        return bool(told["status"] != "running")

    until(is_over, "the export is over")
    assert told["status"] == "done", told
    return told


@invokes("ReadExports", "read_exports")
def test_an_export_has_addresses_that_give_its_files(run: Run, stack: Stack, until: Poll) -> None:
    wanted = {"of": "metrics", "type": "flight.departed", "group_by": "carrier", "format": "csv"}
    key = {"x-api-key": stack.api_key}
    url = f"{stack.url}/v1/exports"
    started = stack.session.post(url, json=wanted, headers=key, timeout=35).json()
    (expected,) = finish_export(stack, started["id"], until)["files"]
    (file,) = body_of(run({"an-id": started["id"]}))["files"]
    assert file["bytes"] == expected["bytes"]
    content = [requests.get(one["url"], timeout=35).content for one in (file, expected)]
    assert content[0] == content[1]
    assert gzip.decompress(content[0]).startswith(b"bucket,carrier,count,")


@invokes("ReadDocuments", "read_dashboard")
def test_the_dashboard_is_what_the_local_cloud_shows(run: Run, stack: Stack) -> None:
    answer = run()
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"].startswith("text/html")
    assert answer["body"] == stack.session.get(f"{stack.url}/", timeout=35).text


@invokes("ReadDocuments", "read_openapi")
def test_the_description_is_what_the_local_cloud_gives(run: Run, stack: Stack) -> None:
    told, expected = body_of(run()), stack.get("/openapi.json")
    assert "/v1/metrics/flight.departed" in told["paths"]
    assert {**told, "servers": []} == {**expected, "servers": []}


# --- watch -------------------------------------------------------------------------------------


@invokes("CheckConservation", "check_conservation")
def test_the_check_finds_nothing_missing(run: Run, stack: Stack) -> None:
    told = run({'"time"': '"asked_at"'})  # by hand, so it asks whatever the hour
    assert told["asked"] is True
    assert (told["missing"], told["surplus"], told["places"]) == (0, 0, [])
    assert told["loaded"] == stack.get("/v1/status", fresh=True)["events"]["loaded"]


# --- afterwards --------------------------------------------------------------------------------


def test_what_sam_leaves_behind_is_removed_and_nothing_else(sam: SamLocal) -> None:
    address = next(iter(sam.addresses))
    ours, other = made_container(address), made_container("http://172.17.0.1:1")
    try:
        sam.remove_leftovers()
        left = docker("ps", "--all", "--quiet", "--no-trunc").split()
        assert (ours in left, other in left) == (False, True)
    finally:
        docker("rm", "--force", other)


def made_container(address: str) -> str:
    """Make a container as SAM labels it, for functions that find AWS at an address."""
    image = docker("images", "--quiet", "public.ecr.aws/lambda/python").split()[0]
    label, variable = "sam.cli.container.type=lambda", f"AWS_ENDPOINT_URL={address}"
    return docker("create", "--label", label, "--env", variable, image, "true").strip()
