"""The usage limit's custom resource: set once, changed in place, removed with its workgroup."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from pipeline.usage_limit import UsageLimit

REQUEST = json.loads((Path(__file__).parents[2] / "events/limit_usage.json").read_text())
WORKGROUP = REQUEST["ResourceProperties"]["WorkgroupArn"]
FOUND = {"resourceArn": WORKGROUP, "usageType": "serverless-compute"}
DAILY = {**FOUND, "usageLimitId": "limit-1", "period": "daily", "amount": 9, "breachAction": "log"}
WANTED = {"amount": 100, "breachAction": "emit-metric"}


@pytest.fixture
def serverless() -> Iterator[Stubber]:
    """Redshift Serverless, every request held to botocore's model of it."""
    with Stubber(boto3.client("redshift-serverless")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def usage(serverless: Stubber, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = importlib.import_module("pipeline.load.usage")
    monkeypatch.setattr(module, "limit", UsageLimit(serverless.client))
    return module


def test_a_limit_is_created(
    usage: ModuleType, serverless: Stubber, answers: list[Any], context: Any
) -> None:
    serverless.add_response("list_usage_limits", {}, FOUND)
    serverless.add_response(
        "create_usage_limit",
        {"usageLimit": {"usageLimitId": "limit-1"}},
        {**FOUND, **WANTED, "period": "daily"},
    )
    usage.handler(REQUEST, context)
    assert (answers[0]["Status"], answers[0]["PhysicalResourceId"]) == ("SUCCESS", "limit-1")


def test_a_limit_that_is_there_is_changed_and_found_on_whatever_page(
    usage: ModuleType, serverless: Stubber, answers: list[Any], context: Any
) -> None:
    monthly = {**DAILY, "usageLimitId": "limit-0", "period": "monthly"}
    first = {"usageLimits": [monthly], "nextToken": "more-of-it"}
    serverless.add_response("list_usage_limits", first, FOUND)
    last = {"usageLimits": [DAILY]}
    serverless.add_response("list_usage_limits", last, {**FOUND, "nextToken": "more-of-it"})
    serverless.add_response("update_usage_limit", {}, {"usageLimitId": "limit-1", **WANTED})
    usage.handler(REQUEST | {"RequestType": "Update", "PhysicalResourceId": "limit-1"}, context)
    assert (answers[0]["Status"], answers[0]["PhysicalResourceId"]) == ("SUCCESS", "limit-1")


def test_a_limit_goes_with_the_resource(
    usage: ModuleType, serverless: Stubber, answers: list[Any], context: Any
) -> None:
    serverless.add_response("delete_usage_limit", {}, {"usageLimitId": "limit-1"})
    usage.handler(REQUEST | {"RequestType": "Delete", "PhysicalResourceId": "limit-1"}, context)
    assert answers[0]["Status"] == "SUCCESS"


def test_a_limit_that_is_gone_already_stops_no_deletion(
    usage: ModuleType, serverless: Stubber, answers: list[Any], context: Any
) -> None:
    serverless.add_client_error("delete_usage_limit", "ResourceNotFoundException")
    usage.handler(REQUEST | {"RequestType": "Delete", "PhysicalResourceId": "limit-1"}, context)
    assert answers[0]["Status"] == "SUCCESS"


@pytest.mark.usefixtures("serverless")
def test_what_could_not_be_created_needs_no_deletion(
    usage: ModuleType, answers: list[Any], context: Any
) -> None:
    usage.handler(REQUEST | {"RequestType": "Delete", "PhysicalResourceId": usage.NONE}, context)
    assert answers[0]["Status"] == "SUCCESS"


def test_a_refusal_is_told_to_whoever_deploys(
    usage: ModuleType, serverless: Stubber, answers: list[Any], context: Any
) -> None:
    serverless.add_client_error("list_usage_limits", "AccessDeniedException", "not allowed")
    usage.handler(REQUEST, context)
    assert (answers[0]["Status"], answers[0]["PhysicalResourceId"]) == ("FAILED", usage.NONE)
    assert "not allowed" in answers[0]["Reason"]


def test_a_failed_change_leaves_the_id_as_it_was(
    usage: ModuleType, serverless: Stubber, answers: list[Any], context: Any
) -> None:
    serverless.add_client_error("list_usage_limits", "InternalServerException")
    usage.handler(REQUEST | {"RequestType": "Update", "PhysicalResourceId": "limit-1"}, context)
    assert (answers[0]["Status"], answers[0]["PhysicalResourceId"]) == ("FAILED", "limit-1")
