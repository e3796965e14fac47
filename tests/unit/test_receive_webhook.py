"""Webhooks: only what is proven is taken, and who cannot prove it learns nothing."""

import base64
import importlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from pipeline.errors import DeliveryFailed
from pipeline.receive.signature import (
    SecretMalformed,
    SignatureRefused,
    key_of,
    sign,
    verify,
)

EVENTS = Path(__file__).parents[2] / "events"
# checkov:skip=CKV_SECRET_6:made up, and what events/receive_webhook.json is signed with
SECRET = "whsec_bWFkZS11cC1mb3ItdGhlLXNhbXBsZS1wYXlsb2Fk"
OLD = "whsec_" + base64.b64encode(b"the-one-before").decode()
GENERATED = "aGeneratedStringOfTheSecretsManager0123456789ABCD"
NOW = 1_767_262_620
BODY = '{"type":"page.viewed","timestamp":"2026-01-01T10:00:00Z","data":{"page":"/","visitor":"v"}}'
Deliver = Callable[..., dict[str, Any]]


class Queue:
    """Keeps rows, or refuses them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.refuses = False

    def send(self, lines: Iterable[str], _correlation_id: str) -> int:
        if self.refuses:
            raise DeliveryFailed("refused")
        self.rows.extend(json.loads(line) for line in lines)
        return len(self.rows)


class Store:
    """Hands out secrets, or fails."""

    def __init__(self) -> None:
        self.secrets: Any = {"shop": [SECRET, OLD], "default": GENERATED}
        self.fails = False

    def get(self, _name: str, **_: Any) -> Any:
        if self.fails:
            raise GetParameterError("down")
        return self.secrets


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENT_QUEUE_URL", "https://sqs.example/queue")
        patch.setenv("WEBHOOK_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:123456789012:secret:s")
        yield importlib.import_module("pipeline.receive.webhook")


@pytest.fixture
def queue(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Queue:
    fake = Queue()
    monkeypatch.setattr(module, "queue", fake)
    return fake


@pytest.fixture
def store(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Store:
    fake = Store()
    monkeypatch.setattr(module, "store", fake)
    return fake


@pytest.fixture
def deliver(module: ModuleType, queue: Queue, store: Store, context: object) -> Deliver:
    assert queue
    assert store

    def send(body: str | bytes = BODY, path: str = "/shop", **headers: str) -> dict[str, Any]:
        raw = body.encode() if isinstance(body, str) else body
        signed = signed_headers(raw) | {k.replace("_", "-"): v for k, v in headers.items()}
        request = sample()
        request |= {
            "rawPath": path,
            "headers": signed,
            "body": base64.b64encode(raw).decode(),
            "isBase64Encoded": True,
        }
        answer = module.handler(request, context)
        return {**answer, "body": json.loads(answer["body"])}

    return send


def sample() -> Any:
    return json.loads((EVENTS / "receive_webhook.json").read_text())


def signature(raw: bytes, secret: str, delivery: str = "msg_1", at: int | None = None) -> str:
    at = int(time.time()) if at is None else at
    return "v1," + sign(key_of(secret), f"{delivery}.{at}.".encode() + raw).decode()


def signed_headers(raw: bytes, secret: str = SECRET, delivery: str = "msg_1") -> dict[str, str]:
    at = int(time.time())
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(raw, secret, delivery, at),
    }


def test_the_sample_delivery_is_signed_as_it_says() -> None:
    request = sample()
    delivery, signed_at = verify(request["headers"], request["body"].encode(), [SECRET], NOW)
    assert (delivery, signed_at) == (request["headers"]["webhook-id"], NOW)


def test_a_resigned_sample_is_accepted(
    module: ModuleType, queue: Queue, store: Store, context: object
) -> None:
    request = sample()
    store.secrets = {"default": [SECRET]}
    request["headers"] |= signed_headers(request["body"].encode())
    assert module.handler(request, context)["statusCode"] == 202
    [row] = queue.rows
    assert (row["source"], row["id"]) == ("/webhooks/default", "msg_1")
    assert (row["entrance"], row["type"]) == ("webhook", "flight.departed")
    assert row["time"] == json.loads(request["body"])["timestamp"]


def test_an_old_sample_is_refused(
    module: ModuleType, queue: Queue, store: Store, context: object
) -> None:
    store.secrets = {"default": [SECRET]}
    assert module.handler(sample(), context)["statusCode"] == 401
    assert not queue.rows


def test_a_cloudevent_keeps_its_identity(deliver: Deliver, queue: Queue) -> None:
    event = json.loads(BODY) | {"specversion": "1.0", "id": "7", "source": "/site"}
    event["time"] = event.pop("timestamp")
    assert deliver(json.dumps(event))["statusCode"] == 202
    assert deliver(json.dumps([event, {**event, "id": "8"}]))["body"]["accepted"] == 2
    assert [row["id"] for row in queue.rows] == ["7", "7", "8"]


def test_an_endpoint_cannot_speak_for_others(deliver: Deliver) -> None:
    event = json.loads(BODY) | {"specversion": "1.0", "id": "7"}
    del event["timestamp"]
    statuses = [
        deliver(json.dumps({**event, "source": source}))["statusCode"]
        for source in ("/webhooks/shop", "/webhooks/default", "s3://b/k", "dynamodb:t")
    ]
    assert statuses == [202, 403, 403, 403]


def test_a_secret_in_rotation_stays_valid(deliver: Deliver, store: Store) -> None:
    old = signature(BODY.encode(), OLD)
    assert deliver(webhook_signature=old)["statusCode"] == 202
    store.secrets = {"shop": [SECRET]}
    assert deliver(webhook_signature=signature(BODY.encode(), OLD))["statusCode"] == 401


def test_only_two_secrets_are_live(deliver: Deliver, store: Store) -> None:
    store.secrets = {"shop": [GENERATED, GENERATED, SECRET]}
    assert deliver()["statusCode"] == 401


def test_a_generated_text_is_a_secret(deliver: Deliver) -> None:
    given = signature(BODY.encode(), GENERATED)
    assert deliver(path="/default", webhook_signature=given)["statusCode"] == 202


def test_one_of_several_signatures_suffices(deliver: Deliver) -> None:
    right = signature(BODY.encode(), SECRET)
    several = f"v1,{'A' * 43}= v2,xyz {right} v1a,abc"
    assert deliver(webhook_signature=several)["statusCode"] == 202


def test_headers_sent_twice_are_joined_and_accepted(deliver: Deliver) -> None:
    right = signature(BODY.encode(), SECRET)
    joined = {"webhook_signature": f"{right},{right}", "webhook_id": "msg_1,msg_1"}
    assert deliver(**joined)["statusCode"] == 202


def test_header_names_are_of_any_case(
    module: ModuleType, queue: Queue, store: Store, context: object
) -> None:
    store.secrets = {"default": [SECRET]}
    request = sample()
    signed = signed_headers(request["body"].encode())
    request["headers"] = {name.title(): value for name, value in signed.items()}
    assert module.handler(request, context)["statusCode"] == 202
    assert queue.rows


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook_signature": ""},
        {"webhook_signature": "v1"},
        {"webhook_signature": "v1 abc"},
        {"webhook_signature": "v1,###"},
        {"webhook_signature": "v1," + "A" * 43},
        {"webhook_signature": "v1a," + "A" * 43 + "="},
        {"webhook_signature": "é"},
        {"webhook_signature": f"v1,{'A' * 43}= " * 100_000},
        {"webhook_id": ""},
        {"webhook_id": "a.b"},
        {"webhook_id": "x" * 10_000},
        {"webhook_id": "a\x00"},
        {"webhook_id": "other"},
        {"webhook_id": "msg_1,msg_2"},
        {"webhook_timestamp": ""},
        {"webhook_timestamp": "now"},
        {"webhook_timestamp": "-1"},
        {"webhook_timestamp": "1e9"},
        {"webhook_timestamp": "٣" * 10},
        {"webhook_timestamp": "9" * 5000},
    ],
    ids=lambda headers: repr(headers)[:40],
)
def test_unproven_deliveries_are_all_told_the_same(
    deliver: Deliver, queue: Queue, headers: dict[str, str]
) -> None:
    answer = deliver(**headers)
    assert answer["statusCode"] == 401
    assert answer["body"]["detail"] == deliver(path="/nowhere")["body"]["detail"]
    assert not queue.rows


@pytest.mark.parametrize("path", ["/nowhere", "/", "", "/shop/x", "//", "/../shop"])
def test_an_unknown_endpoint_is_not_found_in_the_same_words(deliver: Deliver, path: str) -> None:
    answer = deliver(path=path)
    assert (answer["statusCode"], answer["body"]["code"]) == (404, "NOT_VERIFIED")


@pytest.mark.parametrize(
    ("offset", "proven"), [(-301, False), (-300, True), (-299, True), (299, True), (301, False)]
)
def test_signatures_live_300_seconds(offset: int, proven: bool) -> None:  # noqa: FBT001
    at = NOW + offset
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": str(at),
        "webhook-signature": signature(b"{}", SECRET, "m", at),
    }
    if proven:
        assert verify(headers, b"{}", [SECRET], NOW) == ("m", at)
    else:
        with pytest.raises(SignatureRefused):
            verify(headers, b"{}", [SECRET], NOW)


def test_json_written_anew_is_not_what_was_signed(deliver: Deliver) -> None:
    given = signature(BODY.encode(), SECRET)
    assert deliver(json.dumps(json.loads(BODY)), webhook_signature=given)["statusCode"] == 401


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"type":"\xff"}', "NOT_UTF8"),
        (b"", "EMPTY"),
        (b"[]", "EMPTY"),
        (b"7", "NOT_AN_OBJECT"),
        (b"{}", "MISSING"),
        (b'{"type":"url_verification","challenge":"x"}', "MISSING"),
        (b'{"type":"page.viewed","timestamp":"yesterday","data":{}}', "INVALID"),
        (b'{"type":"page.viewed","timestamp":1767262620,"data":{}}', "INVALID"),
        (b'{"type":"a","type":"b"}', "DUPLICATE_KEY"),
    ],
)
def test_proven_but_malformed_is_a_bad_request(deliver: Deliver, body: bytes, code: str) -> None:
    answer = deliver(body)
    assert (answer["statusCode"], answer["body"]["code"]) == (400, code)


def test_proven_but_against_its_schema_is_quarantined(
    deliver: Deliver, queue: Queue, reasons: Callable[[], list[tuple[Any, ...]]]
) -> None:
    assert deliver('{"type":"page.viewed","data":{}}')["body"]["quarantined"] == 1
    assert queue.rows[0]["reason"] == "SCHEMA"
    assert reasons() == [("webhook", "page.viewed", "SCHEMA", 1)]


def test_bad_base64_and_encodings_are_refused(
    module: ModuleType, queue: Queue, store: Store, context: object
) -> None:
    assert store
    bad = {**sample(), "body": "%%%", "isBase64Encoded": True}
    assert module.handler(bad, context)["statusCode"] == 400
    packed = sample()
    packed["headers"]["content-encoding"] = "gzip"
    assert module.handler(packed, context)["statusCode"] == 415
    assert not queue.rows


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "TRACE"])
def test_only_post_is_taken(
    module: ModuleType, queue: Queue, store: Store, context: object, method: str
) -> None:
    assert not queue.rows
    assert store
    request = sample()
    request["requestContext"]["http"]["method"] = method
    assert module.handler(request, context)["statusCode"] == 405


def test_without_the_secrets_nothing_is_taken(deliver: Deliver, store: Store) -> None:
    store.fails = True
    answer = deliver()
    assert answer["statusCode"] == 503
    assert answer["headers"]["Retry-After"] == "5"


@pytest.mark.parametrize("stored", ["whsec_###", "whsec_", [7], {"a": "b"}, 7])
def test_a_secret_that_is_none_is_our_fault(deliver: Deliver, store: Store, stored: Any) -> None:
    store.secrets = {"shop": stored}
    assert deliver()["statusCode"] == 503


def test_an_empty_secret_is_no_key() -> None:
    with pytest.raises(SecretMalformed):
        key_of("")


def test_without_the_queue_nothing_is_acknowledged(deliver: Deliver, queue: Queue) -> None:
    queue.refuses = True
    assert deliver()["statusCode"] == 503


def test_secrets_never_reach_the_logs(
    deliver: Deliver, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.secrets = {"shop": ["whsec_no-base64!"]}
    deliver()
    assert "no-base64" not in capsys.readouterr().out
