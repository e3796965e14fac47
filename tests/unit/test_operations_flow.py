"""The flow and the alarms of the operations page: from AWS's answers to what is shown."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.operations.alarms import read_alarms, read_description
from local.operations.figures import (
    MINUTES,
    Figure,
    Metric,
    ask_cloudwatch,
    metric_queries,
    read_results,
    value_of,
    window,
)
from local.operations.flow import read_flow
from local.operations.runbook import sections
from local.operations.stages import STAGES
from local.resources import Resources
from tests import operations_aws as aws
from tests import operations_cloud as canned

NOW = datetime(2026, 11, 30, 6, 7, 42, tzinfo=UTC)
START = datetime(2026, 11, 30, 5, 52, tzinfo=UTC)
RESOURCES = Resources.of(aws.STACK, canned.stack_resources()["StackResourceSummaries"])
TEMPLATE = (Path(__file__).parents[2] / "template.yaml").read_text()
ERRORS = Metric("AWS/Lambda", "Errors", {"FunctionName": "{StageBatchFunction}"})


@pytest.fixture(scope="module")
def stages() -> dict[str, dict[str, Any]]:
    client = canned.canned_cloud().client
    flow = read_flow(client("cloudwatch"), client("sqs"), RESOURCES, datetime.now(UTC))
    return {stage["name"]: stage for stage in flow}


def figure(stage: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in stage["figures"] if one["name"] == name]
    return dict(found)


def test_every_resource_of_the_flow_is_in_the_template() -> None:
    named = {
        name for stage in STAGES for name in (stage.queue, stage.dlq, *stage.functions) if name
    }
    named |= {
        name
        for stage in STAGES
        for one in stage.all_figures()
        for metric in one.metrics
        for value in metric.dimensions.values()
        for name in re.findall(r"\{(\w+)\}", value)
    }
    missing = {name for name in named - {"stack"} if f"\n  {name}:\n" not in TEMPLATE}
    assert named
    assert not missing


def test_figures_of_a_stage_have_names_of_their_own() -> None:
    for stage in STAGES:
        names = [one.name for one in stage.all_figures()]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("stage", "shown"),
    [
        ("event-queue", {"Messages": "NumberOfMessagesSent"}),
        (
            "load-queue",
            {"Batches not loaded yet": "BatchesBacklog", "Events in them": "EventsBacklog"},
        ),
    ],
)
def test_a_queues_stage_shows_what_stands_before_it(stage: str, shown: dict[str, str]) -> None:
    (found,) = [one for one in STAGES if one.name == stage]
    assert {one.label: metric.name for one in found.figures for metric in one.metrics} == shown
    queues = [metric.dimensions["QueueName"] for one in found.all_figures()
              for metric in one.metrics if metric.namespace == "AWS/SQS"]  # fmt: skip
    assert set(queues) == {f"{{{found.queue}}}"}


def test_each_number_of_the_check_stands_at_one_stage() -> None:
    told = {"EventsBacklog", "BatchesBacklog", "OldestUnloaded", "EventsMissing"}
    stands = {
        (metric.name, stage.name)
        for stage in STAGES
        for one in stage.all_figures()
        for metric in one.metrics
        if metric.name in told
    }
    assert stands == {
        ("EventsBacklog", "load-queue"),
        ("BatchesBacklog", "load-queue"),
        ("OldestUnloaded", "warehouse"),
        ("EventsMissing", "warehouse"),
    }


def test_the_window_is_whole_minutes_and_the_one_that_runs() -> None:
    assert window(NOW) == (START, datetime(2026, 11, 30, 6, 8, tzinfo=UTC))


def test_a_metric_that_two_figures_show_is_asked_once() -> None:
    figures = [Figure("one", "", (ERRORS,)), Figure("two", "", (ERRORS,), "rate")]
    (query,) = metric_queries(figures, RESOURCES.names())
    (dimension,) = query["MetricStat"]["Metric"]["Dimensions"]
    assert dimension == {
        "Name": "FunctionName",
        "Value": aws.physical("StageBatchFunction"),
    }


def test_a_queue_is_named_without_its_address() -> None:
    assert RESOURCES.names()["EventQueue"] == aws.physical("EventQueue")


def test_results_in_pieces_are_put_together_and_others_minutes_left_out() -> None:
    pieces = [
        {"Id": "m0", "Timestamps": [START + timedelta(minutes=1)], "Values": [4.0]},
        {"Id": "m0", "Timestamps": [START, START - timedelta(minutes=1)], "Values": [3.0, 9.0]},
    ]
    assert read_results(pieces, START)["m0"] == [3.0, 4.0, *[None] * (MINUTES - 1)]


@pytest.mark.parametrize(("shows", "value"), [("rate", 2.0), ("sum", 135), ("latest", 5)])
def test_a_series_is_shown_by_one_number(shows: str, value: float) -> None:
    assert value_of([10, None, 120, 5], shows) == value


def test_a_metric_without_any_value_is_none_not_zero() -> None:
    assert value_of([None] * 16, "latest") is None
    assert value_of([None] * 16, "rate") == 0


def test_metrics_of_one_figure_add_up(stages: dict[str, dict[str, Any]]) -> None:
    assert figure(stages["stage"], "errors")["value"] == 125
    assert figure(stages["prepare"], "errors")["value"] == 4 * 125


def test_a_rate_is_of_the_last_whole_minute(stages: dict[str, dict[str, Any]]) -> None:
    assert figure(stages["request"], "received")["value"] == 120 / 60


def test_each_entrance_asks_for_its_own_metric() -> None:
    cloud = canned.canned_cloud()
    figures = [one for stage in STAGES for one in stage.all_figures()]
    ask_cloudwatch(cloud.client("cloudwatch"), figures, RESOURCES.names(), NOW)
    ((_, _, params),) = cloud.asked
    entrances = {
        dimension["Value"]
        for query in params["MetricDataQueries"]
        for dimension in query["MetricStat"]["Metric"]["Dimensions"]
        if dimension["Name"] == "entrance"
    }
    assert entrances == {"request", "webhook", "change", "upload"}


def test_queues_tell_what_waits_and_what_is_in_work(stages: dict[str, dict[str, Any]]) -> None:
    queue = {"waiting": 3, "in_flight": 3, "delayed": 3}
    assert stages["event-queue"]["queue"] == {"name": "EventQueue", **queue}
    assert stages["load-queue"]["dlq"]["waiting"] == 1
    assert stages["stage"]["queue"] is None


def test_firing_alarms_come_first_and_others_are_left_out() -> None:
    found = read_alarms(canned.canned_cloud().client("cloudwatch"), RESOURCES)
    assert [(one["name"], one["state"]) for one in found["alarms"]] == [
        ("LoadingAlarm", "ALARM"),
        ("EndpointAlarm", "INSUFFICIENT_DATA"),
        ("EventDlqAlarm", "OK"),
    ]
    assert [one["name"] for one in found["changes"]] == ["LoadingAlarm"]


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ("It is late; see docs/runbook.md#a-b", ("It is late", "docs/runbook.md#a-b")),
        ("It is late; a deployment goes back", ("It is late; a deployment goes back", "")),
        ("", ("", "")),
    ],
)
def test_a_description_ends_with_the_section_of_the_runbook(
    description: str, told: tuple[str, str]
) -> None:
    assert read_description(description) == told


def test_an_alarm_has_the_section_of_the_runbook_beside_it() -> None:
    found = read_alarms(canned.canned_cloud().client("cloudwatch"), RESOURCES)["alarms"]
    assert "LoadQueue" in found[0]["advice"]
    assert found[1]["advice"] == ""


def test_a_section_goes_to_the_next_heading_and_links_are_words() -> None:
    text = "# R\n\nall\n\n## Dead letters: `make redrive`\n\nsee [A](#a).\n\n### B alarm\n\n# x\n"
    assert sections(text) == {"dead-letters-make-redrive": "see A.", "b-alarm": "# x"}
