"""Bad input at every entrance and at the endpoint: refused or quarantined, and harmless to others."""

import gzip
import json
import time
import uuid
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
import requests

from local.feed import sign
from local.stack import EndpointError, Stack

Poll = Callable[[Callable[[], bool], str], None]
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
# Planted in what is refused: it must turn up neither in answers nor in logs.
CANARY = "canary-5d1f"
# What leaks would look like.
INSIDES = ("SELECT", "arn:aws", "Traceback", "facts_", CANARY)
ROWS = {"format": {"DataType": "String", "StringValue": "rows.v1"}}

NAUGHTY = [
    "", " ", " lead and trail ", "NULL", "null", "\\N", "\\", "\\n", '"', "''", "' OR 1=1 --",
    "'; DROP TABLE events; --", "a|b", "a,b", "a:b", "%00", "%s%n", "${jndi:ldap://127.0.0.1/a}",
    "$$ $1 :name ::text", "-- /* */", "=cmd|'/c calc'!A0", "\t\r\n", "\x01\x1f\x7f\x85", "\u2028",
    "\ufeff", "\ufffe\uffff\ufdd0", "\U0010ffff", "\u200b\u202e", "ü", "u\u0308", "İıſß", "田中さん",
    "👩‍👩‍👧‍👦", "z\u0351\u036b", "\x1b[31m", "__proto__", "event_key", "NaN", "-0", "1e5", "👍" * 64,
]  # fmt: skip


def page_view(**changes: Any) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/bad",
        "type": "page.viewed",
        "time": "2024-05-01T12:00:00Z",
        "data": {"page": "/", "visitor": "v"},
    }
    return {name: value for name, value in (event | changes).items() if value is not None}


def key_of(event: dict[str, Any]) -> str:
    return sha256(f"{event['source']}\n{event['id']}".encode()).hexdigest()


def post(stack: Stack, body: Any, content_type: str = STRUCTURED, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"x-api-key": stack.api_key, "Content-Type": content_type, **headers}
    return stack.session.post(f"{stack.url}/v1/events", data=content, headers=named, timeout=35)


def hook(stack: Stack, body: bytes, path: str = "default", at: float = 0, **changes: str) -> Any:
    headers = {f"webhook-{name}": value for name, value in changes.items()}
    signed = {**sign(stack.webhook_secret, body, at=at), **headers}
    return stack.session.post(f"{stack.webhook_url}{path}", data=body, headers=signed, timeout=35)


