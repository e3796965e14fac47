"""Filter expressions of X-Ray: what matches, and where a wrong one is wrong."""

from typing import Any

import pytest

from local.tokens import MalformedQuery
from local.xray.filtering import matches
from local.xray.parsing import parse
from local.xray.trace import Trace

TRACE_ID = "1-6b0d1609-a4a18498721e3d4c2c4e0317"


def part(number: int, name: str, start: float, end: float, **members: Any) -> dict[str, Any]:
    times = {"start_time": start, "end_time": end}
    return {"id": f"{number:016x}", "trace_id": TRACE_ID, "name": name, **times, **members}


def http(status: int, url: str = "https://api/live/v1/events") -> dict[str, Any]:
    request = {"url": url, "method": "POST", "user_agent": "probe", "client_ip": "127.0.0.1"}
    return {"request": request, "response": {"status": status}}


TRACE = Trace(
    TRACE_ID,
    [
        part(1, "api/live", 100.0, 102.0, origin="AWS::ApiGateway::Stage", http=http(202)),
        part(
            2, "Receive", 100.1, 101.9, origin="AWS::Lambda::Function", parent_id=f"{1:016x}",
            user="somebody", resource_arn="arn:aws:lambda:us-east-1:1:function:Receive",
            subsegments=[
                part(3, "receive", 100.2, 100.3, annotations={"batch_id": "b-1", "n": 3, "ok": True}),
                part(4, "sqs", 100.3, 100.4, namespace="aws", aws={"queue_url": "q"}),
            ],
        ),
        part(5, "Late", 101.0, 105.0, origin="AWS::Lambda", parent_id=f"{2:016x}", fault=True),
    ],
)  # fmt: skip
FAILED = Trace(
    TRACE_ID, [part(1, "api/live", 100.0, 100.5, http=http(429), error=True, throttle=True)]
)


def is_match(expression: str, trace: Trace = TRACE) -> bool:
    return matches(trace, parse(expression))


@pytest.mark.parametrize(
    "expression",
    [
        'annotation.batch_id = "b-1"',
        'annotation[batch_id] = "b-1"',
        'annotation["batch_id"] CONTAINS "-"',
        'annotation.batch_id BEGINSWITH "b" AND annotation.batch_id ENDSWITH "1"',
        'annotation.batch_id != "b-2"',
        "annotation.n >= 3 AND annotation.n < 4",
        "annotation.ok = true",
        'http.url CONTAINS "/v1/events" and http.method = "POST"',
        "http.status = 202",
        'http.useragent = "probe" AND http.clientip BEGINSWITH "127."',
        "responsetime > 1.9 AND responsetime < 2.1",
        "duration >= 5",
        "ok AND NOT fault AND !error AND !(throttle)",
        "fault = false",
        "fault OR ok",
        "partial = false",
        'user = "somebody"',
        'resource.arn ENDSWITH ":Receive"',
        'name = "Receive" AND type = "AWS::SQS::Queue"',
        f'id = "{TRACE_ID}"',
        "service()",
        'service("Late") { fault }',
        'service("Receive") { annotation.n = 3 }',
        'service(id(name: "Receive", type: "AWS::Lambda::Function"))',
        'service(id(type: "AWS::SQS::Queue")) { inferred }',
        'service("api/live") { first AND http.status = 202 }',
        'edge("api/live", "Receive")',
        'edge("Receive", "Late") { fault AND responsetime > 3 }',
        'edge("Receive", id(type: "AWS::SQS::Queue"))',
    ],
)
def test_it_matches(expression: str) -> None:
    assert is_match(expression)


@pytest.mark.parametrize(
    "expression",
    [
        'annotation.batch_id = "b-2"',
        'annotation.Batch_id = "b-1"',
        'annotation.n = "3"',
        'annotation.missing != "anything"',
        "annotation.ok = false",
        "http.status = 500",
        "responsetime > 2.5",
        "duration < 5",
        "fault",
        "NOT ok",
        "ok AND fault",
        'service("Gone")',
        'service("Late") { ok }',
        'service("api/live") { annotation.n = 3 }',
        'edge("Receive", "api/live")',
        'edge("Receive", "Late") { ok }',
    ],
)
def test_it_does_not_match(expression: str) -> None:
    assert not is_match(expression)


def test_the_marks_are_those_of_the_root() -> None:
    assert is_match("error AND throttle AND http.status = 429 AND !ok", FAILED)


def test_and_binds_closer_than_or() -> None:
    assert is_match("ok OR ok AND fault")
    assert not is_match("(ok OR ok) AND fault")


def test_a_quote_in_a_value_is_escaped() -> None:
    told = Trace(TRACE_ID, [part(1, "a", 0, 1, annotations={"said": 'a "b"'})])
    assert is_match(r'annotation.said = "a \"b\""', told)


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("responsetime >", "expected a value, found the end at character 15"),
        ("nothing = 1", "expected a keyword, found 'nothing' at character 1"),
        ("fault AND", "expected a keyword, found the end at character 10"),
        ("fault ok", "expected the end, found 'ok' at character 7"),
        ("(fault", r"expected '\)', found the end at character 7"),
        ('responsetime = "1"', "expected a value that fits, found .*character 16"),
        ('http.url > "a"', "expected an operator that fits, found .*character 10"),
        ("annotation.n BEGINSWITH 3", "expected a value that fits, found .*character 25"),
        ("fault ~ true", "unexpected '~' at character 7"),
        ('service("a"', r"expected '\)', found .* at character 12"),
        ('edge("a")', "expected ',', found .* at character 9"),
        ('annotation.a = "open', "unexpected '\"' at character 16"),
        ("1fault", "unexpected '1' at character 1"),
        ("", "expected a keyword, found the end at character 1"),
    ],
)
def test_a_wrong_expression_is_told_where(expression: str, place: str) -> None:
    with pytest.raises(MalformedQuery, match=place):
        parse(expression)
