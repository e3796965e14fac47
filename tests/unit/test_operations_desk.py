"""What the operations page's server answers, how often it asks AWS, and what the page may load."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest

from local.operations.desk import Desk, is_complete
from local.operations.kept import Kept, KeptByKey
from local.operations.page import FOLDER, POLICY, files
from local.operations.server import answer
from tests import operations_aws as aws
from tests import operations_cloud as canned
from tests import operations_flight as flight


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def cloud() -> aws.CannedCloud:
    return canned.canned_cloud()


@pytest.fixture
def desk(cloud: aws.CannedCloud) -> Desk:
    return Desk(cloud.client, aws.STACK, flight.record)


def told(desk: Desk, target: str) -> tuple[HTTPStatus, Any]:
    reply = answer(desk, target)
    return reply.status, json.loads(reply.body)


# --- kept answers -------------------------------------------------------------------------------


def counter() -> Iterator[int]:
    yield from range(100)


def test_an_answer_is_made_once_until_its_time_is_over() -> None:
    clock, numbers = Clock(), counter()
    kept = Kept(lambda: next(numbers), 2, clock)
    assert [kept.get(), kept.get()] == [0, 0]
    clock.now = 2
    assert kept.get() == 1


def test_nothing_is_made_before_somebody_asks() -> None:
    numbers = counter()
    Kept(lambda: next(numbers), 2, Clock())
    assert next(numbers) == 0


def test_a_failure_is_kept_too() -> None:
    made: list[int] = []

    def fail() -> None:
        made.append(1)
        raise ValueError("no")

    kept = Kept(fail, 2, Clock())
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            kept.get()
    assert len(made) == 1


def test_only_the_questions_asked_last_are_kept() -> None:
    made: list[str] = []
    kept = KeptByKey(made.append, 2, most=2, clock=Clock())
    for key in "abacaba":
        kept.get(key)
    assert made == ["a", "b", "c", "b"]


# --- answers ------------------------------------------------------------------------------------


def test_many_viewers_ask_aws_once(cloud: aws.CannedCloud, desk: Desk) -> None:
    for _ in range(5):
        assert told(desk, "/api/overview")[0] == HTTPStatus.OK
    assert cloud.operations("cloudwatch").count("GetMetricData") == 1
    assert cloud.operations("cloudformation") == ["ListStackResources"]


def test_nothing_is_asked_without_a_viewer(cloud: aws.CannedCloud, desk: Desk) -> None:
    assert answer(desk, "/").status == HTTPStatus.OK
    assert cloud.asked == []


def test_a_filter_that_xray_refuses_is_the_viewers_mistake(desk: Desk) -> None:
    status, problem = told(desk, "/api/traces?filter=!!")
    assert status == HTTPStatus.BAD_REQUEST
    assert "Invalid filter" in problem["title"]


def test_a_service_that_fails_is_told_as_such(cloud: aws.CannedCloud, desk: Desk) -> None:
    def fail(_: Any) -> Any:
        raise aws.Refused("AccessDenied", "Not allowed")

    cloud.answers["xray", "GetServiceGraph"] = fail
    status, problem = told(desk, "/api/map")
    assert (status, problem["title"]) == (HTTPStatus.BAD_GATEWAY, "GetServiceGraph: Not allowed")


@pytest.mark.parametrize(
    "target",
    [
        "/api/event?key=../../secrets",
        f"/api/event?key={'0' * 64}",
        "/api/trace?id=1-00000000-000000000000000000000000",
        "/api/execution?name=a/b",
        "/api/nothing",
        "/api/../server.py",
        "/../server.py",
        "/index.html",
    ],
)
def test_what_is_not_there_is_not_found(desk: Desk, target: str) -> None:
    assert told(desk, target)[0] == HTTPStatus.NOT_FOUND


def test_a_filter_is_at_most_what_xray_takes(desk: Desk) -> None:
    assert told(desk, "/api/traces?filter=" + "a" * 2001)[0] == HTTPStatus.BAD_REQUEST


def test_the_endpoint_is_asked_once_for_an_event_that_is_loaded(cloud: aws.CannedCloud) -> None:
    asked: list[str] = []

    def ask(key: str) -> Any:
        asked.append(key)
        return flight.record(key)

    desk = Desk(cloud.client, aws.STACK, ask)
    for _ in range(2):
        desk._event(aws.KEY)  # past what is kept for two seconds
    assert asked == [aws.KEY]


def test_the_way_of_an_event_is_asked_for_until_it_is_complete(desk: Desk) -> None:
    way = desk._event(aws.KEY)
    assert desk._event(aws.KEY) is way
    end = datetime.fromtimestamp((way["at"] + way["ms"]) / 1000, UTC)
    assert is_complete(way, end + timedelta(seconds=11))
    assert not is_complete(way, end + timedelta(seconds=9))
    assert not is_complete({**way, "parts": way["parts"][:-1]}, end + timedelta(seconds=11))


def test_what_is_no_key_does_not_get_into_an_address(cloud: aws.CannedCloud) -> None:
    asked: list[str] = []

    def ask(key: str) -> None:
        asked.append(key)

    desk = Desk(cloud.client, aws.STACK, ask)
    assert told(desk, "/api/event?key=../status")[0] == HTTPStatus.NOT_FOUND
    assert not asked


def test_the_latest_event_is_offered(desk: Desk) -> None:
    assert told(desk, "/api/latest-event")[1] == {"event_key": aws.KEY}


# --- the page -----------------------------------------------------------------------------------


def test_all_that_the_page_names_is_served_and_nothing_else() -> None:
    index = (FOLDER / "index.html").read_text()
    named = set(re.findall(r'(?:src|href)="([^"#:]+)"', index))
    assert {f"/{name}" for name in named} | {"/"} == set(files())
    assert {path.name for path in FOLDER.glob("*.[jc]s*")} <= named


def test_the_page_refers_to_nothing_outside_itself() -> None:
    for name, file in files().items():
        text = file.body.decode().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://", text), name


def test_the_page_puts_no_data_into_markup() -> None:
    own = "".join(path.read_text() for path in FOLDER.glob("*.js"))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|style=", own)


def test_the_policy_allows_the_page_itself_and_nothing_else() -> None:
    directives = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["trusted-types"] == "'none'"
    assert {directives[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert "unsafe" not in POLICY