def find(stack: Stack, event_key: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = stack.get(f"/v1/events/{event_key}", fresh=True)
    except EndpointError:
        return {"status": "not there"}
    return found


def expect(stack: Stack, until: Poll, statuses: dict[str, str]) -> None:
    for event_key, status in statuses.items():
        until(lambda key=event_key, s=status: find(stack, key)["status"] == s, f"it is {status}")  # type: ignore[misc]


def assert_problem(answer: requests.Response, status: int, case: object) -> None:
    assert answer.status_code == status, (case, answer.text)
    assert answer.headers["Content-Type"] == "application/problem+json", case
    assert answer.json()["status"] == status, case
    assert not any(word in answer.text for word in INSIDES), (case, answer.text)


def test_what_is_no_event_is_refused(stack: Stack) -> None:
    good = json.dumps(page_view()).encode()
    for body in (
        b"", b" \n", b"null", b"1", b'"x"', b"true", b"[]", good + b" x", good * 2,
        b"\xef\xbb\xbf" + good, b'{"' + CANARY.encode(), good.replace(b'"/"', b'"\\u0000"'),
        good.replace(b'"/"', b'"\\ud800"'), good.replace(b'"/"', b"1e400"),
        good.replace(b'"/"', b"NaN"), good.replace(b'"/"', b"9" * 5000),
        good.replace(b'"/"', b'"\xff"'), good.replace(b'"/"', b'"\xc0\xaf"'),
        good.replace(b'"/"', b'"\xed\xa0\x80"'),
        good.replace(b'"v"', b'"v","page":"/"'), b"[" * 100_000, b'{"a":' * 100_000,
    ):  # fmt: skip
        assert_problem(post(stack, body), 400, body[:60])
    broken: tuple[dict[str, Any], ...] = (
        {"id": None}, {"id": 5}, {"id": ""}, {"id": "x" * 256}, {"id": f"{CANARY}\n"},
        {"id": "\ufffe"}, {"source": None}, {"source": f"{CANARY} {CANARY}"}, {"type": None},
        {"specversion": "0.3"}, {"time": "2024-01-01T00:00:00"}, {"time": 1_700_000_000},
        {"time": "2024-01-01T00:00:60Z"}, {"time": CANARY}, {"data": CANARY}, {"data": None},
        {"data_base64": "eA=="}, {CANARY: 1}, {"ext": {}}, {"datacontenttype": "text/xml"},
    )  # fmt: skip
    for changes in broken:
        assert_problem(post(stack, page_view(**changes)), 400, changes)
    for source in ("/webhooks/default", "S3://lake/a", "dynamodb:table"):
        assert_problem(post(stack, page_view(source=source)), 403, source)


def test_what_is_no_batch_is_refused(stack: Stack) -> None:
    for body, status in (([], 400), ({}, 400), ([1, None], 400), ([page_view()] * 501, 413)):
        assert_problem(post(stack, body, BATCH), status, status)
    assert_problem(post(stack, page_view(data={"page": "x" * 1_100_000})), 413, "1 MiB")


def test_what_is_no_json_by_its_headers_is_refused(stack: Stack) -> None:
    for content_type in ("", "text/plain", "multipart/form-data", f"{STRUCTURED}; charset=utf-16"):
        assert_problem(post(stack, page_view(), content_type), 415, content_type)
    for encoding in ("gzip", "br"):
        answer = post(stack, page_view(), **{"Content-Encoding": encoding})
        assert_problem(answer, 415, encoding)
    for method in ("PUT", "DELETE", "TRACE"):
        headers = {"x-api-key": stack.api_key}
        answer = stack.session.request(method, f"{stack.url}/v1/events", headers=headers)
        assert_problem(answer, 404, method)


def test_a_webhook_that_is_not_proven_or_not_json_is_refused(stack: Stack) -> None:
    body = json.dumps({"type": "page.viewed", "data": {"page": "/", "visitor": CANARY}}).encode()
    good = sign(stack.webhook_secret, body)["webhook-signature"]
    for answer in (hook(stack, body, id=""), hook(stack, body, timestamp="")):
        assert_problem(answer, 401, "header")
    for signature in ("", good[3:], "v1,AAAA", good.replace("v1", "v2"), "v1,!!", "v1," * 1000):
        assert_problem(hook(stack, body, signature=signature), 401, signature[:9])
    for seconds in (-310, 310):
        assert_problem(hook(stack, body, at=time.time() + seconds), 401, seconds)
    assert_problem(hook(stack, body, path="nothing"), 404, "path")
    for text in (b"", b"null", b"[]", b"[" * 100_000, b'{"type":"page.viewed","data":5}'):
        assert_problem(hook(stack, text), 400, text[:20])
    assert stack.session.get(f"{stack.webhook_url}default").status_code == 405


def test_naughty_strings_come_back_as_they_were_sent(stack: Stack, until: Poll) -> None:
    run = uuid.uuid4().hex
    events = [
        page_view(data={"page": f"{run}{text}", "visitor": run, "referrer": text, text: [text]})
        for text in NAUGHTY
    ]
    told = post(stack, events, BATCH).json()["events"]
    assert {outcome["status"] for outcome in told} == {"accepted"}

    def rows(**question: str) -> list[Any]:
        found: list[Any] = stack.get("/v1/metrics/page.viewed", fresh=True, **question)["rows"]
        return found

    question = {"group_by": "referrer", "filter": f"visitor:{run}"}
    until(lambda: len(rows(**question)) == len(NAUGHTY), "the facts are there")
    assert {row["referrer"] for row in rows(**question)} == set(NAUGHTY)
    for event, text in zip(events, NAUGHTY, strict=True):
        assert find(stack, key_of(event))["event"]["data"] == event["data"]
        value = text.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|")
        found = rows(group_by="referrer", filter=f"visitor:{run},referrer:{value}")
        # Blanks at the end do not count in Redshift's comparisons.
        alike = [other for other in NAUGHTY if other.rstrip(" ") == text.rstrip(" ")]
        assert sorted((row["referrer"], row["count"]) for row in found) == sorted(
            (other, 1) for other in alike
        )


def test_data_of_65535_bytes_are_kept_and_one_more_is_quarantined(
    stack: Stack, until: Poll
) -> None:
    empty = {"page": "/", "visitor": "v", "z": ""}
    room = 65_535 - len(json.dumps(empty, separators=(",", ":")))
    events = []
    for character in ("a", "é", "👍", '"'):
        width = len(json.dumps(character, ensure_ascii=False).encode()) - 2
        longest = character * (room // width) + "a" * (room % width)
        events += [page_view(data=empty | {"z": text}) for text in (longest, longest + "a")]
    body = json.dumps(events, ensure_ascii=False).encode()
    told = post(stack, body, BATCH).json()["events"]
    assert [outcome["status"] for outcome in told] == ["accepted", "quarantined"] * 4
    for event in events[::2]:
        expect(stack, until, {key_of(event): "loaded"})
        assert find(stack, key_of(event))["event"]["data"] == event["data"]
    expect(stack, until, dict.fromkeys(map(key_of, events[1::2]), "quarantined"))


def test_a_broken_upload_costs_its_lines_or_itself(stack: Stack, until: Poll) -> None:
    events = [page_view() for _ in range(6)]
    lines = [json.dumps(event).encode() for event in events]
    header = b"id,source,type,time,page,visitor\n"
    cells = [f"{e['id']},/bad,page.viewed,2024-05-01T12:00:00Z,/,v\n".encode() for e in events]
    mixed = b"\r\n".join([lines[0], b'{"' + CANARY.encode(), b"", b"\xff", b"5", lines[1]])
    bodies = {
        "mixed.jsonl": mixed,
        "members.jsonl.gz": gzip.compress(lines[2] + b"\n") + gzip.compress(lines[3]),
        "cut.jsonl.gz": gzip.compress(json.dumps(page_view()).encode())[:-9],
        "named.jsonl.gz": b"not gzip",
        "zip.jsonl": b"PK\x03\x04",
        "half.json": b"[" + lines[5] + b",",
        "table.csv": header + cells[4] + b'1,"open\n' + b"\xff,,,,,\n" + b"ragged\n",
        "header.csv": b"page,page\n/,/\n",
        "empty.jsonl": b"",
    }
    versions, s3 = {}, stack.client("s3")
    for name, body in bodies.items():
        put = s3.put_object(Bucket=stack.bucket, Key=f"incoming/{name}", Body=body)
        versions[name] = put["VersionId"]
    places = [("mixed.jsonl", n) for n in (2, 4, 5)] + [("table.csv", n) for n in (3, 4, 5)]
    wholes = ("cut.jsonl.gz", "named.jsonl.gz", "zip.jsonl", "half.json", "header.csv")
    expect(stack, until, {key_of(event): "loaded" for event in events[:5]})
    for name, place in [*places, *((name, "object") for name in wholes)]:
        text = f"s3://{stack.bucket}/incoming/{name}\n{versions[name]}:{place}"
        expect(stack, until, {sha256(text.encode()).hexdigest(): "quarantined"})
    assert find(stack, key_of(events[5]))["status"] == "not there"


def test_an_odd_item_never_blocks_its_shard(stack: Stack, until: Poll) -> None:
    def put(name: str, **changes: Any) -> dict[str, str]:
        data = {"M": {"page": {"S": "/"}, "visitor": {"S": CANARY}}}
        item = {"pk": {"S": name}, "id": {"S": name}, "source": {"S": "/bad"}, "data": data}
        item |= {"type": {"S": "page.viewed"}, **changes}
        stack.client("dynamodb").put_item(TableName=stack.table, Item=item)
        return {"source": "/bad", "id": name}

    run = uuid.uuid4().hex
    bad = [
        put(f"{run}-1", data={"S": "{}"}),
        put(f"{run}-2", type={"N": "5"}),
        put(f"{run}-3", data={"M": {"page": {"S": "/"}, "visitor": {"S": "v" * 70_000}}}),
        put(f"{run}-4", time={"N": "1700000000"}),
    ]
    put(f"{run}-5", data={"M": {"page": {"B": b"\xff"}, "visitor": {"S": "v"}}})
    stack.client("dynamodb").put_item(TableName=stack.table, Item={"pk": {"S": run}})
    good = put(f"{run}-6")
    expect(stack, until, {key_of(good): "loaded"} | {key_of(one): "quarantined" for one in bad})


def queue_of(stack: Stack, name: str) -> str:
    urls: list[str] = stack.client("sqs").list_queues()["QueueUrls"]
    return next(url for url in urls if f"-{name}" in url)


@pytest.mark.usefixtures("cloud")
def test_foreign_messages_cost_only_themselves(stack: Stack, until: Poll) -> None:
    sqs, url = stack.client("sqs"), queue_of(stack, "EventQueue")
    head = (
        f'{{"event_key":"{"a" * 64}","fingerprint":"{"b" * 64}","entrance":"request","received_at":'
    )
    forged = (
        "hello", "{}", f'{head}"2024-01-01T00:00:00Z","x":', f'{head}":::::Z"}}',
        f'{head}"2024-01-01T00:00:00Z","data":"{{{{"}}', "é" * 400_000,
    )  # fmt: skip
    sent = [
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)["MessageId"]
        for body in forged
        for attributes in ({}, ROWS)
    ]
    event = page_view()
    assert post(stack, event).status_code == 202
    expect(stack, until, {key_of(event): "loaded"})
    keys = [sha256(f"sqs\n{message_id}".encode()).hexdigest() for message_id in sent]
    expect(stack, until, dict.fromkeys(keys, "quarantined"))


@pytest.mark.usefixtures("cloud")
def test_poison_on_the_load_queue_does_not_hold_up_the_others(stack: Stack, until: Poll) -> None:
    def announce(name: str, body: bytes | None, **changes: Any) -> str:
        key = f"batches/date=2024-01-01/{name}.jsonl.gz"
        if body is not None:
            stack.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=body)
        detail = {"batch_id": name, "bucket": stack.bucket, "key": key, "rows": 1, **changes}
        event = {"id": name, "detail-type": "BatchStaged", "source": "events-to-endpoints"}
        return json.dumps(event | {"detail": detail})

    row = json.dumps({"event_key": "a" * 64, "batch_id": "another"}).encode()
    run, event = uuid.uuid4().hex, page_view()
    messages = [
        "hello", "[]", "null", "{}", json.dumps({"Records": [{"eventSource": "aws:s3"}]}),
        announce(f"{run}-vanished", None), announce(f"{run}-empty", b""),
        announce(f"{run}-plain", row), announce(f"{run}-cut", gzip.compress(row)[:-9]),
        announce(f"{run}-half", gzip.compress(row[:-1])), announce(f"{run}-other", gzip.compress(row)),
        announce(run, None, bucket="another"), announce(run, None, key="batches/'.jsonl.gz"),
        announce(run, None, rows="1"), announce(run, None, rows=float("inf")),
        announce("'; --", None),
    ]  # fmt: skip
    for message in messages:
        url = queue_of(stack, "LoadQueue")
        stack.client("sqs").send_message(QueueUrl=url, MessageBody=message)
    assert post(stack, event).status_code == 202
    expect(stack, until, {key_of(event): "loaded"})
    assert find(stack, "a" * 64)["status"] == "not there"


