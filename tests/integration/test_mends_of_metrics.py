"""Metrics of functions, APIs, workflows, queues and logs: stock makes few, the mended AWS's."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from tests.integration.probed import Stack
from tests.integration.readings import computed, put, query, total

Until = Callable[..., Any]


@pytest.fixture(scope="module")
def metered(mended: LocalCloud, folder: Path) -> Stack:
    return Stack(mended, folder / "metered.yaml", "metered")


@pytest.fixture(scope="module")
def stock_metered(stock: LocalCloud, folder: Path) -> Stack:
    return Stack(stock, folder / "metered.yaml", "metered")


def invoke(stack: Stack, **event: Any) -> None:
    stack.cloud.client("lambda").invoke(FunctionName=stack["Answer"], Payload=json.dumps(event))


def embedded(name: str, value: Any) -> str:
    about = {
        "Namespace": "Probe",
        "Dimensions": [["service"], ["service", "type"]],
        "Metrics": [{"Name": name, "Unit": "Count"}],
    }
    at = int(time.time() * 1000)
    members = {"service": "s", "type": "t", name: value}
    return json.dumps({"_aws": {"Timestamp": at, "CloudWatchMetrics": [about]}, **members})


def test_a_printed_line_becomes_metrics(metered: Stack, stock_metered: Stack) -> None:
    for stack in (metered, stock_metered):
        invoke(stack, print=embedded("Printed", [1, 2, 2]))
    assert total(metered.cloud, "Probe:Printed", service="s") == 5.0
    assert total(metered.cloud, "Probe:Printed", "SampleCount", service="s", type="t") == 3.0
    assert total(metered.cloud, "Probe:Printed") is None
    assert total(stock_metered.cloud, "Probe:Printed", service="s") is None


def test_a_line_put_into_a_log_becomes_metrics(mended: LocalCloud, stock: LocalCloud) -> None:
    for cloud in (mended, stock):
        logs = cloud.client("logs")
        logs.create_log_group(logGroupName="embedded")
        logs.create_log_stream(logGroupName="embedded", logStreamName="one")
        event = {"timestamp": int(time.time() * 1000), "message": embedded("Put", 3)}
        logs.put_log_events(logGroupName="embedded", logStreamName="one", logEvents=[event])
    assert total(mended, "Probe:Put", service="s") == 3.0
    assert total(stock, "Probe:Put", service="s") is None


def test_an_invocation_is_counted_whoever_invokes(metered: Stack, stock_metered: Stack) -> None:
    for stack in (metered, stock_metered):
        stack.get("/fresh")
    assert counted_by_a_request(metered) == (1, 1)
    assert counted_by_a_request(stock_metered) == (0, 0)


def counted_by_a_request(stack: Stack) -> tuple[float, float]:
    """How many invocations a request adds: of the function, and of the account."""

    def seen() -> tuple[float, float]:
        of_function = total(stack.cloud, "AWS/Lambda:Invocations", FunctionName=stack["Answer"])
        return of_function or 0, all_invocations(stack) or 0

    before = seen()
    stack.get("/fresh")
    after = seen()
    return after[0] - before[0], min(after[1] - before[1], 1)


def all_invocations(stack: Stack) -> float | None:
    """The account's total, which stock makes up from all functions."""
    listed = stack.cloud.client("cloudwatch").list_metrics(
        Namespace="AWS/Lambda", MetricName="Invocations"
    )["Metrics"]
    if not any(metric["Dimensions"] == [] for metric in listed):
        return None
    return total(stack.cloud, "AWS/Lambda:Invocations")


def test_an_error_behind_an_api_is_counted(metered: Stack, stock_metered: Stack) -> None:
    for stack, errors in ((metered, 1), (stock_metered, 0)):
        before = total(stack.cloud, "AWS/Lambda:Errors", FunctionName=stack["Answer"]) or 0
        stack.get("/fresh?raise=no")
        after = total(stack.cloud, "AWS/Lambda:Errors", FunctionName=stack["Answer"]) or 0
        assert after - before == errors


def test_a_refused_invocation_is_a_throttle_and_no_invocation(
    metered: Stack, stock_metered: Stack
) -> None:
    assert counted_when_refused(metered) == (1, 0)
    assert counted_when_refused(stock_metered) == (2, 2)


def counted_when_refused(stack: Stack) -> tuple[float, float]:
    """How many throttles and invocations a refused call adds."""
    client, name = stack.cloud.client("lambda"), stack["Idle"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException) as refused:
        client.invoke(FunctionName=name, Payload="{}")
    calls = 1 + refused.value.response["ResponseMetadata"]["RetryAttempts"]
    throttles, invocations = (
        total(stack.cloud, f"AWS/Lambda:{metric}", FunctionName=name) or 0
        for metric in ("Throttles", "Invocations")
    )
    return throttles / calls, invocations / calls


def test_a_stream_tells_its_age(metered: Stack, stock_metered: Stack, until: Until) -> None:
    def age(stack: Stack) -> float | None:
        return total(stack.cloud, "AWS/Lambda:IteratorAge", "Maximum", FunctionName=stack["Read"])

    for stack in (metered, stock_metered):
        stack.insert("one")
    assert until(lambda: age(metered) is not None)
    assert 0 <= (age(metered) or 0) < 20_000
    assert age(stock_metered) is None


