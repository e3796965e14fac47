"""The operations page beside a stack that runs: what it shows is what AWS's own APIs say."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.answers import wait_until_loaded
from local.cloud import LocalCloud
from local.feed import send_through_all
from local.operations.opening import operations_page
from local.resources import Resources
from local.run import STACK_NAME, deploy_template, send_and_read_one
from local.sample import week
from local.stack import Stack
from tests.browser import chromium
from tests.browser.chromium import Driver
from tests.browser.operations import Operations
from tests.conftest import PATIENCE

pytestmark = pytest.mark.slow

NODES = ("Clients", "ReceiveRequest", "EventQueue", "StageBatch", "PrepareBatch", "EnrichEvents",
         "DetectAnomalies", "SummariseBatch", "LoadBatches", "ReadEvents")  # fmt: skip
STEPS = ["Enrich events", "Detect anomalies", "Summarise batch"]
SENT = 400
OURS = "EventsToEndpoints"
ONLY_IN_FAULTS = {
    "AnnouncementsMalformed": "somebody else wrote to LoadQueue",
    "ComputationsFailed": "a step of the state machine failed",
    "DataApiThrottles": "AWS refused calls",
    "DeliveriesFailed": "an entrance could not reach its queue",
    "EventsDuplicate": "somebody sent an event twice",
    "EventsInConflict": "somebody sent two events by one id",
    "EventsQuarantined": "an event broke its schema",
    "EventsRejected": "what was sent is no event",
    "FactsEarly": "facts overtook their events",
    "ForeignMessages": "somebody else wrote to EventQueue",
    "LoadsFailed": "the warehouse refused a load",
    "RequestsRefused": "a request could not be read",
    "StaleAnswers": "the warehouse gave no answer",
}  # what of the dashboard is not written while all is well, and what writes it


def until(question: Any, promise: str) -> Any:
    return chromium.until(question, promise, PATIENCE)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as cloud:
        running = Stack.on_machine(cloud, deploy_template(cloud))
        yield running
        running.close()


@pytest.fixture(scope="module")
def event_key(stack: Stack) -> str:
    """The key of a flight that came alone, after others that came through every entrance."""
    events = week()[:SENT]
    send_through_all(stack, events)
    wait_until_loaded(stack, SENT, PATIENCE)
    return send_and_read_one(stack, events)


@pytest.fixture(scope="module")
def charts(stack: Stack, event_key: str) -> list[dict[str, Any]]:
    """The charts of CloudWatch's dashboard, as it was deployed, after a check."""
    assert event_key
    ids = Resources.find(stack.client("cloudformation"), STACK_NAME).physical
    answer = stack.client("lambda").invoke(FunctionName=ids["CheckConservationFunction"])
    assert "FunctionError" not in answer
    dashboard = stack.client("cloudwatch").get_dashboard(DashboardName=ids["Dashboard"])
    return [one["properties"] for one in json.loads(dashboard["DashboardBody"])["widgets"]]


@pytest.fixture(scope="module")
def base(stack: Stack, event_key: str) -> Iterator[str]:
    assert event_key
    with operations_page(stack, STACK_NAME) as url:
        yield url


@pytest.fixture
def page(browser: Driver, base: str) -> Operations:
    return Operations(browser, base)


def total(stack: Stack, metric: str, **dimensions: str) -> float:
    """Ask CloudWatch for the total of the last quarter of an hour, in one piece."""
    given = {"service": STACK_NAME} | dimensions
    answer = stack.client("cloudwatch").get_metric_statistics(
        Namespace=OURS,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in given.items()],
        StartTime=datetime.now(UTC) - timedelta(minutes=15),
        EndTime=datetime.now(UTC) + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def test_the_flow_counts_what_cloudwatch_counts(page: Operations, stack: Stack) -> None:
    page.open("now")
    for entrance in ("request", "webhook", "change", "upload"):
        told = total(stack, "EventsReceived", entrance=entrance)
        assert told
        until(
            lambda e=entrance, told=told: float(page.figure(e, "received_in_all") or -1) == told,
            f"what came in by {entrance} is counted",
        )
    shown = sum(
        float(page.figure(entrance, "received_in_all") or 0)
        for entrance in ("request", "webhook", "change", "upload")
    )
    assert shown == total(stack, "EventsReceived") == SENT + 1


def test_a_minute_is_shown_as_a_rate_once_it_is_over(page: Operations, stack: Stack) -> None:
    page.open("now")
    until(lambda: float(page.figure("load", "loaded") or 0) > 0, "the minute of the load is over")
    assert float(page.figure("load", "loaded") or 0) * 60 <= total(stack, "EventsLoaded")


def test_freshness_and_queues_are_shown(page: Operations) -> None:
    page.open("now")
    until(lambda: page.figure("warehouse", "freshness"), "the freshness is shown")
    assert float(page.figure("warehouse", "freshness") or -1) >= 0
    assert (page.figure("event-queue", "waiting"), page.figure("load-queue", "dlq")) == ("0", "0")
    assert int(page.figure("event-queue", "sent") or 0) > 0


