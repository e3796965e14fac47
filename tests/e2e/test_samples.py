"""The sample triggers in events/ are taken by the deployed functions they are meant for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.stack import Stack

EVENTS = Path(__file__).parents[2] / "events"


@pytest.fixture(scope="module")
def functions(cloud: LocalCloud, stack: Stack) -> dict[str, str]:
    """Deployed names by sample: receive_request → …-ReceiveRequestFunction-…"""
    assert stack.url
    pages = cloud.client("lambda").get_paginator("list_functions").paginate()
    names = [function["FunctionName"] for page in pages for function in page["Functions"]]
    logical = {re.sub(r".*-(\w+)Function-\w+\Z", r"\1", name): name for name in names}
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", short).lower(): name for short, name in logical.items()}


def invoke(cloud: LocalCloud, function: str, sample: str) -> Any:
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
        ("read_status", 200),
    ],
)
def test_a_request_gets_its_status(
    cloud: LocalCloud, functions: dict[str, str], sample: str, status: int
) -> None:
    function = functions[sample.removesuffix("_batch")]
    assert invoke(cloud, function, sample)["statusCode"] == status


@pytest.mark.parametrize("sample", ["receive_change", "stage_batch"])
def test_a_batch_is_taken_whole(cloud: LocalCloud, functions: dict[str, str], sample: str) -> None:
    assert invoke(cloud, functions[sample], sample) == {"batchItemFailures": []}


def test_an_announced_batch_starts_an_execution(
    cloud: LocalCloud, functions: dict[str, str]
) -> None:
    assert invoke(cloud, functions["start_preparation"], "start_preparation")["started"] is True
    assert invoke(cloud, functions["start_preparation"], "start_preparation")["started"] is False


def test_announcements_of_another_lake_are_refused_one_by_one(
    cloud: LocalCloud, functions: dict[str, str]
) -> None:
    records = json.loads((EVENTS / "load_batches.json").read_text())["Records"]
    answer = invoke(cloud, functions["load_batches"], "load_batches")
    assert len(answer["batchItemFailures"]) == len(records)
