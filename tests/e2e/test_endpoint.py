"""What a caller of the endpoint sees: keys, errors, the cache, and the way of one event."""

import gzip
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from local.feed import sign
from local.stack import EndpointError, Stack
from pipeline.catalogue import load_catalogue
from pipeline.event import make_row, number_line, receive_at

Poll = Callable[[Callable[[], bool], str], None]
STRUCTURED = "application/cloudevents+json"


def page_view(**changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/shop",
        "type": "page.viewed",
        "time": "2024-05-01T12:00:00Z",
        "data": {"page": "/", "visitor": "v1", "duration_ms": 1200},
        **changes,
    }


def post(stack: Stack, event: Any, content_type: str = STRUCTURED) -> requests.Response:
    return stack.session.post(
        f"{stack.url}/v1/events",
        json=event,
        headers={"x-api-key": stack.api_key, "Content-Type": content_type},
        timeout=35,
    )


def find(stack: Stack, event_key: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = stack.get(f"/v1/events/{event_key}", fresh=True)
    except EndpointError:
        return None
    return found


def is_kept(stack: Stack, event_key: str) -> bool:
    found = find(stack, event_key)
    return found is not None and found["status"] in {"loaded", "quarantined"}


def test_an_event_can_be_followed_to_the_warehouse(stack: Stack, until: Poll) -> None:
    event = page_view(data={"page": "/ü", "visitor": "v1", "exact": 9007199254740993})
    answer = post(stack, event)
    assert answer.status_code == 202
    key = answer.json()["events"][0]["event_key"]
    until(lambda: is_kept(stack, key), "the event is in the warehouse")
    found = find(stack, key)
    assert found is not None
    assert (found["status"], found["event"]["entrance"]) == ("loaded", "request")
    assert found["event"]["data"] == event["data"]


def test_a_measure_keeps_every_digit(stack: Stack, until: Poll) -> None:
    visitor = str(uuid.uuid4())
    exact = 9007199254740993  # 2^53 + 1, which a double cannot hold
    data = {"page": "/", "visitor": visitor, "duration_ms": exact}
    assert post(stack, page_view(data=data)).status_code == 202
    question = {"measure": "duration_ms", "stat": "sum", "filter": f"visitor:{visitor}"}

    def values() -> list[int]:
        rows = stack.get("/v1/metrics/page.viewed", fresh=True, **question)["rows"]
        return [row["value"] for row in rows if row["count"]]

    until(lambda: values() == [exact], "the measure is there, exact")


def test_what_breaks_its_schema_is_kept_with_place_and_reason(stack: Stack, until: Poll) -> None:
    answer = post(stack, page_view(data={"page": 7, "visitor": "v1"}))
    assert answer.status_code == 202
    told = answer.json()["events"][0]
    assert (told["status"], told["reason"], told["path"]) == (
        "quarantined",
        "SCHEMA",
        "$.data.page",
    )
    until(lambda: is_kept(stack, told["event_key"]), "the event is in quarantine")
    found = find(stack, told["event_key"])
    assert found is not None
    assert (found["status"], found["event"]) == ("quarantined", None)
    assert found["quarantined"][0]["path"] == "$.data.page"


def test_one_bad_event_does_not_hold_up_its_batch(stack: Stack) -> None:
    batch = [page_view(), {"id": "no source"}, page_view()]
    answer = post(stack, batch, "application/cloudevents-batch+json")
    assert answer.status_code == 202
    assert [event["status"] for event in answer.json()["events"]] == [
        "accepted",
        "rejected",
        "accepted",
    ]


def test_another_event_under_a_known_key_goes_to_quarantine(stack: Stack, until: Poll) -> None:
    event = page_view()
    key = post(stack, event).json()["events"][0]["event_key"]
    until(lambda: is_kept(stack, key), "the first one is loaded")
    conflicts = stack.get("/v1/status", fresh=True)["events"]["conflicts"]
    post(stack, {**event, "data": {"page": "/other", "visitor": "v1"}})
    until(
        lambda: bool(stack.get("/v1/status", fresh=True)["events"]["conflicts"] > conflicts),
        "the other one is in quarantine",
    )
    found = find(stack, key)
    assert found is not None
    assert found["event"]["data"]["page"] == "/"
    assert found["quarantined"][0]["reason"] == "ID_CONFLICT"


def test_a_webhook_is_taken_only_with_its_signature(stack: Stack, until: Poll) -> None:
    body = b'{"type":"page.viewed","timestamp":"2024-05-01T12:00:00Z","data":{"page":"/w","visitor":"v"}}'
    url = f"{stack.webhook_url}default"
    headers = {"Content-Type": "application/json", **sign(stack.webhook_secret, body)}
    answer = stack.session.post(url, data=body, headers=headers, timeout=35)
    assert answer.status_code == 202
    key = answer.json()["events"][0]["event_key"]
    until(lambda: is_kept(stack, key), "the webhook's event is loaded")
    headers["webhook-signature"] = "v1,AAAA"
    assert stack.session.post(url, data=body, headers=headers, timeout=35).status_code == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/metrics/page.viewed?unknown=1", 400),
        ("/v1/metrics/page.viewed?group_by=nothing", 400),
        ("/v1/metrics/page.viewed?stat=avg", 400),
        ("/v1/metrics/page.viewed?limit=0", 400),
        ("/v1/metrics/page.viewed?from=2024-02-01&to=2024-01-01", 400),
        ("/v1/metrics/no.such.type", 404),
        ("/v1/events/123", 400),
        (f"/v1/events/{'0' * 64}", 404),
    ],
)
def test_a_wrong_question_gets_a_problem(stack: Stack, path: str, status: int) -> None:
    answer = stack.session.get(
        f"{stack.url}{path}", headers={"x-api-key": stack.api_key}, timeout=35
    )
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["status"] == status


