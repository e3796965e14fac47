"""What CloudFormation did to a stack, and what exists in a local cloud."""

import re

from botocore.exceptions import ClientError

from local.cloud import LocalCloud


def status_of(cloud: LocalCloud, stack_name: str) -> str:
    """The status of a stack, empty if there is none."""
    try:
        found = cloud.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    except ClientError:
        return ""
    return str(found[0]["StackStatus"])


def latest_events(cloud: LocalCloud, stack_name: str) -> list[tuple[str, str]]:
    """What the latest operation did: names of resources and their statuses, in order."""
    client = cloud.client("cloudformation")
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack_name)
    happened: list[tuple[str, str]] = []
    for event in (event for page in pages for event in page["StackEvents"]):
        name, status = event["LogicalResourceId"], event["ResourceStatus"]
        if event["ResourceType"] == "AWS::CloudFormation::Stack":
            if status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}:
                break
            continue
        happened.insert(0, (name, status))
    return happened


def changed(cloud: LocalCloud, stack_name: str) -> set[str]:
    """Names of what the latest operation created or changed, the API's deployment without its id."""
    return {
        re.sub(r"^(ApiDeployment|.+Function(?=Version|Alias)).*", r"\1", name)
        for name, status in latest_events(cloud, stack_name)
        if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    }


def existing(cloud: LocalCloud) -> dict[str, list[str]]:
    """The names of all that exists, without what SAM made for itself and what is always there."""
    lists = [
        ("lambda", "list_functions", "Functions", "FunctionName"),
        ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
        ("lambda", "list_layers", "Layers", "LayerName"),
        ("s3", "list_buckets", "Buckets", "Name"),
        ("sns", "list_topics", "Topics", "TopicArn"),
        ("iam", "list_roles", "Roles", "RoleName"),
        ("logs", "describe_log_groups", "logGroups", "logGroupName"),
        ("secretsmanager", "list_secrets", "SecretList", "Name"),
        ("apigateway", "get_rest_apis", "items", "id"),
        ("apigateway", "get_usage_plans", "items", "id"),
        ("apigateway", "get_api_keys", "items", "id"),
        ("stepfunctions", "list_state_machines", "stateMachines", "name"),
        ("events", "list_event_buses", "EventBuses", "Name"),
        ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ]
    found = {
        f"{service} {items}": [
            item[name]
            for item in getattr(cloud.client(service), operation)()[items]
            if not item[name].startswith(("aws-sam-cli-managed-default", "default"))
        ]
        for service, operation, items, name in lists
    }
    found["dynamodb TableNames"] = cloud.client("dynamodb").list_tables()["TableNames"]
    found["sqs QueueUrls"] = cloud.client("sqs").list_queues().get("QueueUrls", [])
    return {kind: names for kind, names in found.items() if names}
