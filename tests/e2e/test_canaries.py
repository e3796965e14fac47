"""What people send stays in the data: none of it, and no secret, is in logs, metrics or traces.

Each thing that is sent or asked carries a canary, named after its place, that occurs nowhere else.
"""

import gzip
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.feed import sign
from local.recovery.deployment import Deployment
from local.stack import EndpointError, Stack
from tests.e2e.faults.functions import (
    nothing_prepared,
    nothing_read_of_uploads,
    nothing_staged,
    stream_given_up,
)
from tests.e2e.faults.queues import impatient
from tests.e2e.faults.site import Site

Poll = Callable[[Callable[[], bool], str], None]
STRUCTURED = "application/cloudevents+json"
HANDLERS = (
    "ReceiveRequest", "ReceiveWebhook", "ReceiveChange", "ReceiveUpload", "StageBatch", "LoadBatches",
    "ReadEvents", "ReadMetrics",
)  # fmt: skip
DEAD_LETTERS = ("ChangeDlq", "UploadDlq", "EventDlq", "PrepareDlq", "LoadDlq")
PUT_ASIDE = {"UploadDlq": "unread", "EventDlq": "unstaged-page", "LoadDlq": "announcement"}


@dataclass
class Sent:
    """What was sent: its canaries begin with `mark`; events and what becomes of them, by key."""

    mark: str
    started: float
    expected: dict[str, str] = field(default_factory=dict)
    correlation_ids: dict[str, str] = field(default_factory=dict)

    def canary(self, place: str) -> str:
        """Make the text that is looked for later."""
        return f"{self.mark}-{place}"

    def event(self, place: str, fate: str = "loaded", **changes: Any) -> dict[str, Any]:
        """Make an event with a canary wherever an event may have one."""
        event = {
            "specversion": "1.0",
            "id": self.canary(f"{place}-id"),
            "source": f"/{self.canary(f'{place}-source')}",
            "subject": self.canary(f"{place}-subject"),
            "type": "page.viewed",
            "data": {
                "page": self.canary(f"{place}-page"),
                "visitor": self.canary(f"{place}-visitor"),
            },
        } | changes
        self.expected[sha256(f"{event['source']}\n{event['id']}".encode()).hexdigest()] = fate
        return event


def traced(**headers: str) -> dict[str, str]:
    """Have a request traced whatever the sampling rules say."""
    root = f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
    return {"X-Amzn-Trace-Id": f"Root={root};Sampled=1", **headers}


