"""What happens if API Gateway keeps errors in its cache, too, as people report that it does.

Each of these is a harm, not a promise: docs/endpoint.md tells them, and how to find out on AWS.
"""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from local.cloud import LocalCloud
from local.feed import send_uploads
from local.run import deploy_template
from local.stack import Stack
from pipeline.event import event_key

TTL_SECONDS = 8
TYPE = "/v1/metrics/flight.departed"


class KeepingErrors(LocalCloud):
    """A local cloud whose cache keeps whatever a function returned."""

    def _emulator_settings(self) -> dict[str, str]:
        return {**super()._emulator_settings(), "LOCAL_CACHE_KEEPS_ERRORS": "1"}


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with KeepingErrors(tmp_path_factory.mktemp("keeping")) as started:
        yield started


@pytest.fixture(scope="module")
def keeper(keeping: LocalCloud) -> Iterator[Stack]:
    outputs = deploy_template(keeping, CacheTtlSeconds=str(TTL_SECONDS), ReadsPerSecond="1")
    found = Stack.on_machine(keeping, outputs)
    yield found
    found.close()


def ask(stack: Stack, path: str, **question: str) -> requests.Response:
    key = {"x-api-key": stack.api_key}
    return requests.get(stack.url + path, params=question, headers=key, timeout=35)


def told(answer: requests.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.headers.get("X-Cache")


def other() -> str:
    """Make a question that nobody has asked."""
    return f"carrier:{uuid.uuid4()}"


def test_an_unknown_parameter_spoils_the_question_without_it(keeper: Stack) -> None:
    question = {"stat": "count", "filter": other()}
    assert told(ask(keeper, TYPE, **question, x="1")) == (400, "Miss")
    assert told(ask(keeper, TYPE, **question)) == (400, "Hit")
    time.sleep(TTL_SECONDS)
    assert told(ask(keeper, TYPE, **question)) == (200, "Miss")


def test_a_good_answer_hides_an_unknown_parameter(keeper: Stack) -> None:
    question = {"stat": "count", "filter": other()}
    time.sleep(1)  # the budget is one a second
    assert told(ask(keeper, TYPE, **question)) == (200, "Miss")
    assert told(ask(keeper, TYPE, **question, x="1")) == (200, "Hit")


def test_a_refusal_for_haste_outlasts_its_retry_after(keeper: Stack) -> None:
    def ask_again(question: dict[str, str]) -> tuple[requests.Response, requests.Response]:
        first = ask(keeper, TYPE, **question)
        time.sleep(float(first.headers.get("Retry-After", 0)))
        return first, ask(keeper, TYPE, **question)

    questions = [{"filter": other()} for _ in range(16)]
    with ThreadPoolExecutor(len(questions)) as threads:
        pairs = list(threads.map(ask_again, questions))
    refused = [pair for pair in pairs if pair[0].status_code == requests.codes.too_many_requests]
    assert refused
    assert {int(first.headers["Retry-After"]) for first, _ in refused} <= set(range(TTL_SECONDS))
    assert {told(again) for _, again in refused} == {(429, "Hit")}


def test_an_event_that_is_not_known_yet_is_asked_for_anew(
    keeper: Stack, week: list[dict[str, Any]]
) -> None:
    event = {**week[0], "id": str(uuid.uuid4())}
    path = f"/v1/events/{event_key(event['source'], event['id'])}"
    time.sleep(1)
    assert told(ask(keeper, path)) == (404, None)  # this path is not cached, for this reason
    send_uploads(keeper, [event])
    deadline = time.monotonic() + 120
    while (answer := ask(keeper, path)).status_code != requests.codes.ok:
        assert time.monotonic() < deadline, "not found in time"
        time.sleep(1)
    assert told(answer) == (200, None)


def test_an_outage_outlasts_itself(keeper: Stack, keeping: LocalCloud) -> None:
    question = {"filter": other()}
    keeping.stop_warehouse()
    first, second = ask(keeper, TYPE, **question), ask(keeper, TYPE, **question)
    assert first.status_code in (503, 504)
    assert told(second) == (first.status_code, "Hit")
    assert second.headers["Retry-After"] == first.headers["Retry-After"]
