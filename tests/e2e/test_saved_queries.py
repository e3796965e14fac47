"""Each saved query of the stack finds what it is for, in the logs of what just happened."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.recovery.deployment import Deployment
from local.run import STACK_NAME
from local.stack import Stack
from tests.e2e.faults.functions import configured, stream_blocked
from tests.e2e.faults.site import Site, look, page_views

Poll = Callable[[Callable[[], bool], str], None]
Row = dict[str, str]
Ask = Callable[..., list[Row]]

HOUR = 3600
STARTED = ("ReceiveRequest", "StageBatch", "EnrichEvents", "LoadBatches", "ReadEvents")
TOLD_OF_LOADS = ("loaded", "duplicates", "conflicts", "quarantined", "facts")


@pytest.fixture(scope="module")
def site(cloud: LocalCloud, stack: Stack) -> Site:
    return Site(stack, Deployment.on_cloud(cloud))


@pytest.fixture(scope="module")
def correlation_id(site: Site) -> Iterator[str]:
    """Send a good event and an unknown one, ask, block the stream; the id is of what was sent."""
    events = [*page_views(1), *page_views(1, type="page.unheard")]
    answer = site.post("/v1/events", events)
    for limit in (1, 2):
        site.ask(f"/v1/events?type=page.viewed&limit={limit}")
    with stream_blocked(site):
        yield answer.headers["x-correlation-id"]


@pytest.fixture(scope="module")
def ask(site: Site, correlation_id: str) -> Ask:  # noqa: ARG001 (it asks for what was sent)
    logs = site.client("logs")
    saved = logs.describe_query_definitions(queryDefinitionNamePrefix=f"{STACK_NAME}/")
    queries = {one["name"].partition("/")[2]: one for one in saved["queryDefinitions"]}

    def run(name: str, **values: str) -> list[Row]:
        query, now = queries[name], int(time.time())
        text = query["queryString"]
        for parameter, value in values.items():
            text = text.replace(f"{{{{{parameter}}}}}", value)
        assert "{{" not in text
        started = logs.start_query(
            logGroupNames=query["logGroupNames"],
            queryString=text,
            startTime=now - HOUR,
            endTime=now + HOUR,
        )
        answer: dict[str, Any] = logs.get_query_results(queryId=started["queryId"])
        assert answer["status"] == "Complete"
        return [{one["field"]: one["value"] for one in row} for row in answer["results"]]

    return run


def test_an_event_is_followed_from_its_receipt_to_its_load(
    ask: Ask, until: Poll, correlation_id: str
) -> None:
    def batches() -> set[str]:
        rows = ask("follow one correlation id", correlation_id=correlation_id)
        return {row["batch_id"] for row in rows if row.get("batch_id")}

    until(lambda: bool(batches()), "the staging function names the batch")
    [batch_id] = batches()

    def told() -> set[str]:
        rows = ask("follow one batch", batch_id=batch_id)
        return {row.get("message", "") for row in rows}

    until(lambda: "loaded" in told(), "the loading function names it too")


def test_what_nobody_logged_is_followed_nowhere(ask: Ask) -> None:
    assert ask("follow one correlation id", correlation_id="never-sent") == []
    assert ask("follow one batch", batch_id="never-staged") == []


def test_errors_are_counted_by_function_and_problem(ask: Ask, until: Poll, site: Site) -> None:
    until(lambda: bool(ask("errors by function")), "the blocked stream is told")
    (row,) = ask("errors by function")
    assert row["function"] == site.id("ReceiveChangeFunction")
    assert row["problem"] == "the queue took nothing; the stream waits"
    assert int(row["errors"]) >= 1
    assert row["stream"]


def test_exceptions_and_timeouts_are_among_the_errors(ask: Ask, site: Site) -> None:
    check = "CheckConservationFunction"
    with configured(site, check, Handler="json.loads"):  # which fails, given two arguments
        look(site)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nobody = {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        with configured(site, check, Timeout=1, Variables=nobody):
            look(site)
    rows = [row for row in ask("errors by function") if row["function"] == site.id(check)]
    assert {row["problem"]: row["errors"] for row in rows} == {"TypeError": "1", "timeout": "1"}


def test_an_exception_that_an_older_runtime_wrote_is_among_the_errors(ask: Ask, site: Site) -> None:
    log = {"logGroupName": site.id("FunctionLogs"), "logStreamName": "2024/05/01/Probe[1]0"}
    site.client("logs").create_log_stream(**log)
    line = {"log_level": "ERROR", "errorType": "KeyError", "requestId": "r", "stackTrace": []}
    event = {"timestamp": int(time.time() * 1000), "message": json.dumps(line)}
    site.client("logs").put_log_events(**log, logEvents=[event])
    (row,) = [row for row in ask("errors by function") if row["function"] == "Probe"]
    assert (row["problem"], row["errors"], row["stream"]) == ("KeyError", "1", log["logStreamName"])


def test_readers_are_listed_slowest_first(ask: Ask, until: Poll) -> None:
    until(lambda: len(ask("slowest readers")) == 2, "both questions were measured")
    first, second = ask("slowest readers")
    assert float(first["duration_ms"]) >= float(second["duration_ms"]) > 0
    assert (first["method"], first["route"], first["status"]) == ("GET", "/v1/events", "200")
    assert first["correlation_id"] != second["correlation_id"]


def test_what_was_quarantined_is_counted_by_entrance_type_and_fault(ask: Ask, until: Poll) -> None:
    until(lambda: bool(ask("why events were quarantined")), "the unknown event is counted")
    assert ask("why events were quarantined") == [
        {"entrance": "request", "event_type": "other", "code": "UNKNOWN_TYPE", "events": "1"}
    ]


def test_loads_tell_what_became_of_their_events(ask: Ask, until: Poll) -> None:
    def told() -> dict[str, int]:
        rows = ask("loads and their durations")
        assert all(row["load_id"] and int(row["duration_ms"]) > 0 for row in rows)
        return {name: sum(int(row[name]) for row in rows) for name in TOLD_OF_LOADS}

    expected = {"loaded": 1, "duplicates": 0, "conflicts": 0, "quarantined": 1, "facts": 1}
    until(lambda: told() == expected, f"the loads tell {expected}")


def test_cold_starts_are_counted_by_function(
    ask: Ask, until: Poll, functions: dict[str, str]
) -> None:
    names = [functions[f"{name}Function"] for name in STARTED]
    until(lambda: {*names} <= {row["function_name"] for row in ask("cold starts")}, "all started")
    rows = ask("cold starts")
    started = {row["function_name"]: int(row["starts"]) for row in rows}
    assert all(started[name] >= 1 for name in names)
    assert list(started.values()) == sorted(started.values(), reverse=True)
