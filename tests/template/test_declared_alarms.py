"""Alarms: each tells of what the code writes, whom it should, and what to do about it."""

import re
from typing import Any

import pytest

from local.monitoring.queries import Evaluation, Span, read_queries
from local.monitoring.store import Metric, MetricStore
from tests.template.metrics import DIVIDED, SERVICES, written
from tests.template.watching import (
    COMPOSITE,
    METRIC_ALARM,
    RUNBOOK,
    Properties,
    anchors,
    kebab,
    members_of,
    metrics_of,
    of_type,
)

Template = dict[str, Any]
Alarms = dict[str, Properties]

# What people are told; everything else only makes up one of these, or watches a deployment.
SYMPTOMS = {
    f"{name}Alarm"
    for name in (
        "BackgroundErrors", "BatchesGone", "ChangeDlq", "CheckSilent", "DeliveriesFailed", "Endpoint",
        "EventDlq", "EventQueueAge", "EventsMissing", "FactsMissing", "FunctionErrors",
        "FunctionThrottles", "LoadDlq", "Loading", "PreparationFailed", "PrepareDlq",
        "QuarantineShare", "RejectedShare", "RequestsRefused", "StreamAge", "UploadDlq",
        "WarehouseCost", "WarehouseThrottled",
    )
}  # fmt: skip
DAY = 86_400
MOST_METRICS = 10  # of an alarm with expressions


@pytest.fixture(scope="module")
def alarms(template: Template) -> Alarms:
    return of_type(template["Resources"], METRIC_ALARM, COMPOSITE)


@pytest.fixture(scope="module")
def simple(template: Template) -> Alarms:
    return of_type(template["Resources"], METRIC_ALARM)


@pytest.fixture(scope="module")
def composites(template: Template) -> Alarms:
    return of_type(template["Resources"], COMPOSITE)


def watching_deployments(template: Template) -> set[str]:
    """Name the alarms at which deployments go back."""
    functions = of_type(template["Resources"], "AWS::Serverless::Function").values()
    preferences = [one.get("DeploymentPreference", {}) for one in functions]
    return {alarm["Ref"] for one in preferences for alarm in one.get("Alarms", ())}


# --- who is told, and of what --------------------------------------------------------------


def test_people_are_told_of_symptoms_and_of_nothing_else(alarms: Alarms) -> None:
    assert len(SYMPTOMS) >= 15
    assert {name for name, alarm in alarms.items() if "AlarmActions" in alarm} == SYMPTOMS


def test_whoever_is_told_of_a_fault_is_told_of_its_end(alarms: Alarms) -> None:
    for name, alarm in alarms.items():
        told = [{"Ref": "AlertTopic"}] if name in SYMPTOMS else None
        assert alarm.get("AlarmActions") == alarm.get("OKActions") == told, name
        assert "InsufficientDataActions" not in alarm, name


def test_each_alarm_tells_itself_or_by_another_or_watches_a_deployment(
    template: Template, alarms: Alarms, composites: Alarms
) -> None:
    members = {member for one in composites.values() for member in members_of(one)}
    assert not members & SYMPTOMS
    assert members | SYMPTOMS | watching_deployments(template) == set(alarms)


def test_a_composite_is_made_of_alarms_on_metrics(simple: Alarms, composites: Alarms) -> None:
    for name, composite in composites.items():
        members = members_of(composite)
        assert len(members) >= 2, name
        assert set(members) <= set(simple), name
        rule = " OR ".join(f'ALARM("${{{member}}}")' for member in members)
        assert composite["AlarmRule"]["Fn::Sub"].split() == rule.split(), name


def test_an_alarm_has_the_condition_of_what_it_watches(template: Template) -> None:
    resources = template["Resources"]
    for name, alarm in of_type(resources, METRIC_ALARM).items():
        for metric, _ in metrics_of(alarm):
            for watched in re.findall(r"\$\{(\w+)", " ".join(metric.dimensions.values())):
                if "Condition" in resources.get(watched, {}):
                    assert resources[name].get("Condition"), name


# --- the runbook ---------------------------------------------------------------------------


def test_each_alarm_names_its_section_of_the_runbook(alarms: Alarms) -> None:
    there = anchors()
    for name, alarm in alarms.items():
        ending = f"; see docs/runbook.md#{kebab(name)}"
        assert alarm["AlarmDescription"].endswith(ending), name
        assert there.count(kebab(name)) == 1, name


def test_each_section_has_its_alarm(alarms: Alarms) -> None:
    told = {anchor for anchor in anchors() if anchor.endswith("-alarm")}
    assert told == {kebab(name) for name in alarms}


def test_links_within_the_runbook_lead_somewhere() -> None:
    links = re.findall(r"\]\(#([^)]*)\)", RUNBOOK.read_text(encoding="utf-8"))
    assert links
    assert set(links) - set(anchors()) == set()


