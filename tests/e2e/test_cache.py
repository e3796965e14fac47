"""The cache's contract: no two questions share an answer, and what happens when data move or fail."""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
import requests

from local.cloud import LocalCloud
from local.feed import send_uploads
from local.stack import Stack
from pipeline.serve.asking.contract import ROUTES

Event = dict[str, Any]
Poll = Callable[[Callable[[], bool], str], None]
Place = tuple[int, str]  # of an event in the order of loads: version and key
PATIENCE_SECONDS = 120
OWN = {"type": "flight.departed", "measure": "dep_delay", "stat": "avg", "interval": "day",
       "timezone": "America/New_York", "from": "2013-01-01", "to": "2013-01-08",
       "group_by": "carrier", "filter": "origin:JFK", "order": "-value", "limit": "5",
       "format": "json"}  # fmt: skip
# Another value for each parameter: whoever asks with it must not get the other one's answer.
OTHER = {"type": "flight.arrived", "measure": "distance", "stat": "max", "interval": "week",
         "timezone": "Asia/Tokyo", "from": "2013-01-03", "to": "2013-01-05",
         "group_by": "origin", "filter": "origin:LGA", "order": "value", "limit": "3",
         "format": "csv"}  # fmt: skip
PAGE = {"type": "flight.departed", "from": "2013-01-01", "to": "2013-01-08",
        "filter": "entrance:upload", "limit": "3", "format": "json"}  # fmt: skip
OTHER_PAGE = {"type": "flight.cancelled", "from": "2013-01-02", "to": "2013-01-04",
              "filter": "entrance!:upload", "limit": "2", "format": "ndjson"}  # fmt: skip


def ask(stack: Stack, path: str, question: dict[str, str], **headers: str) -> requests.Response:
    return stack.session.get(
        f"{stack.url}{path}",
        params=question,
        headers={"x-api-key": stack.api_key, **headers},
        timeout=35,
    )


def metric(stack: Stack, question: dict[str, str], **headers: str) -> requests.Response:
    rest = {name: value for name, value in question.items() if name != "type"}
    return ask(stack, f"/v1/metrics/{question['type']}", rest, **headers)


def without_clock(answer: requests.Response) -> str:
    """Take the moment of asking out, which is all that may differ between two equal answers."""
    return answer.text.replace(answer.headers["As-Of"], "")


def test_every_parameter_of_the_contract_is_tried_here() -> None:
    paths = {route.path: route for route in ROUTES if route.method == "GET"}
    metrics = {parameter.name for parameter in paths["/v1/metrics/{type}"].parameters}
    pages = {parameter.name for parameter in paths["/v1/events"].parameters}
    assert metrics == set(OWN) == set(OTHER)
    assert pages - {"cursor"} == set(PAGE) == set(OTHER_PAGE)


@pytest.mark.parametrize("name", OWN)
def test_two_clients_whose_questions_differ_in_one_parameter_share_nothing(
    flown: Stack, name: str
) -> None:
    changed = {**OWN, name: OTHER[name]}
    first, second = metric(flown, OWN), metric(flown, changed)
    again = metric(flown, OWN), metric(flown, changed)
    assert [answer.status_code for answer in (first, second, *again)] == [200] * 4
    assert first.text != second.text
    assert [answer.text for answer in again] == [first.text, second.text]
    fresh = metric(flown, changed, **{"Cache-Control": "max-age=0"})
    assert without_clock(fresh) == without_clock(second)


@pytest.mark.parametrize("name", [name for name in OWN if name != "type"])  # it is the path
def test_a_parameter_that_is_left_out_is_another_question(flown: Stack, name: str) -> None:
    less = {key: value for key, value in OWN.items() if key != name}
    metric(flown, OWN)
    answer = metric(flown, less)
    fresh = metric(flown, less, **{"Cache-Control": "max-age=0"})
    assert answer.status_code == fresh.status_code
    if answer.status_code == requests.codes.ok:
        assert without_clock(answer) == without_clock(fresh)


@pytest.mark.parametrize("name", PAGE)
def test_two_pages_that_differ_in_one_parameter_share_nothing(flown: Stack, name: str) -> None:
    changed = {**PAGE, name: OTHER_PAGE[name]}
    first, second = ask(flown, "/v1/events", PAGE), ask(flown, "/v1/events", changed)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.text != second.text
    fresh = ask(flown, "/v1/events", changed, **{"Cache-Control": "max-age=0"})
    assert events_of(second) == events_of(fresh)


def events_of(answer: requests.Response) -> str:
    """Leave the cursors out: they name the second at which they end."""
    return answer.text.split('"next"')[0].replace(answer.headers["As-Of"], "")


def test_the_next_page_is_another_answer(flown: Stack) -> None:
    first = ask(flown, "/v1/events", PAGE).json()
    second = ask(flown, "/v1/events", {**PAGE, "cursor": first["next"]}).json()
    keys = [[event["event_key"] for event in page["events"]] for page in (first, second)]
    assert all(keys)
    assert not set(keys[0]) & set(keys[1])


