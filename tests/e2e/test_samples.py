"""The sample triggers in events/ are taken by the deployed functions they are meant for."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.run import STACK_NAME

EVENTS = Path(__file__).parents[2] / "events"


def invoke(cloud: LocalCloud, functions: dict[str, str], sample: str) -> Any:
    name = sample.removesuffix("_page")
    name = name.removesuffix("_batch") if name.startswith("receive") else name
    function = functions[f"{name.title().replace('_', '')}Function"]
    payload = (EVENTS / f"{sample}.json").read_bytes()
    answer = cloud.client("lambda").invoke(FunctionName=function, Payload=payload)
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


@pytest.mark.parametrize(
    ("sample", "status"),
    [
        ("receive_request", 202),
        ("receive_request_batch", 202),
        ("receive_webhook", 401),  # signed, but long ago and with another secret
        ("read_metrics", 200),
        ("read_events", 404),
        ("read_events_page", 200),
        ("read_status", 200),
    ],
)
def test_a_request_gets_its_status(
    cloud: LocalCloud, functions: dict[str, str], sample: str, status: int
) -> None:
    assert invoke(cloud, functions, sample)["statusCode"] == status


@pytest.mark.parametrize("sample", ["receive_change", "stage_batch"])
def test_a_batch_is_taken_whole(cloud: LocalCloud, functions: dict[str, str], sample: str) -> None:
    assert invoke(cloud, functions, sample) == {"batchItemFailures": []}


def test_an_announced_batch_starts_an_execution(
    cloud: LocalCloud, functions: dict[str, str]
) -> None:
    assert invoke(cloud, functions, "start_preparation")["started"] is True
    assert invoke(cloud, functions, "start_preparation")["started"] is False


def test_announcements_of_another_lake_are_refused_one_by_one(
    cloud: LocalCloud, functions: dict[str, str]
) -> None:
    records = json.loads((EVENTS / "load_batches.json").read_text())["Records"]
    answer = invoke(cloud, functions, "load_batches")
    assert len(answer["batchItemFailures"]) == len(records)


@pytest.mark.usefixtures("stack")
def test_what_the_warehouse_may_use_is_limited(cloud: LocalCloud) -> None:
    [found] = cloud.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
    asked = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
    limits = cloud.client("redshift-serverless").list_usage_limits()["usageLimits"]
    assert [(one["amount"], one["breachAction"], one["period"]) for one in limits] == [
        (int(asked["UsageLimitRpuHours"]), asked["UsageLimitAction"], "daily")
    ]