def test_the_runbook_asks_for_resources_and_queries_that_there_are(
    template: Template,
) -> None:
    text, resources = RUNBOOK.read_text(encoding="utf-8"), template["Resources"]
    named = re.findall(r"(?:\$\(id|waiting|peek) (\w+)\)?", text)
    schedules = {
        f"{name}{event}"  # as SAM names the rule that it makes
        for name, one in resources.items()
        for event in one.get("Properties", {}).get("Events", {})
    }
    assert named
    assert set(named) <= {*resources, *schedules}
    queries = {
        one["Name"]["Fn::Sub"].partition("/")[2]
        for one in of_type(resources, "AWS::Logs::QueryDefinition").values()
    }
    assert set(re.findall(r"saved\s+query\s+`([^`]+)`", text, re.IGNORECASE)) <= queries


# --- what is watched -----------------------------------------------------------------------


def test_each_watched_metric_is_written_with_these_dimensions(
    template: Template, simple: Alarms
) -> None:
    faults = {
        (name, fault)
        for name, alarm in simple.items()
        for metric, _ in metrics_of(alarm)
        for fault in metric.faults(template["Resources"])
    }
    assert faults == set()


def test_names_of_metrics_are_found_in_the_code() -> None:
    assert {"LoadsFailed", "EventsRejected", "EventsMissing", "DoneWithout"} <= written()
    assert set(DIVIDED) <= written()


def test_each_service_says_where_its_metrics_are_told() -> None:
    assert all(one.source.startswith("https://docs.aws.amazon.com/") for one in SERVICES.values())


def test_missing_data_are_treated_for_a_reason(simple: Alarms) -> None:
    assert all("TreatMissingData" in alarm for alarm in simple.values())
    text = (RUNBOOK.parents[1] / "template.yaml").read_text(encoding="utf-8")
    for line in text.splitlines():
        if "TreatMissingData" in line:
            assert re.search(r"TreatMissingData: (\w+)  # .{8}", line), line


def test_only_silence_of_the_check_is_a_fault(simple: Alarms) -> None:
    breaching = [name for name, one in simple.items() if one["TreatMissingData"] == "breaching"]
    assert breaching == ["CheckSilentAlarm"]


def test_alarms_look_back_a_day_at_most(template: Template, simple: Alarms) -> None:
    for name, alarm in simple.items():
        [period] = {period for _, period in metrics_of(alarm)}
        assert period % 60 == 0, name
        spans = alarm["EvaluationPeriods"]
        if isinstance(spans, dict):
            spans = template["Parameters"][spans["Ref"]]["MaxValue"]
        assert period * spans <= DAY, name
        assert alarm.get("DatapointsToAlarm", 1) <= spans, name


def test_three_checks_are_missed_before_their_silence_is_told(simple: Alarms) -> None:
    alarm = simple["CheckSilentAlarm"]
    assert alarm["EvaluationPeriods"] == {"Ref": "CheckMinutes"}
    assert alarm["Period"] == 3 * 60


def test_what_a_check_found_stands_until_one_of_a_later_minute(simple: Alarms) -> None:
    found = {"EventsMissing", "EventsWithoutFacts", "BatchesGone"}
    alarms = [one for one in simple.values() if one.get("MetricName") in found]
    assert {one["MetricName"] for one in alarms} == found
    for alarm in alarms:
        assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, 1)
        assert alarm["TreatMissingData"] == "ignore"


def test_expressions_are_those_that_alarms_may_have(simple: Alarms) -> None:
    for name, alarm in simple.items():
        parts = alarm.get("Metrics", [])
        assert len([part for part in parts if "MetricStat" in part]) <= MOST_METRICS, name
        assert len([part for part in parts if part.get("ReturnData", True)]) <= 1, name
        known = {part["Id"] for part in parts}
        for part in parts:
            assert re.fullmatch(r"[a-z][a-zA-Z0-9_]*", part["Id"]), name
            expression = part.get("Expression", "")
            assert "SEARCH" not in expression, name
            assert set(re.findall(r"\b[a-z]\w*", expression)) <= known, name


@pytest.mark.parametrize(
    ("name", "counts", "percent"),
    [
        ("RejectedShareAlarm", {"rejected": 10, "received": 90}, 10),
        ("RejectedShareAlarm", {"rejected": 9}, 0),
        ("RejectedShareAlarm", {"rejected": 500}, 100),
        ("QuarantineShareAlarm", {"quarantined": 10, "received": 100}, 10),
        ("QuarantineShareAlarm", {"quarantined": 9, "received": 9}, 0),
        ("QuarantineShareAlarm", {"quarantined": 500, "received": 1}, 100),
        ("QuarantineShareAlarm", {"quarantined": 500}, 100),
    ],
)
def test_a_share_is_of_whatever_came(
    simple: Alarms, name: str, counts: dict[str, int], percent: float
) -> None:
    store = MetricStore(300)
    for metric, number in counts.items():
        store.record(Metric("N", metric), {float(number): 1.0}, at=0)
    parts = [
        {**part, "MetricStat": counted(part["Id"])} if "MetricStat" in part else part
        for part in simple[name]["Metrics"]
    ]
    share = Evaluation(read_queries(parts), store, Span(0, 300)).result("share")
    assert [series.points for series in share] == [{0: percent}]


