"""A small stack as AWS tells of it: its resources, metrics, queues, alarms, map, and one flight."""

from datetime import UTC, datetime, timedelta

from tests.operations_aws import (
    ACCOUNT,
    ALARM_IDS,
    FUNCTIONS,
    HOSTILE,
    MACHINE,
    QUEUES,
    CannedCloud,
    Json,
    physical,
)
from tests.operations_flight import batch_get, execution, history, summaries


def stack_resources() -> Json:
    kinds = {physical(f"{name}Function"): (f"{name}Function", "AWS::Lambda::Function")
             for name in FUNCTIONS}  # fmt: skip
    kinds |= {f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{physical(name)}":
              (name, "AWS::SQS::Queue") for name in QUEUES}  # fmt: skip
    kinds |= {physical(name): (name, "AWS::CloudWatch::Alarm") for name in ALARM_IDS}
    kinds |= {MACHINE: ("PrepareBatch", "AWS::StepFunctions::StateMachine")}
    return {
        "StackResourceSummaries": [
            {"LogicalResourceId": logical, "PhysicalResourceId": name, "ResourceType": kind}
            for name, (logical, kind) in kinds.items()
        ]
    }


def metric_data(params: Json) -> Json:
    """Count 120 of everything in the last whole minute, and 5 in the one that runs."""
    minute = params["EndTime"] - timedelta(minutes=1)
    moments = [minute, minute - timedelta(minutes=1)]
    return {
        "MetricDataResults": [
            {"Id": query["Id"], "Timestamps": moments, "Values": [5.0, 120.0]}
            for query in params["MetricDataQueries"]
        ]
    }


def queue_attributes(params: Json) -> Json:
    waiting = 3 if params["QueueUrl"].endswith(physical("EventQueue")) else 0
    waiting += 1 if params["QueueUrl"].endswith(physical("LoadDlq")) else 0
    return {"Attributes": dict.fromkeys(params["AttributeNames"], str(waiting))}


def alarms() -> Json:
    now = datetime.now(UTC)
    common = {"ActionsEnabled": True, "AlarmActions": ["arn:aws:sns:us-east-1:0:alerts"]}
    return {
        "MetricAlarms": [
            {**common, "AlarmName": physical("EventDlqAlarm"), "StateValue": "OK",
             "StateUpdatedTimestamp": now - timedelta(seconds=10), "StateReason": "none",
             "AlarmDescription": "Messages lie in EventDlq; see docs/runbook.md#event-dlq-alarm"},
            {**common, "AlarmName": "of-another-stack", "StateValue": "ALARM",
             "StateUpdatedTimestamp": now},
        ],
        "CompositeAlarms": [
            {**common, "AlarmName": physical("EndpointAlarm"), "StateValue": "INSUFFICIENT_DATA",
             "StateUpdatedTimestamp": now - timedelta(hours=1), "AlarmRule": "ALARM(x)",
             "AlarmDescription": HOSTILE},
            {**common, "AlarmName": physical("LoadingAlarm"), "StateValue": "ALARM",
             "StateUpdatedTimestamp": now - timedelta(minutes=4), "AlarmRule": "ALARM(x)",
             "AlarmDescription": "Events do not reach the warehouse; see docs/runbook.md#loading-alarm"},
        ],
    }  # fmt: skip


def alarm_history() -> Json:
    return {
        "AlarmHistoryItems": [
            {"AlarmName": physical("LoadingAlarm"), "Timestamp": datetime.now(UTC),
             "HistoryItemType": "StateUpdate", "HistorySummary": "Alarm updated from OK to ALARM"},
        ]
    }  # fmt: skip


def service_graph() -> Json:
    names = [("client", "client"), ("events-to-endpoints/live", "AWS::ApiGateway::Stage"),
             (physical("ReceiveRequestFunction"), "AWS::Lambda::Function"),
             (physical("EventQueue"), "AWS::SQS::Queue"),
             (physical("StageBatchFunction"), "AWS::Lambda::Function"), (HOSTILE, "remote")]  # fmt: skip
    counts = {"OkCount": 590, "TotalCount": 600, "TotalResponseTime": 30.0,
              "ErrorStatistics": {"TotalCount": 6}, "FaultStatistics": {"TotalCount": 4}}  # fmt: skip
    last = len(names) - 1
    return {
        "Services": [
            {"ReferenceId": place, "Name": name, "Type": kind, "SummaryStatistics": counts,
             "Edges": [{"ReferenceId": place + 1, "SummaryStatistics": counts}]
             if place < last else []}
            for place, (name, kind) in enumerate(names)
        ]
    }  # fmt: skip


def canned_cloud() -> CannedCloud:
    return CannedCloud(
        {
            ("cloudformation", "ListStackResources"): stack_resources(),
            ("cloudwatch", "GetMetricData"): metric_data,
            ("cloudwatch", "DescribeAlarms"): alarms(),
            ("cloudwatch", "DescribeAlarmHistory"): alarm_history(),
            ("sqs", "GetQueueAttributes"): queue_attributes,
            ("xray", "GetTraceSummaries"): summaries,
            ("xray", "BatchGetTraces"): batch_get,
            ("xray", "GetServiceGraph"): service_graph(),
            ("stepfunctions", "ListExecutions"): {"executions": [execution()]},
            ("stepfunctions", "DescribeExecution"): execution(),
            ("stepfunctions", "GetExecutionHistory"): history(),
        }
    )
