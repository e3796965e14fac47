"""What no linter knows of this project: limits, keys, permissions and encryption that must stay."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.lint.expansion import Template
from local.lint.policies import Policy, policies

GATEWAY_SECONDS = 29  # API Gateway gives up after

Resources = dict[str, dict[str, Any]]


def of_type(resources: Resources, kind: str) -> Resources:
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == kind
    }


def statements(documents: list[Policy]) -> Iterator[dict[str, Any]]:
    for document in documents:
        yield from document["Statement"]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="module")
def allowed(seen: Template) -> list[dict[str, Any]]:
    """Every statement of the expanded template that allows something."""
    documents = [policy for _, policy in policies(seen)]
    return [one for one in statements(documents) if one["Effect"] == "Allow"]


def test_nothing_is_allowed_by_a_pattern_of_actions(allowed: list[dict[str, Any]]) -> None:
    for statement in allowed:
        assert not any("*" in action for action in listed(statement["Action"])), statement


def test_statements_of_others_are_out_of_reach(allowed: list[dict[str, Any]]) -> None:
    own = {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}
    for statement in allowed:
        if statement["Resource"] == "*" and "redshift-data" in str(statement["Action"]):
            assert statement["Condition"] == own


def test_a_service_may_write_to_a_queue_only_for_a_rule_of_this_stack(
    allowed: list[dict[str, Any]],
) -> None:
    of_services = [one for one in allowed if "Service" in one.get("Principal", {})]
    assert of_services
    for statement in of_services:
        assert "aws:SourceArn" in str(statement.get("Condition")), statement


def test_roles_are_assumed_by_services_alone(transformed: Resources) -> None:
    for name, role in of_type(transformed, "AWS::IAM::Role").items():
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            assert list(statement["Principal"]) == ["Service"], name


def test_the_lake_takes_encrypted_transport_only(resources: Resources) -> None:
    [policy] = of_type(resources, "AWS::S3::BucketPolicy").values()
    assert policy["Bucket"] == {"Ref": "LakeBucket"}
    [statement] = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_lake_says_how_it_is_encrypted(resources: Resources) -> None:
    [rule] = resources["LakeBucket"]["Properties"]["BucketEncryption"][
        "ServerSideEncryptionConfiguration"
    ]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_every_queue_is_encrypted_and_keeps_what_it_has_for_two_weeks(resources: Resources) -> None:
    for name, queue in of_type(resources, "AWS::SQS::Queue").items():
        assert queue["SqsManagedSseEnabled"] is True, name
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600, name


def test_every_table_is_encrypted_with_a_key_of_kms(resources: Resources) -> None:
    for name, table in of_type(resources, "AWS::DynamoDB::Table").items():
        assert table["SSESpecification"] == {"SSEEnabled": True}, name


def test_the_administrators_password_is_read_from_its_secret(resources: Resources) -> None:
    namespace = resources["Namespace"]["Properties"]
    assert namespace["AdminUserPassword"] == {
        "Fn::Sub": "{{resolve:secretsmanager:${AdminSecret}:SecretString:password}}"
    }


def test_functions_behind_the_api_end_before_it_gives_up(template: Template) -> None:
    default = template["Globals"]["Function"]["Timeout"]
    for name, function in of_type(template["Resources"], "AWS::Serverless::Function").items():
        if any(event["Type"] == "Api" for event in function.get("Events", {}).values()):
            assert function.get("Timeout", default) < GATEWAY_SECONDS, name


def test_a_deployment_makes_no_stage_of_its_own(transformed: Resources) -> None:
    [deployment] = of_type(transformed, "AWS::ApiGateway::Deployment").values()
    assert "StageName" not in deployment


def test_every_key_is_throttled(transformed: Resources) -> None:
    [plan] = of_type(transformed, "AWS::ApiGateway::UsagePlan").values()
    assert set(plan["Throttle"]) == {"RateLimit", "BurstLimit"}


def test_the_warehouse_may_be_used_only_so_long_a_day(template: Template) -> None:
    limit = template["Resources"]["WarehouseUsageLimit"]["Properties"]
    assert limit["RpuHours"] == {"Ref": "UsageLimitRpuHours"}
    assert template["Parameters"]["UsageLimitRpuHours"]["Default"] > 0


def test_cached_answers_are_encrypted(resources: Resources) -> None:
    [every_method, *_] = resources["Api"]["Properties"]["MethodSettings"]
    assert every_method["CacheDataEncrypted"] is True


def test_queues_start_only_so_many_functions_at_once(functions: Resources) -> None:
    events = [event for one in functions.values() for event in one.get("Events", {}).values()]
    limits = [
        event["Properties"].get("ScalingConfig", {}).get("MaximumConcurrency")
        for event in events
        if event["Type"] == "SQS"
    ]
    assert sorted(limits) == [2, 10]


def test_logs_go_where_they_are_kept_for_a_while(template: Template) -> None:
    logging = template["Globals"]["Function"]["LoggingConfig"]
    assert logging["LogGroup"] == {"Ref": "FunctionLogs"}
