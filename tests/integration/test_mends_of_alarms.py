"""Alarms and what else of monitoring a stack holds: stock refuses most of it, the mended does it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.deploy import DeployFailed, deploy
from tests.integration.probed import Stack
from tests.integration.readings import put, query, total

Until = Callable[..., Any]

MINUTE = 0.5
"""Seconds of a minute of alarms here."""


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A mended cloud with a warehouse, where minutes are short."""
    with LocalCloud(tmp_path_factory.mktemp("hurried"), alarm_minute=MINUTE) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def watched(hurried: LocalCloud, folder: Path) -> Stack:
    return Stack(hurried, folder / "watched.yaml", "watched")


def alarms(cloud: LocalCloud, *names: str) -> list[dict[str, Any]]:
    told = cloud.client("cloudwatch").describe_alarms(
        AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    return [*told["MetricAlarms"], *told["CompositeAlarms"]]


def state(cloud: LocalCloud, name: str) -> str:
    (alarm,) = alarms(cloud, name)
    return str(alarm["StateValue"])


def changes(cloud: LocalCloud, name: str) -> list[tuple[str, str]]:
    """All states that an alarm came into, with the reasons; one alarm of a moment may be over."""
    history = cloud.client("cloudwatch").describe_alarm_history(
        AlarmName=name, AlarmTypes=["MetricAlarm", "CompositeAlarm"], ScanBy="TimestampAscending"
    )["AlarmHistoryItems"]
    new = [json.loads(item["HistoryData"])["newState"] for item in history]
    return [(state["stateValue"], state["stateReason"]) for state in new]


def went_off(cloud: LocalCloud, name: str) -> bool:
    return any(state == "ALARM" for state, _ in changes(cloud, name))


def put_alarm(cloud: LocalCloud, name: str, **more: Any) -> None:
    about = {
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "TreatMissingData": "notBreaching",
    }
    cloud.client("cloudwatch").put_metric_alarm(AlarmName=name, **{**about, **more})


def of_metric(metric: str, **more: Any) -> dict[str, Any]:
    return {
        "Namespace": "Probe", "MetricName": metric, "Period": 60, "Statistic": "Sum", **more
    }  # fmt: skip


def told_people(stack: Stack, until: Until, count: int) -> list[tuple[str, str]]:
    """The first messages that the topic handed on: alarm and new state."""
    messages: list[tuple[str, str]] = []

    def enough() -> bool:
        for message in stack.receive("Told"):
            told = json.loads(json.loads(message["Body"])["Message"])
            messages.append((told["AlarmName"], told["NewStateValue"]))
        return len(messages) >= count

    until(enough)
    return messages


def test_a_queue_raises_an_alarm_and_ends_it(watched: Stack, until: Until) -> None:
    cloud, sqs = watched.cloud, watched.cloud.client("sqs")
    assert until(lambda: state(cloud, watched["Waiting"]) == "OK")
    watched.send("Queue", "one")
    assert until(lambda: state(cloud, watched["Either"]) == "ALARM")
    sqs.purge_queue(QueueUrl=watched["Queue"])
    assert until(lambda: state(cloud, watched["Either"]) == "OK")
    assert told_people(watched, until, 4) == [
        ("watched-first-waiting", "OK"),
        ("watched-first-waiting", "ALARM"),
        ("watched-first-either", "ALARM"),
        ("watched-first-waiting", "OK"),
    ]
    assert [state for state, _ in changes(cloud, watched["Waiting"])][-3:] == ["OK", "ALARM", "OK"]


def test_a_queue_tells_how_much_it_holds(watched: Stack, until: Until) -> None:
    name = watched["Queue"].rsplit("/", 1)[-1]

    def most(metric: str) -> float:
        return total(watched.cloud, f"AWS/SQS:{metric}", "Maximum", QueueName=name) or 0

    watched.send("Queue", *map(str, range(5)))
    assert until(lambda: most("ApproximateNumberOfMessagesVisible") == 5)
    watched.receive("Queue")
    assert until(lambda: most("ApproximateNumberOfMessagesNotVisible") >= 1)
    assert until(lambda: most("ApproximateAgeOfOldestMessage") >= MINUTE)
    watched.cloud.client("sqs").purge_queue(QueueUrl=watched["Queue"])


def test_an_alarm_on_metric_math_goes_off(watched: Stack, until: Until) -> None:
    cloud = watched.cloud
    assert until(lambda: state(cloud, watched["Share"]) == "OK")
    put(cloud, {"All": 100, "Bad": 6})
    assert until(lambda: went_off(cloud, watched["Share"]))
    assert "[6.0 (" in next(why for new, why in changes(cloud, watched["Share"]) if new == "ALARM")
    assert "MetricName" not in alarms(cloud, watched["Share"])[0]
    assert until(lambda: state(cloud, watched["Share"]) == "OK")


def test_stock_holds_no_alarm_on_metric_math(stock: LocalCloud, folder: Path) -> None:
    with pytest.raises(DeployFailed, match="CompositeAlarm"):
        deploy(stock, folder / "watched.yaml", "watched", {})


def test_other_dimensions_raise_no_alarm(
    hurried: LocalCloud, stock: LocalCloud, until: Until
) -> None:
    for cloud in (hurried, stock):
        put_alarm(
            cloud, "one-part", **of_metric("Part", Dimensions=[{"Name": "part", "Value": "a"}])
        )
        put_alarm(
            cloud, "other-part", **of_metric("Part", Dimensions=[{"Name": "part", "Value": "b"}])
        )
        put(cloud, {"Part": 1}, part="b")
    assert until(lambda: went_off(hurried, "other-part"))
    assert state(hurried, "one-part") == "OK"
    assert not went_off(hurried, "one-part")
    assert state(stock, "one-part") == "ALARM"


def test_an_alarm_ends_without_new_data(
    hurried: LocalCloud, stock: LocalCloud, until: Until
) -> None:
    for cloud in (hurried, stock):
        put_alarm(cloud, "ends", **of_metric("Ends"))
        put(cloud, {"Ends": 1})
        assert until(lambda cloud=cloud: went_off(cloud, "ends"))
    assert until(lambda: state(hurried, "ends") == "OK")
    assert state(stock, "ends") == "ALARM"


def test_a_state_that_is_set_lasts_until_the_next_minute(hurried: LocalCloud, until: Until) -> None:
    put_alarm(hurried, "set", **of_metric("Set"))
    assert until(lambda: state(hurried, "set") == "OK")
    client = hurried.client("cloudwatch")
    client.set_alarm_state(AlarmName="set", StateValue="ALARM", StateReason="a test")
    assert until(lambda: state(hurried, "set") == "OK")
    history = client.describe_alarm_history(AlarmName="set")["AlarmHistoryItems"]
    assert history[1]["HistorySummary"] == "Alarm updated from OK to ALARM"


def test_silence_is_an_alarm_where_it_should_be(hurried: LocalCloud, until: Until) -> None:
    put_alarm(hurried, "silence", **of_metric("Silence"), TreatMissingData="breaching")
    put_alarm(hurried, "unknown", **of_metric("Silence"), TreatMissingData="missing")
    assert until(lambda: state(hurried, "silence") == "ALARM")
    assert state(hurried, "unknown") == "INSUFFICIENT_DATA"


def test_a_percentile_raises_an_alarm(hurried: LocalCloud, until: Until) -> None:
    about = of_metric("Slow", Statistic=None, ExtendedStatistic="p90")
    del about["Statistic"]
    put_alarm(hurried, "slow", **{**about, "Threshold": 100})
    data = {"MetricName": "Slow", "Values": [1.0, 200.0], "Counts": [8.0, 2.0]}
    hurried.client("cloudwatch").put_metric_data(Namespace="Probe", MetricData=[data])
    assert until(lambda: went_off(hurried, "slow"))
    (alarm,) = alarms(hurried, "slow")
    assert alarm["ExtendedStatistic"] == "p90"
    assert "Statistic" not in alarm


@pytest.mark.parametrize("expression", ["SEARCH('x', 'Sum')", "sum(m)", "m +", "m + unknown"])
def test_an_alarm_on_what_is_not_known_is_refused(hurried: LocalCloud, expression: str) -> None:
    metrics = [{"Id": "e", "Expression": expression}, query("m", "Any", ReturnData=False)]
    with pytest.raises(ClientError, match="ValidationError"):
        put_alarm(hurried, "refused", Metrics=metrics)
    assert alarms(hurried, "refused") == []


def test_an_update_changes_and_renames_and_a_deletion_takes_all(
    hurried: LocalCloud, folder: Path
) -> None:
    stack = Stack(hurried, folder / "watched.yaml", "changed")
    share = stack["Share"]
    assert named(hurried, "changed-") == [
        "changed-first-board",
        "changed-first-either",
        "changed-first-waiting",
    ]
    assert saved(hurried, "changed/") == ["changed/first"]
    outputs = stack.deploy(Threshold="50", Name="second")
    assert named(hurried, "changed-") == [
        "changed-second-board",
        "changed-second-either",
        "changed-second-waiting",
    ]
    assert saved(hurried, "changed/") == ["changed/second"]
    assert (outputs["Share"], alarms(hurried, share)[0]["Threshold"]) == (share, 50.0)
    assert 'ALARM("changed-second-waiting")' in alarms(hurried, outputs["Either"])[0]["AlarmRule"]
    cloudformation = hurried.client("cloudformation")
    cloudformation.delete_stack(StackName="changed")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="changed")
    assert named(hurried, "changed-") == saved(hurried, "changed/") == []
    assert alarms(hurried, share) == []


