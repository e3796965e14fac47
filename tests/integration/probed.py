"""A small stack deployed to one cloud, and what the tests of the mends ask it."""

import json
from pathlib import Path
from typing import Any

import requests
from botocore.exceptions import ClientError

from local.cloud import LocalCloud, api_url
from local.deploy import deploy


class Stack:
    """A deployed stack."""

    def __init__(self, cloud: LocalCloud, template: Path, name: str) -> None:
        self.cloud = cloud
        self.template = template
        self.name = name
        self.outputs = self.deploy()

    def __getitem__(self, output: str) -> str:
        return self.outputs[output]

    def deploy(self, **parameters: str) -> dict[str, str]:
        return deploy(self.cloud, self.template, self.name, parameters)

    def invoke(self, **event: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The answer of the function that obeys, and its payload."""
        answer = self.cloud.client("lambda").invoke(
            FunctionName=self["Obey"], Payload=json.dumps(event), LogType="Tail"
        )
        return answer, json.loads(answer["Payload"].read())

    def send(self, queue: str, *bodies: str) -> None:
        client = self.cloud.client("sqs")
        for start in range(0, len(bodies), 10):
            entries = [
                {"Id": str(number), "MessageBody": body}
                for number, body in enumerate(bodies[start : start + 10])
            ]
            client.send_message_batch(QueueUrl=self[queue], Entries=entries)

    def receive(self, queue: str) -> list[dict[str, Any]]:
        answer = self.cloud.client("sqs").receive_message(
            QueueUrl=self[queue], MaxNumberOfMessages=10
        )
        return list(answer.get("Messages", []))

    def insert(self, *keys: str) -> None:
        client = self.cloud.client("dynamodb")
        for key in keys:
            client.put_item(TableName=self["Table"], Item={"pk": {"S": key}})

    def batches(self, function: str) -> list[list[str]]:
        """The records of each invocation, as the function printed them."""
        events = self.printed(function)
        return [event["records"] for event in events if "records" in event]

    def printed(self, function: str) -> list[dict[str, Any]]:
        try:
            answer = self.cloud.client("logs").filter_log_events(
                logGroupName=f"/aws/lambda/{self[function]}"
            )
        except ClientError:
            return []  # it has not been invoked yet
        lines = [event["message"] for event in answer["events"]]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def get(self, path: str, **headers: str) -> requests.Response:
        address = api_url(self.cloud, self["Api"], "live") + path
        return requests.get(address, headers=headers, timeout=20)