@pytest.mark.parametrize(
    "query",
    [
        f"{CANARY}=1", "limit=1&limit=1", "limit=-1", "limit=1e9", "limit=", "limit=%D9%A1",
        f"from={CANARY}", "from=0000-01-01", "from=2024-01-01T00:00:00%2B99:00", "to=9999-12-31",
        "from=2024-01-02&to=2024-01-01", "interval=day%27", "stat=avg", f"measure={CANARY}",
        "group_by=", "group_by=page,page", "group_by=event_key", f"group_by={CANARY}%00",
        "filter=", "filter=page", "filter=page:%00", "filter=page:a,", f"filter={CANARY}:1",
        "filter=page:" + "%7C".join("a" * 101), "filter=page%3Ea%7Cb", "filter=duration_ms%3Ex",
        "filter=" + ",".join(f"page:{n}" for n in range(21)), "a;b", "%00=1",
        f"timezone={CANARY}", "timezone=", "timezone=..%2f..%2fetc", f"order={CANARY}", "order=",
        "order=value,value", "format=xml", "format=", "stat=p101&measure=duration_ms",
        "cursor=x", "interval=day&interval=day",
    ],
)  # fmt: skip
def test_an_odd_question_is_refused(stack: Stack, query: str) -> None:
    url = f"{stack.url}/v1/metrics/page.viewed?{query}"
    assert_problem(stack.session.get(url, headers={"x-api-key": stack.api_key}), 400, query)