def named(cloud: LocalCloud, prefix: str) -> list[str]:
    """Alarms and dashboards whose names the template gives."""
    client = cloud.client("cloudwatch")
    told = client.describe_alarms(
        AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    found = [
        alarm["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for alarm in told[kind]
    ]
    boards = client.list_dashboards(DashboardNamePrefix=prefix)["DashboardEntries"]
    return sorted(
        name
        for name in (*found, *(board["DashboardName"] for board in boards))
        if "-Share-" not in name
    )


def saved(cloud: LocalCloud, prefix: str) -> list[str]:
    told = cloud.client("logs").describe_query_definitions(queryDefinitionNamePrefix=prefix)
    return [one["name"] for one in told["queryDefinitions"]]


def test_a_dashboard_is_as_the_template_has_it(watched: Stack) -> None:
    told = watched.cloud.client("cloudwatch").get_dashboard(DashboardName=watched["Dashboard"])
    (widget,) = json.loads(told["DashboardBody"])["widgets"]
    assert widget["properties"]["alarms"] == [watched["Waiting"]]


def test_a_saved_query_is_as_the_template_has_it(watched: Stack) -> None:
    (told,) = watched.cloud.client("logs").describe_query_definitions(
        queryDefinitionNamePrefix="watched/first"
    )["queryDefinitions"]
    assert told["logGroupNames"] == ["/probe"]
    assert told["queryString"].startswith("fields @message | filter")
    assert told["parameters"] == [{"name": "word", "defaultValue": "error"}]


def test_a_query_is_saved_changed_and_deleted(hurried: LocalCloud, stock: LocalCloud) -> None:
    client = hurried.client("logs")
    name = client.put_query_definition(name="q", queryString="limit 1")["queryDefinitionId"]
    client.put_query_definition(queryDefinitionId=name, name="q", queryString="limit 2")
    (told,) = client.describe_query_definitions(queryDefinitionNamePrefix="q")["queryDefinitions"]
    assert (told["queryDefinitionId"], told["queryString"]) == (name, "limit 2")
    assert client.delete_query_definition(queryDefinitionId=name)["success"]
    assert not client.delete_query_definition(queryDefinitionId=name)["success"]
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.put_query_definition(queryDefinitionId=name, name="q", queryString="limit 3")
    with pytest.raises(ClientError, match="Unknown action"):
        stock.client("logs").describe_query_definitions()


def test_a_warehouse_tells_what_it_is_charged_for(
    hurried: LocalCloud, tmp_path: Path, until: Until
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(WAREHOUSE, encoding="utf-8")
    deploy(hurried, template, "charged", {})
    warehouse = hurried.client("redshift-data")
    for _ in range(2):
        warehouse.execute_statement(
            Database="dev", WorkgroupName="charged", Sql="select 1", WaitTimeSeconds=10
        )
    metric = "AWS/Redshift-Serverless:ComputeSeconds"
    assert until(lambda: total(hurried, metric, Workgroup="charged") is not None)
    assert total(hurried, metric, Workgroup="charged") == 60 * 8  # both in one wake-up, at 8 RPU


WAREHOUSE = """
Resources:
  Namespace:
    Type: AWS::RedshiftServerless::Namespace
    Properties: {NamespaceName: charged}
  Workgroup:
    Type: AWS::RedshiftServerless::Workgroup
    Properties: {WorkgroupName: charged, NamespaceName: !Ref Namespace, BaseCapacity: 8}
Outputs:
  Workgroup: {Value: !Ref Workgroup}
"""
