"""Each mend, seen from outside: ministack as released differs from AWS, the mended one does not."""

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.deploy import DeployFailed, deploy
from local.mends import MENDS, worker_pool
from local.mends.seams import MendDoesNotFit, replace_once, resource_type, seam
from tests.integration.probed import Stack

Until = Callable[..., Any]


@pytest.fixture(scope="module")
def flows(mended: LocalCloud, folder: Path) -> Stack:
    return Stack(mended, folder / "flows.yaml", "flows")


@pytest.fixture(scope="module")
def stock_flows(stock: LocalCloud, folder: Path) -> Stack:
    return Stack(stock, folder / "flows.yaml", "flows")


# --- seams -------------------------------------------------------------------------------------


def test_a_missing_symbol_names_the_mend_and_the_release() -> None:
    with pytest.raises(MendDoesNotFit, match=r"mend cache .* ministack \d.*json\.gone is missing"):
        seam("cache", json, "gone")


def test_a_missing_resource_type_names_the_mend() -> None:
    with pytest.raises(MendDoesNotFit, match=r"mend cache .* AWS::Gone is missing"):
        resource_type("cache", {}, "AWS::Gone")


def test_a_line_that_stands_there_twice_is_not_replaced() -> None:
    with pytest.raises(MendDoesNotFit, match="the line 'same'"):
        replace_once("cache", "same same", "same", "other")


def test_every_mend_says_what_stock_ministack_does() -> None:
    explanations = [" ".join(str(mend.__doc__).split()) for mend in MENDS]
    assert all("Stock ministack" in explanation for explanation in explanations)


# --- Lambda ------------------------------------------------------------------------------------


