"""A handler that does as it is told, with the X-Ray SDK watching, and tells its trace."""

import json
import os
from typing import Any

import boto3
from aws_xray_sdk.core import patch, xray_recorder

if "AWS_XRAY_DAEMON_ADDRESS" in os.environ:
    patch(("botocore",))


def work(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Send what the event asks for, fail if it says so, and answer with the trace header."""
    told = json.loads(event["body"]) if event.get("body") else event
    print(json.dumps({"trace": os.environ.get("_X_AMZN_TRACE_ID")}))  # noqa: T201 - tests read it
    for name, value in told.get("annotate", {}).items():
        with xray_recorder.in_subsegment("told") as subsegment:
            subsegment.put_annotation(name, value)
    for wish in told.get("do", []):
        WISHES[wish]()
    if told.get("raise"):
        raise RuntimeError(told["raise"])
    status = told.get("status", 200)
    return {"statusCode": status, "body": json.dumps(os.environ.get("_X_AMZN_TRACE_ID"))}


def send() -> None:
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody='{"from": "send"}')


def announce() -> None:
    entry = {"Source": "traced", "DetailType": "Told", "Detail": "{}"}
    boto3.client("events").put_events(Entries=[entry])


def start() -> None:
    boto3.client("stepfunctions").start_execution(stateMachineArn=os.environ["MACHINE"])


def put() -> None:
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="told", Body=b"{}")


def insert() -> None:
    item = {"pk": {"S": "told"}}
    boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item=item)


WISHES = {"send": send, "announce": announce, "start": start, "put": put, "insert": insert}