def test_requests_are_counted_with_their_faults(metered: Stack, stock_metered: Stack) -> None:
    names = ("Count", "4XXError", "5XXError")

    def seen(stack: Stack) -> list[float]:
        about = {"ApiName": "metered-api", "Stage": "live"}
        return [total(stack.cloud, f"AWS/ApiGateway:{name}", **about) or 0 for name in names]

    for stack, more in ((metered, [3, 1, 1]), (stock_metered, [0, 0, 0])):
        before = seen(stack)
        for status in (200, 404, 503):
            stack.get(f"/fresh?status={status}")
        assert [a - b for a, b in zip(seen(stack), before, strict=True)] == more
    latency = total(metered.cloud, "AWS/ApiGateway:Latency", "Maximum", ApiName="metered-api")
    assert latency
    assert latency > 0


def test_a_hit_of_the_cache_counts(metered: Stack) -> None:
    for _ in range(3):
        metered.get("/kept")
    about = {"ApiName": "metered-api", "Stage": "live"}
    assert total(metered.cloud, "AWS/ApiGateway:CacheMissCount", **about) == 1.0
    assert total(metered.cloud, "AWS/ApiGateway:CacheHitCount", **about) == 2.0


def test_executions_are_counted_by_how_they_end(
    metered: Stack, stock_metered: Stack, until: Until
) -> None:
    for stack in (metered, stock_metered):
        states = stack.cloud.client("stepfunctions")
        for given in (
            {"fail": True},
            {"fail": False, "seconds": 0},
            {"fail": False, "seconds": 90},
        ):
            told = states.start_execution(stateMachineArn=stack["Machine"], input=json.dumps(given))
        states.stop_execution(executionArn=told["executionArn"])
    assert until(lambda: ends(metered) == [3, 1, 1, 1])
    assert ends(stock_metered) == [0, 0, 0, 0]
    machine = metered["Machine"]
    assert total(metered.cloud, "AWS/States:ExecutionTime", "SampleCount", StateMachineArn=machine)


def ends(stack: Stack) -> list[float]:
    machine = stack["Machine"]
    names = ("Started", "Succeeded", "Failed", "Aborted")
    return [
        total(stack.cloud, f"AWS/States:Executions{name}", StateMachineArn=machine) or 0
        for name in names
    ]


def test_messages_count_whoever_sends_them(
    metered: Stack, stock_metered: Stack, until: Until
) -> None:
    def sent(stack: Stack) -> float | None:
        return total(stack.cloud, "AWS/SQS:NumberOfMessagesSent", QueueName=stack["QueueName"])

    for stack in (metered, stock_metered):
        stack.send("Queue", "one", "two")
        stack.cloud.client("sns").publish(TopicArn=stack["Topic"], Message="three")
        event = {"Source": "metered", "DetailType": "four", "Detail": "{}"}
        stack.cloud.client("events").put_events(Entries=[event])
    assert until(lambda: sent(metered) == 4.0)
    assert sent(stock_metered) is None


def test_metrics_are_computed_with(mended: LocalCloud, stock: LocalCloud) -> None:
    share = {"Id": "share", "Expression": "100 * bad / all"}
    for cloud in (mended, stock):
        put(cloud, {"ComputedBad": 1, "ComputedAll": 4})
    queries = [query("bad", "ComputedBad"), query("all", "ComputedAll", ReturnData=False), share]
    assert [(one["Id"], one["Values"]) for one in computed(mended, *queries)] == [
        ("bad", [1.0]),
        ("share", [25.0]),
    ]
    assert computed(stock, *queries)[-1]["StatusCode"] == "InternalError"


def test_a_metric_without_dimensions_is_one_of_its_own(
    mended: LocalCloud, stock: LocalCloud
) -> None:
    for cloud in (mended, stock):
        put(cloud, {"Split": 1})
        put(cloud, {"Split": 10}, part="a")
    assert total(mended, "Probe:Split") == 1.0
    assert total(stock, "Probe:Split") == 11.0


@pytest.mark.parametrize("expression", ["SEARCH('x', 'Sum')", "m +", "unknown + 1"])
def test_an_expression_that_is_not_known_is_refused(mended: LocalCloud, expression: str) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        computed(mended, query("m", "Any"), {"Id": "e", "Expression": expression})


def test_metrics_are_listed_by_their_dimensions(mended: LocalCloud) -> None:
    for part in ("a", "b"):
        put(mended, {"Listed": 1}, part=part)
    put(mended, {"Listed": 1})
    client = mended.client("cloudwatch")

    def listed(*dimensions: dict[str, str]) -> int:
        about: dict[str, Any] = {"Namespace": "Probe", "MetricName": "Listed"}
        return len(client.list_metrics(**about, Dimensions=list(dimensions))["Metrics"])

    assert listed() == 3
    assert listed({"Name": "part"}) == 2
    assert listed({"Name": "part", "Value": "a"}) == 1
    assert listed({"Name": "other"}) == 0