def test_an_error_keeps_its_class_name(flows: Stack, stock_flows: Stack) -> None:
    answer, error = flows.invoke(**{"raise": "no"})
    assert answer["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("Refused", "no")
    assert stock_flows.invoke(**{"raise": "no"})[1]["errorType"] == "Runtime.HandlerError"


def test_an_error_leaves_the_worker_alive(flows: Stack, stock_flows: Stack) -> None:
    assert pids_around_an_error(flows) == 1
    assert pids_around_an_error(stock_flows) == 2


def pids_around_an_error(stack: Stack) -> int:
    before = stack.invoke()[1]["pid"]
    stack.invoke(**{"raise": "no"})
    return len({before, stack.invoke()[1]["pid"]})


def test_a_process_that_ends_is_an_exit_error(flows: Stack, stock_flows: Stack) -> None:
    assert flows.invoke(exit=True)[1]["errorType"] == "Runtime.ExitError"
    assert stock_flows.invoke(exit=True)[1]["errorType"] == "Runtime.HandlerError"


def test_a_line_logged_as_info_is_kept(flows: Stack, stock_flows: Stack) -> None:
    assert "LogResult" in flows.invoke(log="for the record")[0]
    assert "LogResult" not in stock_flows.invoke(log="for the record")[0]


def test_a_silent_call_does_not_wait_for_log_lines(flows: Stack, stock_flows: Stack) -> None:
    assert quickest_call(flows) < 0.05
    assert quickest_call(stock_flows) >= 0.05


def quickest_call(stack: Stack) -> float:
    def timed() -> float:
        started = time.perf_counter()
        stack.invoke()
        return time.perf_counter() - started

    return min(timed() for _ in range(10))


def test_a_burst_waits_its_turn(flows: Stack, stock_flows: Stack) -> None:
    assert workers_of_a_burst(flows) <= 4
    assert workers_of_a_burst(stock_flows) > 4


def workers_of_a_burst(stack: Stack) -> int:
    with ThreadPoolExecutor(10) as callers:
        answers = callers.map(lambda _: stack.invoke(sleep=0.4)[1], range(10))
    return len({answer["pid"] for answer in answers})


def test_a_package_and_its_layer_are_unpacked_once(flows: Stack, stock_flows: Stack) -> None:
    assert [len(places) for places in places_of_a_burst(flows)] == [1, 1]
    assert min(len(places) for places in places_of_a_burst(stock_flows)) > 1


def places_of_a_burst(stack: Stack) -> list[set[str]]:
    """Where the environments of a function find its code, and where its layer, links followed."""
    with ThreadPoolExecutor(3) as callers:
        calls = callers.map(lambda _: stack.invoke(sleep=0.4, **{"import": "layered"})[1], range(3))
        seen = [answer["environment"] for answer in calls]
    names = ("LAMBDA_TASK_ROOT", "_LAMBDA_LAYERS_DIRS")
    return [{os.path.realpath(one[name]) for one in seen} for name in names]


def test_the_last_idle_worker_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    idle = SimpleNamespace(in_use=False, last_used=0.0)
    busy = SimpleNamespace(in_use=True, last_used=0.0)
    pools: dict[str, list[Any]] = {"idle": [idle], "busy": [busy]}
    monkeypatch.setattr(worker_pool, "_workers", pools)
    killed: list[Any] = []
    monkeypatch.setattr(worker_pool, "_kill_workers", killed.extend)
    worker_pool._reap()
    assert (killed, pools) == ([idle], {"idle": [], "busy": [busy]})


# --- SQS and DynamoDB streams ------------------------------------------------------------------


def test_messages_come_in_one_batch_a_window(
    flows: Stack, stock_flows: Stack, until: Until
) -> None:
    assert largest_batch(flows, until) == 25
    assert largest_batch(stock_flows, until) <= 10


def largest_batch(stack: Stack, until: Until) -> int:
    bodies = [f"message {number}" for number in range(25)]

    def batches() -> list[list[str]]:
        seen = stack.batches("CountMessages")
        return [batch for batch in seen if "message" in batch[0]]

    stack.send("Queue", *bodies)
    until(lambda: sum(len(batch) for batch in batches()) == len(bodies))
    return max(len(batch) for batch in batches())


def test_a_batch_stops_at_six_megabytes(flows: Stack, until: Until) -> None:
    for number in range(30):
        flows.send("Queue", f"heavy {number} " + "x" * 250_000)

    def heavy() -> list[int]:
        seen = flows.batches("CountMessages")
        return [len(batch) for batch in seen if batch[0].startswith("heavy")]

    assert until(lambda: sum(heavy()) == 30)
    assert max(heavy()) <= 25


def test_a_number_from_a_parameter_is_a_number(
    mended: LocalCloud, stock: LocalCloud, folder: Path
) -> None:
    assert concurrency(mended, folder) == 3
    assert concurrency(stock, folder) == "3"


def concurrency(cloud: LocalCloud, folder: Path) -> Any:
    outputs = deploy(cloud, folder / "numbers.yaml", "numbers", {})
    found = requests.get(  # boto3 would make a number of it
        f"{cloud.endpoint}/2015-03-31/event-source-mappings/",
        params={"FunctionName": outputs["Count"]},
        timeout=10,
    ).json()
    cloud.client("cloudformation").delete_stack(StackName="numbers")  # stock's poller chokes on it
    return found["EventSourceMappings"][0]["ScalingConfig"]["MaximumConcurrency"]


def test_a_change_reported_as_failed_is_retried_and_given_up(
    flows: Stack, stock_flows: Stack, until: Until
) -> None:
    for stack in (flows, stock_flows):
        stack.insert("good", "bad", "fine")
    assert until(lambda: flows.receive("ChangesGivenUp"))
    assert until(lambda: ["fine"] in flows.batches("CountChanges"))
    assert until(lambda: stock_flows.batches("CountChanges"))
    assert stock_flows.receive("ChangesGivenUp") == []


def test_a_change_that_fails_its_batch_is_found_by_halving(flows: Stack, until: Until) -> None:
    flows.insert("one", "two", "explode", "four")
    assert until(lambda: flows.receive("ChangesGivenUp"))
    batches = flows.batches("CountChanges")
    assert ["one", "two"] in batches
    assert ["four"] in batches


def test_a_change_that_the_filter_excludes_never_arrives(flows: Stack, until: Until) -> None:
    flows.insert("filtered")
    flows.insert("filtered", "after")
    assert until(lambda: any("after" in batch for batch in flows.batches("CountChanges")))
    arrived = [key for batch in flows.batches("CountChanges") for key in batch]
    assert arrived.count("filtered") == 1


# --- EventBridge and Secrets Manager -----------------------------------------------------------


def test_an_event_that_fails_its_function_reaches_the_failure_queue(
    flows: Stack, stock_flows: Stack, until: Until
) -> None:
    for stack in (flows, stock_flows):
        entry = {"Source": "probe", "DetailType": "Probed", "Detail": "{}"}
        stack.cloud.client("events").put_events(Entries=[entry])
    assert until(lambda: flows.receive("Refused"))
    assert len(flows.printed("Refuse")) == 2
    assert until(lambda: stock_flows.printed("Refuse"))
    assert not until(lambda: stock_flows.receive("Refused"), seconds=2)


def test_a_generated_secret_has_no_excluded_punctuation(flows: Stack, stock_flows: Stack) -> None:
    assert secret(flows).isalnum()
    assert not secret(stock_flows).isalnum()


def secret(stack: Stack) -> str:
    client = stack.cloud.client("secretsmanager")
    return str(client.get_secret_value(SecretId=stack["Secret"])["SecretString"])


# --- Redshift Serverless -----------------------------------------------------------------------


def test_a_stack_may_hold_a_warehouse(mended: LocalCloud, stock: LocalCloud, folder: Path) -> None:
    outputs = deploy(mended, folder / "warehouse.yaml", "warehouse", {})
    assert outputs["Name"] == "probe"
    assert outputs["NamespaceArn"].startswith("arn:aws:redshift-serverless:us-east-1:")
    assert outputs["WorkgroupArn"].endswith(f":workgroup/{outputs['WorkgroupId']}")
    assert outputs["Address"].startswith("probe.")
    with pytest.raises(DeployFailed, match="AWS::RedshiftServerless"):
        deploy(stock, folder / "warehouse.yaml", "warehouse", {})


def test_a_workgroup_has_its_usage_limits(mended: LocalCloud, stock: LocalCloud) -> None:
    serverless = mended.client("redshift-serverless")
    mine = {"resourceArn": "arn:mine", "usageType": "serverless-compute"}
    created = serverless.create_usage_limit(**mine, amount=9, period="daily")["usageLimit"]
    serverless.create_usage_limit(**{**mine, "resourceArn": "arn:other"}, amount=8)
    named = {"usageLimitId": created["usageLimitId"]}
    serverless.update_usage_limit(**named, breachAction="deactivate")
    [found] = serverless.list_usage_limits(**mine)["usageLimits"]
    assert (found["amount"], found["period"], found["breachAction"]) == (9, "daily", "deactivate")
    serverless.delete_usage_limit(**named)
    assert serverless.list_usage_limits(**mine)["usageLimits"] == []
    with pytest.raises(serverless.exceptions.ResourceNotFoundException):
        serverless.delete_usage_limit(**named)
    with pytest.raises(ClientError):
        stock.client("redshift-serverless").list_usage_limits(**mine)