def counted(name: str) -> Properties:
    return {"Metric": {"Namespace": "N", "MetricName": name}, "Period": 300, "Stat": "Sum"}


def test_an_alarm_on_functions_watches_each_of_its_kind(template: Template, simple: Alarms) -> None:
    functions = of_type(template["Resources"], "AWS::Serverless::Function")
    served = {f"${{{name}}}" for name, one in functions.items() if "DeploymentPreference" in one}
    at_deployments = {"${CreateSchemaFunction}", "${LimitUsageFunction}"}
    background = {f"${{{name}}}" for name in functions} - served - at_deployments
    for name, those in (
        ("ServedThrottlesAlarm", served),
        ("BackgroundThrottlesAlarm", background),
        ("BackgroundErrorsAlarm", background),
        ("FunctionErrorsAlarm", served),
    ):
        watched = [metric.dimensions["FunctionName"] for metric, _ in metrics_of(simple[name])]
        assert sorted(watched) == sorted(those), name


def test_deployments_go_back_at_one_error_of_which_people_hear_when_it_comes_again(
    template: Template, simple: Alarms
) -> None:
    [alone] = {
        (one["Threshold"], one["EvaluationPeriods"], one.get("DatapointsToAlarm"))
        for name, one in simple.items()
        if name in watching_deployments(template) and one["Namespace"] == "AWS/Lambda"
    }
    assert alone == (1, 1, None)
    assert simple["FunctionErrorsAlarm"]["DatapointsToAlarm"] >= 2


def test_each_dead_letter_queue_has_its_alarm(template: Template, simple: Alarms) -> None:
    queues = {name for name in of_type(template["Resources"], "AWS::SQS::Queue") if "Dlq" in name}
    watched = {
        metric.dimensions["QueueName"]
        for alarm in simple.values()
        for metric, _ in metrics_of(alarm)
        if metric.name == "ApproximateNumberOfMessagesVisible"
    }
    assert watched == {f"${{{name}.QueueName}}" for name in queues}


# --- thresholds that somebody turns --------------------------------------------------------


def test_healthy_loads_are_no_reason_for_an_alarm(template: Template) -> None:
    parameters = template["Parameters"]
    windows = parameters["LoadWindowSeconds"]["MaxValue"] * 2
    windows += parameters["BatchWindowSeconds"]["Default"]
    assert parameters["FreshnessSeconds"]["Default"] > windows


@pytest.mark.parametrize(
    ("queue", "window", "function"),
    [
        ("Event", "BatchWindowSeconds", "StageBatchFunction"),
        ("Load", "LoadWindowSeconds", "LoadBatchesFunction"),
    ],
)
def test_a_message_that_failed_once_is_no_reason_for_an_alarm(
    template: Template, simple: Alarms, queue: str, window: str, function: str
) -> None:
    """Hidden after its failure it is still the oldest, and waits for a second window."""
    parameters, resources = template["Parameters"], template["Resources"]
    oldest = parameters[f"{queue}VisibilitySeconds"]["Default"]
    oldest += parameters[window]["MaxValue"] + resources[function]["Properties"]["Timeout"]
    late = oldest - parameters["FreshnessSeconds"]["Default"]
    alarm = simple[f"{queue}QueueAgeAlarm"]
    assert alarm.get("DatapointsToAlarm") is None
    # A span of n minutes may touch n + 1 of the clock.
    assert (alarm["EvaluationPeriods"] - 1) * alarm["Period"] > late


def test_facts_have_time_to_come_before_they_are_missed(
    template: Template, state_machine: Template
) -> None:
    """They may come before their events once, and then wait for another load."""
    parameters, functions = template["Parameters"], template["Resources"]
    load = parameters["LoadWindowSeconds"]["MaxValue"]
    load += functions["LoadBatchesFunction"]["Properties"]["Timeout"]
    late = state_machine["TimeoutSeconds"] + parameters["LoadVisibilitySeconds"]["Default"] + load
    assert parameters["MissingAfterSeconds"]["Default"] > late


def test_whatever_is_late_is_measured_by_the_same_parameter(simple: Alarms) -> None:
    late = {name for name, one in simple.items() if one["Threshold"] == {"Ref": "FreshnessSeconds"}}
    assert late == {
        "FreshnessAlarm", "LoadQueueAgeAlarm", "EventQueueAgeAlarm", "StreamAgeAlarm",
    }  # fmt: skip


def test_the_cost_alarm_comes_before_the_limit(simple: Alarms) -> None:
    alarm = simple["WarehouseCostAlarm"]
    assert alarm["Threshold"] == {"Ref": "UsageLimitRpuHours"}
    [expression] = [part["Expression"] for part in alarm["Metrics"] if "Expression" in part]
    seconds, share = re.fullmatch(r"used / (\d+) / ([\d.]+)", expression).groups()  # type: ignore[union-attr]
    assert int(seconds) == 3600
    assert 0.5 <= float(share) < 1