def post(stack: Stack, sent: Sent, body: Any, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = traced(**{"x-api-key": stack.api_key, "Content-Type": STRUCTURED, **headers})
    named["X-Note"] = named["x-amzn-requestid"] = sent.canary("header")
    return stack.session.post(f"{stack.url}/v1/events", data=content, headers=named, timeout=35)


def send_requests(stack: Stack, sent: Sent) -> None:
    answer = post(stack, sent, sent.event("request"))
    assert answer.status_code == 202
    sent.correlation_ids["ReceiveRequest"] = answer.headers["x-correlation-id"]
    unknown = sent.event("unknown", "quarantined", type=sent.canary("type"))
    assert post(stack, sent, unknown).status_code == 202
    odd = sent.event("odd", "quarantined", data={sent.canary("member"): sent.canary("value")})
    assert post(stack, sent, odd).status_code == 202
    malformed = f'{{"id": "{sent.canary("malformed")}'.encode()
    oversize = json.dumps({"data": sent.canary("oversize") * 60_000}).encode()
    for body in (malformed, oversize, [sent.canary("array")], {sent.canary("top"): 1}):
        assert post(stack, sent, body).status_code in {400, 413}
    media_type = {"Content-Type": f"text/{sent.canary('media')}"}
    assert post(stack, sent, b"{}", **media_type).status_code == 415
    assert post(stack, sent, b"{}", **{"x-api-key": sent.canary("key")}).status_code == 403


def send_webhooks(stack: Stack, sent: Sent) -> None:
    body = json.dumps(sent.event("webhook")).encode()
    signed = sign(stack.webhook_secret, body, message_id=sent.canary("webhook-id"))
    forged = signed | {"webhook-signature": f"v1,{sent.canary('signature')}"}
    statuses = []
    for headers in (signed, forged):
        answer = stack.session.post(
            f"{stack.webhook_url}default", data=body, headers=traced(**headers), timeout=35
        )
        statuses.append(answer.status_code)
        sent.correlation_ids.setdefault("ReceiveWebhook", answer.headers["x-correlation-id"])
    assert statuses == [202, 401]


def insert(stack: Stack, sent: Sent, place: str) -> None:
    change = sent.event(place)
    data = {name: {"S": text} for name, text in change.pop("data").items()}
    item = {name: {"S": text} for name, text in change.items() if name != "specversion"}
    key = {"pk": {"S": sent.canary(f"{place}-item")}}
    stack.client("dynamodb").put_item(
        TableName=stack.table, Item={**key, **item, "data": {"M": data}}
    )


def send_the_rest(stack: Stack, sent: Sent) -> None:
    insert(stack, sent, "change")
    lines = ["id,source,type,page,visitor", f"{sent.canary('csv')},broken"]
    good = sent.event("upload", subject=None)
    lines.append(",".join([good["id"], good["source"], good["type"], *good["data"].values()]))
    content = gzip.compress("\n".join(lines).encode())
    stack.client("s3").put_object(
        Bucket=stack.bucket, Key=f"incoming/{sent.canary('object')}.csv.gz", Body=content
    )
    sqs = stack.client("sqs")
    urls = {name: url_of(stack, name) for name in ("EventQueue", "LoadQueue")}
    attribute = {"format": {"DataType": "String", "StringValue": sent.canary("attribute")}}
    told = sqs.send_message(
        QueueUrl=urls["EventQueue"], MessageBody=sent.canary("foreign"), MessageAttributes=attribute
    )
    sent.expected[sha256(f"sqs\n{told['MessageId']}".encode()).hexdigest()] = "quarantined"
    sqs.send_message(QueueUrl=urls["LoadQueue"], MessageBody=sent.canary("announcement"))


def ask(stack: Stack, sent: Sent) -> None:
    value = sent.canary("filter")
    questions = {
        "/v1/metrics/page.viewed": {"filter": f"page:{value}"},
        "/v1/events": {"filter": f"subject:{value}"},
        "/v1/status": {value: "1"},
    }
    for path, question in questions.items():
        answer = stack.session.get(
            stack.url + path,
            params=question,
            headers=traced(**{"x-api-key": stack.api_key, "X-Note": sent.canary("header")}),
            timeout=35,
        )
        assert answer.status_code in {200, 400}, answer.text


def url_of(stack: Stack, name: str) -> str:
    return next(url for url in queues(stack) if f"-{name}" in url)


def queues(stack: Stack) -> list[str]:
    urls: list[str] = stack.client("sqs").list_queues()["QueueUrls"]
    return urls


def has_come(stack: Stack, event_key: str, fate: str) -> bool:
    try:
        return bool(stack.get(f"/v1/events/{event_key}", fresh=True)["status"] == fate)
    except EndpointError:
        return False


@pytest.fixture(scope="module")
def sent(stack: Stack, cloud: LocalCloud, until: Poll) -> Sent:  # noqa: ARG001 (it reads all there is)
    """All canaries, sent and through."""
    sent = Sent(f"canary{uuid.uuid4().hex[:12]}", time.time() - 1)
    for send in (send_requests, send_webhooks, send_the_rest, ask):
        send(stack, sent)
    for key, fate in sent.expected.items():
        until(lambda k=key, f=fate: has_come(stack, k, f), f"{key} is {fate}")  # type: ignore[misc]
    return sent


def log_lines(stack: Stack) -> list[str]:
    logs = stack.client("logs")
    groups = logs.get_paginator("describe_log_groups").paginate()
    return [
        event["message"]
        for page in groups
        for group in page["logGroups"]
        for events in logs.get_paginator("filter_log_events").paginate(
            logGroupName=group["logGroupName"]
        )
        for event in events["events"]
    ]


def segments(stack: Stack, sent: Sent, expression: str = "") -> list[str]:
    xray = stack.client("xray")
    pages = xray.get_paginator("get_trace_summaries").paginate(
        StartTime=sent.started, EndTime=time.time() + 1, FilterExpression=expression
    )
    ids = [summary["Id"] for page in pages for summary in page["TraceSummaries"]]
    traces = [
        trace
        for start in range(0, len(ids), 5)
        for trace in xray.batch_get_traces(TraceIds=ids[start : start + 5])["Traces"]
    ]
    return [segment["Document"] for trace in traces for segment in trace["Segments"]]


def messages_of(stack: Stack, url: str) -> Iterator[dict[str, Any]]:
    answer = stack.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0,
        MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"],
    )  # fmt: skip
    yield from answer.get("Messages", [])