def test_a_sum_beyond_a_double_is_still_json(stack: Stack, until: Poll) -> None:
    data = {"origin": "EWR", "wind_gust": 1.7e308}
    post(stack, [page_view(type="weather.observed", data=data) for _ in range(2)], BATCH)
    question = {"measure": "wind_gust", "stat": "sum", "filter": "origin:EWR"}

    def rows() -> Any:
        return stack.get("/v1/metrics/weather.observed", fresh=True, **question)["rows"]

    until(lambda: [row["count"] for row in rows()] == [2], "both are there")
    assert rows()[0]["value"] is None


@pytest.mark.usefixtures("cloud")
def test_nothing_was_put_aside_and_no_input_was_logged(stack: Stack) -> None:
    for name in ("EventDlq", "UploadDlq", "ChangeDlq"):
        answer = stack.client("sqs").get_queue_attributes(
            QueueUrl=queue_of(stack, name), AttributeNames=["ApproximateNumberOfMessages"]
        )
        assert answer["Attributes"]["ApproximateNumberOfMessages"] == "0", name
    logs = stack.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    pages = [logs.filter_log_events(logGroupName=group)["events"] for group in groups]
    texts = [event["message"] for page in pages for event in page]
    assert texts
    assert not [text for text in texts if CANARY in text or "jndi" in text]