@pytest.mark.parametrize("key", [{}, {"x-api-key": "wrong"}])
def test_nobody_without_a_key_gets_in(stack: Stack, key: dict[str, str]) -> None:
    assert stack.session.get(f"{stack.url}/v1/metrics", headers=key, timeout=35).status_code == 403


def test_an_equal_question_is_answered_by_the_cache(stack: Stack) -> None:
    headers = {"x-api-key": stack.api_key}
    url = f"{stack.url}/v1/metrics/page.viewed"
    question = {"group_by": "page", "filter": f"visitor:{uuid.uuid4()}"}
    first = stack.session.get(url, params=question, headers=headers, timeout=35)
    second = stack.session.get(url, params=question, headers=headers, timeout=35)
    assert first.json()["as_of"] == second.json()["as_of"]


def test_another_question_is_never_answered_by_the_cache(stack: Stack) -> None:
    one = stack.get("/v1/metrics/page.viewed", group_by="page")
    other = stack.get("/v1/metrics/page.viewed", group_by="visitor")
    third = stack.get("/v1/metrics/flight.departed", group_by="carrier")
    assert one["group_by"] == ["page"]
    assert other["group_by"] == ["visitor"]
    assert third["type"] == "flight.departed"


def test_an_event_that_waits_in_the_lake_is_told_to_be_staged(stack: Stack) -> None:
    """As after an announcement that is delayed: the batch lies there, and nobody loads it yet."""
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    event = page_view(id=now, source="/waiting", time=now)
    row = make_row(event, receive_at("request", datetime.now(UTC)), load_catalogue())
    line = number_line(row.line, f"waiting-{now}", 0)
    place = f"batches/date={now[:10]}/waiting-{now}.jsonl.gz"
    body = gzip.compress(f"{line}\n".encode())
    stack.client("s3").put_object(Bucket=stack.bucket, Key=place, Body=body)
    found = find(stack, row.event_key)
    assert found
    assert (found["status"], found["event"]["data"]) == ("staged", event["data"])
    assert [step["step"] for step in found["history"]] == ["received", "staged"]
    assert found["history"][1]["object"] == place


def test_an_event_goes_its_way_step_by_step(stack: Stack, until: Poll) -> None:
    (told,) = post(stack, page_view()).json()["events"]
    seen = [""]

    def is_loaded() -> bool:
        found = find(stack, told["event_key"])
        seen.append(found["status"] if found else "")
        return seen[-1] == "loaded"

    until(is_loaded, "the event is loaded")
    order = ["", "staged", "prepared", "loaded"]
    assert seen == sorted(seen, key=order.index)