def assert_silent(stack: Stack, sent: Sent, texts: Iterable[str]) -> None:
    """Show which canary sang where, and that no secret is there."""
    secrets = (stack.api_key, stack.webhook_secret, stack.webhook_secret.removeprefix("whsec_"))
    leaks = [text for text in texts if any(word in text for word in (sent.mark, *secrets))]
    assert not leaks, "\n\n".join(leaks)[:20_000]


def test_logs_hold_ids_and_nothing_that_was_sent(stack: Stack, sent: Sent) -> None:
    texts = log_lines(stack)
    for correlation_id in sent.correlation_ids.values():
        assert any(correlation_id in text for text in texts)
    assert any('"a batch was staged"' in text for text in texts)
    assert_silent(stack, sent, texts)


def test_metrics_are_named_by_the_project_alone(stack: Stack, sent: Sent) -> None:
    pages = stack.client("cloudwatch").get_paginator("list_metrics").paginate()
    metrics = [metric for page in pages for metric in page["Metrics"]]
    types = {
        dimension["Value"]
        for metric in metrics
        for dimension in metric["Dimensions"]
        if (metric["MetricName"], dimension["Name"]) == ("EventsReceived", "type")
    }
    assert types == {"page.viewed", "other"}
    assert_silent(stack, sent, map(json.dumps, metrics))


def test_traces_hold_ids_and_nothing_that_was_sent(stack: Stack, sent: Sent, until: Poll) -> None:
    def functions() -> set[str]:
        documents = "".join(segments(stack, sent))
        return {name for name in HANDLERS if name in documents}

    until(lambda: functions() == set(HANDLERS), "all of them were traced")
    assert_silent(stack, sent, segments(stack, sent))


def test_a_trace_is_found_by_the_id_of_the_answer(stack: Stack, sent: Sent, until: Poll) -> None:
    for name, correlation_id in sent.correlation_ids.items():
        expression = f'annotation.correlation_id = "{correlation_id}"'
        until(
            lambda n=name, e=expression: any(n in text for text in segments(stack, sent, e)),  # type: ignore[misc]
            f"the trace of {name}",
        )


def put_aside(stack: Stack, queue: str) -> list[dict[str, Any]]:
    return list(messages_of(stack, url_of(stack, queue)))


@pytest.fixture(scope="module")
def given_up(stack: Stack, sent: Sent, cloud: LocalCloud, until: Poll) -> None:
    """Each stage gave up on something that was sent."""
    site = Site(stack, Deployment.on_cloud(cloud))

    def has_it(queue: str) -> bool:
        place = PUT_ASIDE.get(queue)
        messages = put_aside(stack, queue)
        return any(not place or sent.canary(place) in one["Body"] for one in messages)

    def wait(*names: str) -> None:
        until(lambda: all(map(has_it, names)), f"{names} have what was sent")

    with nothing_prepared(site):
        post(stack, sent, sent.event("unprepared"))
        wait("PrepareDlq")
    with (
        impatient(site.there, "EventQueue"),
        impatient(site.there, "LoadQueue"),
        nothing_staged(site),
        stream_given_up(site),
        nothing_read_of_uploads(site),
    ):
        post(stack, sent, sent.event("unstaged"))
        insert(stack, sent, "unreceived")
        stack.client("s3").put_object(
            Bucket=stack.bucket, Key=f"incoming/{sent.canary('unread')}.jsonl", Body=b"{}"
        )
        wait(*DEAD_LETTERS)


@pytest.mark.usefixtures("given_up")
@pytest.mark.parametrize("queue", DEAD_LETTERS)
def test_messages_that_were_put_aside_tell_nothing_beside_their_bodies(
    stack: Stack, sent: Sent, queue: str
) -> None:
    messages = put_aside(stack, queue)
    place = PUT_ASIDE.get(queue)
    assert not place or any(sent.canary(place) in message["Body"] for message in messages)
    assert_silent(stack, sent, [json.dumps(message | {"Body": ""}) for message in messages])


def test_an_event_tells_what_it_came_with(stack: Stack, sent: Sent) -> None:
    event = sent.event("request")
    key = sha256(f"{event['source']}\n{event['id']}".encode()).hexdigest()
    record = stack.get(f"/v1/events/{key}", fresh=True)
    assert record["event"]["correlation_id"] == sent.correlation_ids["ReceiveRequest"]
