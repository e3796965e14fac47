"""POST /v1/events: what is taken, what is refused with which status, and what the sender hears."""

import base64
import importlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.errors import DeliveryFailed
from pipeline.queue import RowQueue

EVENTS = Path(__file__).parents[2] / "events"
CLOUDEVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "/site",
    "type": "page.viewed",
    "time": "2026-01-01T10:00:00Z",
    "data": {"page": "/", "visitor": "v1"},
}
Post = Callable[..., dict[str, Any]]
Metrics = Callable[[Callable[[], Any]], dict[tuple[str, ...], float]]


class Queue:
    """Keeps rows, or refuses them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.correlation_ids: list[str] = []
        self.refuses = False

    def send(self, lines: Iterable[str], correlation_id: str) -> int:
        if self.refuses:
            raise DeliveryFailed("refused")
        self.correlation_ids.append(correlation_id)
        self.lines.extend(lines)
        return len(self.lines)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENT_QUEUE_URL", "https://sqs.example/queue")
        yield importlib.import_module("pipeline.receive.request")


@pytest.fixture
def queue(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Queue:
    fake = Queue()
    monkeypatch.setattr(module, "queue", fake)
    return fake


@pytest.fixture
def post(module: ModuleType, queue: Queue, context: object) -> Post:
    assert not queue.lines

    def send(body: Any, content_type: str | None = CLOUDEVENT, **more: Any) -> dict[str, Any]:
        headers = {"content-type": content_type} | more.pop("headers", {})
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        request = {
            "headers": {name: value for name, value in headers.items() if value is not None},
            "multiValueHeaders": None,
            "body": text,
            "isBase64Encoded": False,
            **more,
        }
        answer = module.handler(request, context)
        return {**answer, "body": json.loads(answer["body"])}

    return send


def sample(name: str) -> Any:
    return json.loads((EVENTS / name).read_text())


def test_a_flight_is_accepted(module: ModuleType, queue: Queue, context: object) -> None:
    answer = module.handler(sample("receive_request.json"), context)
    [row] = queue.rows
    assert answer["statusCode"] == 202
    assert json.loads(answer["body"]) == {
        "accepted": 1,
        "quarantined": 0,
        "rejected": 0,
        "events": [{"index": 0, "status": "accepted", "event_key": row["event_key"]}],
    }
    assert (row["entrance"], row["type"]) == ("request", "flight.departed")


def test_a_batch_of_flights_is_accepted(module: ModuleType, queue: Queue, context: object) -> None:
    answer = module.handler(sample("receive_request_batch.json"), context)
    assert json.loads(answer["body"])["accepted"] == len(queue.rows) == 3


def test_a_batch_is_answered_event_by_event(post: Post, queue: Queue) -> None:
    batch = [EVENT, {**EVENT, "id": ""}, {**EVENT, "data": {}}, {**EVENT, "source": "s3://x/y"}, 7]
    answer = post(batch, BATCH)
    body = answer["body"]
    assert answer["statusCode"] == 202
    assert [body[status] for status in ("accepted", "quarantined", "rejected")] == [1, 1, 3]
    assert [told.get("reason") for told in body["events"]] == [
        None, "INVALID", "SCHEMA", "RESERVED_SOURCE", "NOT_AN_OBJECT",
    ]  # fmt: skip
    assert [told["index"] for told in body["events"]] == [0, 1, 2, 3, 4]
    assert len(queue.lines) == 2


def test_binary_mode_reads_the_headers(post: Post, queue: Queue) -> None:
    headers = {
        "CE-SpecVersion": "1.0",
        "Ce-Id": "a%20%E2%82%AC",
        "ce-source": "/site",
        "ce-type": "page.viewed",
        "ce-time": "2026-01-01T10:00:00Z",
        "ce-subject": '"quoted \\"text\\""',
        "ce-traceid": "t",
    }
    answer = post(EVENT["data"], "application/json; charset=UTF-8", headers=headers)
    [row] = queue.rows
    assert answer["statusCode"] == 202
    assert (row["id"], row["subject"]) == ("a €", 'quoted "text"')
    assert row["extensions"] == '{"traceid":"t"}'


@pytest.mark.parametrize("body", [EVENT, [EVENT]])
def test_plain_json_is_taken_by_its_shape(post: Post, queue: Queue, body: Any) -> None:
    assert post(body, "application/json")["statusCode"] == 202
    assert len(queue.lines) == 1


def test_all_modes_give_one_fingerprint(post: Post, queue: Queue) -> None:
    headers = {f"ce-{name}": value for name, value in EVENT.items() if name != "data"}
    post(EVENT)
    post([EVENT], BATCH)
    post(EVENT["data"], "application/json", headers=headers)
    post(base64.b64encode(json.dumps(EVENT).encode()).decode(), isBase64Encoded=True)
    assert len({(row["event_key"], row["fingerprint"]) for row in queue.rows}) == 1
    assert len(queue.rows) == 4


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "EMPTY"),
        ("", "EMPTY"),
        (" \r\n", "EMPTY"),
        ("null", "NOT_AN_OBJECT"),
        ("1", "NOT_AN_OBJECT"),
        ('"x"', "NOT_AN_OBJECT"),
        ("true", "NOT_AN_OBJECT"),
        ("[]", "NOT_AN_OBJECT"),
        ("{} x", "NOT_JSON"),
        ("\ufeff{}", "BOM"),
        ('{"id":1,"id":2}', "DUPLICATE_KEY"),
        ('{"a":"\\u0000"}', "NUL"),
        ('{"a":"\ud800"}', "NOT_UTF8"),
        ('{"a":"\\ud800"}', "LONE_SURROGATE"),
        ('{"a":1e400}', "NUMBER_RANGE"),
        ('{"a":' + "1" * 5000 + "}", "NUMBER_TOO_LONG"),
        ("[" * 100_000, "TOO_DEEP"),
        ("{}", "MISSING"),
    ],
)
def test_bodies_that_are_no_event_are_bad_requests(
    post: Post, queue: Queue, body: str | None, code: str
) -> None:
    answer = post(body)
    assert (answer["statusCode"], answer["body"]["code"]) == (400, code)
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert not queue.lines


@pytest.mark.parametrize(
    "body",
    [b"\xff", b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}', b"\xef\xbb\xbf{}"],
)
def test_bytes_that_are_not_utf8_are_bad_requests(post: Post, body: bytes) -> None:
    assert post(base64.b64encode(body).decode(), isBase64Encoded=True)["statusCode"] == 400


@pytest.mark.parametrize("body", ["%%%", "e30", "é", "e30=\n"])
def test_bad_base64_is_a_bad_request(post: Post, body: str) -> None:
    assert post(body, isBase64Encoded=True)["statusCode"] == 400


@pytest.mark.parametrize(
    ("body", "status"), [("[]", 400), ("{}", 400), ([EVENT] * 500, 202), ([EVENT] * 501, 413)]
)
def test_a_batch_holds_1_to_500_events(post: Post, body: Any, status: int) -> None:
    assert post(body, BATCH)["statusCode"] == status


@pytest.mark.parametrize(("length", "status"), [(1_048_576, 400), (1_048_577, 413)])
def test_a_body_holds_at_most_1_mib(post: Post, length: int, status: int) -> None:
    assert post("x" * length)["statusCode"] == status


def test_bodies_are_measured_in_bytes(post: Post) -> None:
    assert post("é" * 600_000)["statusCode"] == 413


def test_ten_thousand_members_are_too_long_not_an_error(post: Post) -> None:
    data = {**EVENT["data"], **{f"k{n}": n for n in range(10_000)}}  # type: ignore[dict-item]
    told = post({**EVENT, "data": data})["body"]["events"][0]
    assert (told["status"], told["reason"]) == ("quarantined", "TOO_LONG")


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "multipart/form-data", "application/xml", "application/cloudevents",
     "application/json; charset=latin-1"],
)  # fmt: skip
def test_other_content_types_are_not_taken(post: Post, content_type: str | None) -> None:
    assert post(EVENT, content_type)["statusCode"] == 415


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, gzip"])
def test_content_encodings_are_not_taken(post: Post, encoding: str) -> None:
    assert post(EVENT, headers={"Content-Encoding": encoding})["statusCode"] == 415


@pytest.mark.parametrize(
    "source", ["/webhooks/x", "s3://b/k", "S3://b/k", "dynamodb:t", "/Webhooks/x"]
)
def test_minted_sources_are_forbidden(post: Post, queue: Queue, source: str) -> None:
    answer = post({**EVENT, "source": source})
    assert (answer["statusCode"], answer["body"]["code"]) == (403, "RESERVED_SOURCE")
    assert not queue.lines


def test_a_batch_of_which_nothing_is_taken_says_why_for_each(post: Post) -> None:
    answer = post([{**EVENT, "id": ""}, {**EVENT, "source": "s3://b/k"}], BATCH)
    assert answer["statusCode"] == 400
    assert [told["path"] for told in answer["body"]["events"]] == ["$.id", "$.source"]


def test_a_header_sent_twice_cannot_smuggle_an_id(post: Post) -> None:
    headers = {f"ce-{name}": value for name, value in EVENT.items() if name != "data"}
    several = {name: [value] for name, value in headers.items()} | {"ce-id": ["1", "2"]}
    answer = post(EVENT["data"], "application/json", headers=headers, multiValueHeaders=several)
    assert (answer["statusCode"], answer["body"]["code"]) == (400, "DUPLICATE_HEADER")


def test_other_headers_may_come_twice(post: Post) -> None:
    assert post(EVENT, multiValueHeaders={"Accept": ["a", "b"]})["statusCode"] == 202


def test_line_breaks_in_binary_headers_are_refused(post: Post) -> None:
    headers = {f"ce-{name}": value for name, value in EVENT.items() if name != "data"}
    headers["ce-id"] = "a%0D%0ASet-Cookie:x"
    assert post(EVENT["data"], "application/json", headers=headers)["statusCode"] == 400
    headers["ce-id"] = "%ff"
    assert post(EVENT["data"], "application/json", headers=headers)["statusCode"] == 400


def test_quarantined_events_are_taken(post: Post, queue: Queue) -> None:
    answer = post({**EVENT, "data": {"page": 7, "visitor": "v"}})
    told = answer["body"]["events"][0]
    assert answer["statusCode"] == 202
    assert (told["status"], told["path"]) == ("quarantined", "$.data.page")
    assert queue.rows[0]["reason"] == told["reason"] == "SCHEMA"


def test_a_resend_has_the_same_answer(post: Post) -> None:
    assert post(EVENT)["body"] == post(EVENT)["body"]


def test_nothing_is_acknowledged_while_the_queue_refuses(post: Post, queue: Queue) -> None:
    queue.refuses = True
    answer = post([EVENT, EVENT], BATCH)
    assert answer["statusCode"] == 503
    assert answer["headers"]["Retry-After"] == "5"
    assert "events" not in answer["body"]


def test_an_unreachable_queue_is_a_delivery_failure() -> None:
    from botocore.exceptions import EndpointConnectionError  # noqa: PLC0415 (only here)

    class Sqs:
        def send_message_batch(self, **_: Any) -> Any:
            raise EndpointConnectionError(endpoint_url="https://sqs.example")

    with pytest.raises(DeliveryFailed):
        RowQueue("url", Sqs()).send(["{}"])


def test_answers_and_logs_never_repeat_the_input(
    post: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "${jndi:x}\x1b[31m"
    answers = [
        post({**EVENT, "type": secret}),
        post({**EVENT, secret: 1}),
        post(f'{{"{secret}"'),
        post({**EVENT, "data": {secret: secret}}),
        post(EVENT, secret),
    ]
    output = capsys.readouterr()
    assert "jndi" not in json.dumps(answers) + output.out + output.err


def test_events_are_counted_by_type_and_what_was_rejected_is_not_received(
    post: Post, metrics_of: Metrics
) -> None:
    unknown = {**EVENT, "type": "a.name.of.the.senders"}
    counted = metrics_of(lambda: post([EVENT, EVENT, {**EVENT, "data": {}}, unknown, 7], BATCH))
    views, others = (
        {"entrance": "request", "type": "page.viewed"},
        {"entrance": "request", "type": "other"},
    )
    assert counted == {
        ("EventsReceived", *views.values()): 3,
        ("EventsQuarantined", *views.values()): 1,
        ("EventsReceived", *others.values()): 1,
        ("EventsQuarantined", *others.values()): 1,
        ("EventsRejected", "request"): 1,
    }


def test_refused_and_failed_deliveries_are_counted(
    post: Post, queue: Queue, metrics_of: Metrics
) -> None:
    assert metrics_of(lambda: post("{")) == {("RequestsRefused", "request"): 1}
    queue.refuses = True
    assert metrics_of(lambda: post(EVENT)) == {("DeliveriesFailed", "request"): 1}


def test_the_id_of_the_request_is_in_the_answer_the_log_and_beside_the_rows(
    module: ModuleType, queue: Queue, context: object, log: list[dict[str, Any]]
) -> None:
    event = sample("receive_request.json")
    answer = module.handler(event, context)
    request_id = event["requestContext"]["requestId"]
    assert answer["headers"]["x-correlation-id"] == request_id
    assert queue.correlation_ids == [request_id]
    [line] = log
    assert (line["level"], line["correlation_id"]) == ("INFO", request_id)
    assert (line["received"], line["quarantined"], line["rejected"]) == (1, 0, 0)


@pytest.mark.parametrize("given", [None, "", "jane@example.com", "jane.doe", "x" * 65, 5, ["a"]])
def test_an_id_that_the_api_did_not_make_is_not_taken(
    post: Post, queue: Queue, context: Any, given: Any
) -> None:
    answer = post(EVENT, requestContext={"requestId": given})
    assert answer["headers"]["x-correlation-id"] == context.aws_request_id
    assert queue.correlation_ids == [context.aws_request_id]


def test_a_refused_request_has_its_id_and_one_line_in_the_log(
    post: Post, log: list[dict[str, Any]], context: Any
) -> None:
    assert post("{")["headers"]["x-correlation-id"] == context.aws_request_id
    assert [(line["message"], line["code"]) for line in log] == [
        ("a request was refused", "NOT_JSON")
    ]


def test_the_type_of_a_sender_is_not_logged(post: Post, log: list[dict[str, Any]]) -> None:
    post({**EVENT, "type": "jane.doe"})
    assert [line["message"] for line in log] == ["events were quarantined", "events were received"]
    assert "jane" not in json.dumps(log)


def test_why_events_were_quarantined_is_logged_once_for_each_type_and_fault(
    post: Post, reasons: Callable[[], list[tuple[Any, ...]]]
) -> None:
    empty, unknown = {**EVENT, "data": {}}, {**EVENT, "type": "jane.doe"}
    post([EVENT, empty, unknown, empty, {**unknown, "type": "b"}, 7], BATCH)
    assert reasons() == [
        ("request", "page.viewed", "SCHEMA", 2),
        ("request", "other", "UNKNOWN_TYPE", 2),
    ]
