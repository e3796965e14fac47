"""The endpoint as `sam local start-api` serves it from containers, asked over HTTP.

It is asked the same questions as the local cloud's API Gateway, over the same data. SAM serves it
without the stage in its path, and without keys, cache and throttling.
"""

import gzip
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local.processes import HOST, free_port
from local.sam_local import SamLocal
from local.stack import Stack

Row = dict[str, Any]
Poll = Callable[[Callable[[], bool], str], None]
Ask = Callable[[str], tuple[requests.Response, requests.Response]]

if not os.environ.get("TEST_SAM"):
    pytest.skip("runs in containers, by `make test-sam`", allow_module_level=True)

DELAYS = "measure=dep_delay&interval=day&timezone=America/New_York&group_by=carrier"


@pytest.fixture(scope="module")
def api(sam: SamLocal, until: Poll, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the endpoint; a container that has answered once stays for the next."""
    port = free_port()
    log = tmp_path_factory.mktemp("api") / "sam.log"
    with log.open("w") as output, sam.start(
        "start-api", "--port", str(port), "--warm-containers", "LAZY",
        stdout=output, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            until(lambda: listens(process, port, log), "the endpoint listens")
            yield f"http://{HOST}:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def listens(process: subprocess.Popen[str], port: int, log: Path) -> bool:
    assert process.poll() is None, log.read_text(encoding="utf-8")
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@pytest.fixture
def ask(api: str, stack: Stack) -> Ask:
    """Ask SAM's endpoint and the local cloud's the same."""

    def both(path: str) -> tuple[requests.Response, requests.Response]:
        key = {"x-api-key": stack.api_key, "Cache-Control": "max-age=0"}
        theirs = stack.session.get(stack.url + path, headers=key, timeout=35)
        return stack.session.get(api + path, timeout=60), theirs

    return both


def timeless(answer: requests.Response) -> Row:
    """Read an answer but for the moment it was given."""
    read: Row = answer.json()
    read.pop("as_of", None)
    return read


@pytest.mark.parametrize(
    "path",
    [
        "/v1/metrics",
        f"/v1/metrics/flight.departed?{DELAYS}&stat=avg",
        f"/v1/metrics/flight.departed?{DELAYS}&stat=p95&filter=origin:JFK|LGA&order=-value",
        "/v1/metrics/flight.cancelled?group_by=origin&order=-count",
        "/v1/metrics/page.viewed?measure=visitor&stat=distinct&group_by=page",
        "/v1/events?type=flight.cancelled&limit=3",
        "/v1/events?type=page.viewed&from=2013-01-03",
    ],
)
def test_a_question_gets_the_local_cloud_s_answer(ask: Ask, path: str) -> None:
    ours, theirs = ask(path)
    assert (ours.status_code, theirs.status_code) == (200, 200)
    assert ours.headers["Content-Type"] == theirs.headers["Content-Type"]
    assert timeless(ours) == timeless(theirs)
    rows = timeless(ours).get("rows", timeless(ours).get("events", timeless(ours).get("types")))
    assert rows


def test_rows_as_csv_are_the_local_cloud_s(ask: Ask) -> None:
    ours, theirs = ask(f"/v1/metrics/flight.departed?{DELAYS}&format=csv")
    assert ours.headers["Content-Type"] == theirs.headers["Content-Type"]
    assert ours.content == theirs.content
    assert len(ours.content.splitlines()) > 5


def test_an_event_is_told_as_the_local_cloud_tells_it(ask: Ask, stack: Stack) -> None:
    (event,) = stack.get("/v1/events", type="flight.departed", limit="1")["events"]
    ours, theirs = ask(f"/v1/events/{event['event_key']}")
    assert timeless(ours) == timeless(theirs)
    assert ours.json()["event"]["data"] == event["data"]


def test_the_status_counts_what_is_loaded(ask: Ask) -> None:
    ours, theirs = ask("/v1/status")
    assert ours.json()["events"] == theirs.json()["events"]
    assert ours.json()["events"]["loaded"] >= 640


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/metrics/page.viewed?unknown=1", 400),
        ("/v1/metrics/no.such.type", 404),
        (f"/v1/events/{'0' * 64}", 404),
    ],
)
def test_a_wrong_question_gets_the_same_problem(ask: Ask, path: str, status: int) -> None:
    ours, theirs = ask(path)
    assert (ours.status_code, theirs.status_code) == (status, status)
    assert ours.headers["Content-Type"].startswith("application/problem+json")
    assert ours.json() == theirs.json()


def test_the_dashboard_is_the_local_cloud_s(ask: Ask) -> None:
    ours, theirs = ask("/")
    assert ours.text == theirs.text
    assert ours.headers["Content-Security-Policy"] == theirs.headers["Content-Security-Policy"]


def test_the_description_is_the_local_cloud_s_but_for_the_address(ask: Ask) -> None:
    ours, theirs = (answer.json() for answer in ask("/openapi.json"))
    assert {**ours, "servers": []} == {**theirs, "servers": []}


def test_an_answer_that_is_known_already_is_not_sent_again(api: str, stack: Stack) -> None:
    url = f"{api}/v1/metrics/flight.departed?group_by=origin"
    tag = stack.session.get(url, timeout=60).headers["ETag"]
    again = stack.session.get(url, headers={"If-None-Match": tag}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")


def test_an_event_sent_to_it_gets_into_the_warehouse(api: str, stack: Stack, until: Poll) -> None:
    event: Row = {
        "specversion": "1.0",
        "id": "sent to a container",
        "source": "/containers",
        "type": "page.viewed",
        "time": "2013-01-01T09:00:00Z",
        "data": {"page": "/ü", "visitor": "v1", "duration_ms": 9007199254740993},
    }
    answer = stack.session.post(
        f"{api}/v1/events",
        json=event,
        headers={"Content-Type": "application/cloudevents+json"},
        timeout=60,
    )
    assert answer.status_code == 202
    (told,) = answer.json()["events"]

    def found() -> Row:
        url = f"{api}/v1/events/{told['event_key']}"
        read: Row = stack.session.get(url, timeout=60).json()
        return read

    until(lambda: found()["status"] == "loaded", "the event is loaded")
    assert found()["event"]["data"] == event["data"]


def test_an_export_is_started_and_fetched(api: str, stack: Stack, until: Poll) -> None:
    wanted = {"of": "metrics", "type": "flight.departed", "group_by": "carrier", "format": "csv"}
    started = stack.session.post(f"{api}/v1/exports", json=wanted, timeout=60)
    assert started.status_code == 202
    told: Row = {}

    def is_over() -> bool:
        url = f"{api}/v1/exports/{started.json()['id']}"
        told.update(stack.session.get(url, timeout=60).json())
        return bool(told["status"] != "running")

    until(is_over, "the export is over")
    assert told["status"] == "done", told
    (file,) = told["files"]
    rows = gzip.decompress(requests.get(file["url"], timeout=35).content).splitlines()
    counts = stack.get("/v1/metrics/flight.departed", fresh=True, group_by="carrier")["rows"]
    assert len(rows) == 1 + len(counts) == 1 + told["rows"]