@pytest.mark.usefixtures("cloud")
def test_an_equal_question_comes_from_the_cache_even_if_spelled_otherwise(flown: Stack) -> None:
    run = str(uuid.uuid4())
    question = {"group_by": "carrier", "filter": f"carrier:UA|{run}"}
    first = metric(flown, {"type": "flight.departed", **question})
    second = metric(flown, {"type": "flight.departed", **question})
    spelled = {**question, "filter": f"carrier:{run}|UA", "limit": "1000", "timezone": "UTC"}
    third = metric(flown, {"type": "flight.departed", **spelled})
    caches = [answer.headers["X-Cache"] for answer in (first, second, third)]
    assert caches == ["Miss", "Hit", "Miss"]
    assert first.text == second.text
    assert without_clock(third) == without_clock(first)


def test_who_has_the_answer_is_told_so_and_nobody_else(flown: Stack) -> None:
    first = metric(flown, OWN)
    known = metric(flown, OWN, **{"If-None-Match": first.headers["ETag"]})
    other = metric(flown, OWN)
    outdated = metric(flown, OWN, **{"If-None-Match": 'W/"0-0"'})
    assert [a.status_code for a in (first, known, other, outdated)] == [200, 304, 200, 200]
    assert known.text == ""
    assert other.text == first.text
    assert without_clock(outdated) == without_clock(first)


def test_the_version_and_the_tag_move_when_a_load_commits(
    flown: Stack, week: list[Event], until: Poll
) -> None:
    def fresh() -> requests.Response:
        return metric(flown, OWN, **{"Cache-Control": "max-age=0"})

    answers = [fresh(), fresh()]
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    version = int(answers[0].headers["Data-Version"])
    send_uploads(flown, [{**week[0], "id": str(uuid.uuid4())}])
    until(lambda: int(fresh().headers["Data-Version"]) > version, "a load has committed")
    moved = fresh()
    assert moved.headers["ETag"] != answers[0].headers["ETag"]
    assert moved.json()["data_version"] == int(moved.headers["Data-Version"])


def test_pages_go_on_without_gaps_while_loads_commit(
    flown: Stack, week: list[Event], until: Poll
) -> None:
    """Whatever was there at the start is seen once, and so is what is loaded meanwhile."""
    before = set(places_of_all(flown))
    assert len(before) == flown.get("/v1/status", fresh=True)["events"]["stored"]
    run = str(uuid.uuid4())
    uploads = [
        [{**event, "id": f"{run}-{event['id']}"} for event in week[start : start + 200]]
        for start in (0, 200, 400)
    ]
    wanted = len(before) + sum(map(len, uploads))
    seen: list[Place] = []
    question = {"limit": "200"}

    def see_a_page() -> bool:
        body = patiently(flown, question).json()
        seen.extend(places(body))
        question["cursor"] = body["resume"]
        if uploads:
            send_uploads(flown, uploads.pop())
        return len(seen) >= wanted

    until(see_a_page, "every event is on a page")
    assert all(one < other for one, other in pairwise(seen))
    assert len({event_key for _, event_key in seen}) == len(seen) == wanted
    assert before <= set(seen)


def places_of_all(stack: Stack) -> Iterator[Place]:
    """Page through the events that are there, up to the last page."""
    question = {"limit": "1000"}
    while True:
        body = patiently(stack, question).json()
        yield from places(body)
        if not body["next"]:
            return
        question["cursor"] = body["next"]


def places(page: dict[str, Any]) -> list[Place]:
    return [(event["version"], event["event_key"]) for event in page["events"]]


def patiently(stack: Stack, question: dict[str, str]) -> requests.Response:
    """Ask for a page past the caches, again as late as a busy endpoint says."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = ask(stack, "/v1/events", question, **{"Cache-Control": "max-age=0"})
        if answer.status_code != requests.codes.too_many_requests:
            assert answer.status_code == requests.codes.ok, answer.text
            return answer
        pause = int(answer.headers["Retry-After"])
        assert time.monotonic() + pause < deadline, f"busy for {PATIENCE_SECONDS} s"
        time.sleep(pause)


def test_the_last_good_answer_stands_in_for_a_warehouse_that_is_down(
    flown: Stack, request: pytest.FixtureRequest, until: Poll
) -> None:
    if os.environ.get("STACK_NAME"):
        pytest.skip("nobody stops a warehouse on AWS for a test")
    cloud: LocalCloud = request.getfixturevalue("cloud")
    good = metric(flown, OWN, **{"Cache-Control": "max-age=0"})
    cloud.stop_warehouse()
    answers: list[requests.Response] = []

    def is_stale() -> bool:
        answers.append(metric(flown, OWN, **{"Cache-Control": "max-age=0"}))
        return "Stale" in answers[-1].headers

    # An answer of the last seconds is given as it is, whoever asks past the caches.
    until(is_stale, "the warehouse is asked again")
    stale = answers[-1]
    assert {answer.status_code for answer in answers} == {200}
    assert stale.headers["Stale"] == "true"
    assert stale.json() == {**good.json(), "stale": True}
    never = metric(flown, {**OWN, "limit": "7"}, **{"Cache-Control": "max-age=0"})
    assert never.status_code in (503, 504)
    assert int(never.headers["Retry-After"]) > 0
    assert never.headers["Content-Type"] == "application/problem+json"