def test_what_is_not_loaded_yet_stands_at_the_load_queue(
    page: Operations, charts: list[dict[str, Any]]
) -> None:
    assert charts  # a check was made
    page.open("now")
    until(lambda: page.figure("load-queue", "events"), "the numbers of the check are shown")
    shown = [page.figure("load-queue", name) for name in ("batches", "events")]
    assert shown == ["0", "0"]


def test_all_alarms_of_the_stack_are_listed_with_their_states(
    page: Operations, stack: Stack
) -> None:
    pages = stack.client("cloudwatch").get_paginator("describe_alarms").paginate(
        AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )  # fmt: skip
    alarms = [alarm for one in pages for alarm in (*one["MetricAlarms"], *one["CompositeAlarms"])]
    page.open("now")
    until(page.alarms, "the alarms are shown")
    assert alarms
    assert len(page.alarms()) == len(alarms)
    assert {state for _, state in page.alarms()} <= {"OK", "ALARM", "INSUFFICIENT_DATA"}


def test_the_flight_is_followed_from_its_post_to_its_reading(
    page: Operations, event_key: str
) -> None:
    page.open(f"event={event_key}")
    until(lambda: "read" in page.parts(), "all traces have come")
    told = " ".join(page.parts()).split()
    assert list(dict.fromkeys(told)) == ["entrance", "stage", "prepare", "load", "read"]
    names = [name for name, _ in page.spans()]
    places = [next(n for n, name in enumerate(names) if step in name)
              for step in ("ReceiveRequest", "StageBatch", "EnrichEvents", "DetectAnomalies",
                           "SummariseBatch", "LoadBatches", "ReadEvents")]  # fmt: skip
    lefts = [page.spans()[place][1] for place in places]
    assert lefts == sorted(lefts)


def test_the_map_shows_the_stages(page: Operations) -> None:
    page.open("map")
    until(lambda: page.all("[data-node]"), "the map is shown")
    nodes = [name for (name,) in page.data("[data-node]", "node")]
    missing = [wanted for wanted in NODES if not any(wanted in name for name in nodes)]
    assert not missing
    assert page.all(".edge")
    assert page.data('[data-type="AWS::ApiGateway::Stage"]', "node")


def test_an_execution_has_its_steps_in_order(page: Operations) -> None:
    page.open("executions")
    until(lambda: page.listed("#execution-list"), "the executions are listed")
    page.find("#execution-list tbody a").click()
    until(page.steps, "the steps are shown")
    assert page.steps()[:3] == [(name, "succeeded") for name in STEPS]


# --- CloudWatch's own dashboard ------------------------------------------------------------


def metric_of(row: list[Any]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Read namespace, name and dimensions off a row of a chart."""
    namespace, name, *pairs = [part for part in row if isinstance(part, str)]
    return namespace, name, tuple(sorted(zip(pairs[::2], pairs[1::2], strict=True)))


def test_what_the_dashboard_shows_is_written_with_just_these_dimensions(
    stack: Stack, charts: list[dict[str, Any]]
) -> None:
    rows = [row for chart in charts for row in chart.get("metrics", ())]
    shown = {metric_of(row) for row in rows if row[0] == OURS}
    pages = stack.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace=OURS)
    written = {
        (OURS, one["MetricName"], tuple(sorted((d["Name"], d["Value"]) for d in one["Dimensions"])))
        for page in pages
        for one in page["Metrics"]
    }
    assert ONLY_IN_FAULTS.keys() < {name for _, name, _ in shown}
    assert {name for _, name, _ in shown - written} <= ONLY_IN_FAULTS.keys()


def test_the_chart_shows_what_was_received_and_not_staged(
    stack: Stack, charts: list[dict[str, Any]]
) -> None:
    (chart,) = [one for one in charts if one["title"] == "flow: received and staged"]
    queries = [query_of(row, chart) for row in chart["metrics"]]
    now = datetime.now(UTC)
    answer = stack.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries,
        StartTime=now - timedelta(hours=3),
        EndTime=now + timedelta(minutes=5),
        ScanBy="TimestampAscending",
    )
    values = {one["Id"]: one["Values"] for one in answer["MetricDataResults"]}
    received, staged = sum(values["received"]), sum(values["staged"])
    # A function that ends after it has sent and before it counts is sent the same again.
    assert staged >= SENT + 1
    assert values["between"][-1] == received - staged <= 0


def query_of(row: list[Any], chart: dict[str, Any]) -> dict[str, Any]:
    """Ask for what a row of a chart shows."""
    *_, options = row
    if "expression" in options:
        return {"Id": options["id"], "Expression": options["expression"]}
    namespace, name, pairs = metric_of(row)
    dimensions = [{"Name": key, "Value": value} for key, value in pairs]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": chart["period"], "Stat": options.get("stat", chart["stat"])}
    return {"Id": options["id"], "MetricStat": stat}
