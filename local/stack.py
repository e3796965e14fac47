"""A deployed stack as somebody outside sees it: addresses, names and keys, local or on AWS."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import boto3
import requests

from local.cloud import LocalCloud, api_url, function_url

Client = Callable[[str], Any]

ANSWER_SECONDS = 35  # whoever asks waits for longer than API Gateway, which gives up after 29


class EndpointError(RuntimeError):
    """The endpoint answered with an error; the message holds its status and problem."""


class NoAnswer(EndpointError):
    """The endpoint kept silent for longer than API Gateway waits: this machine is too busy."""


@dataclass(frozen=True)
class Stack:
    """What one needs to send events to a deployment and to ask it questions."""

    url: str
    api_key: str
    webhook_url: str
    webhook_secret: str
    bucket: str
    table: str
    outputs: Mapping[str, str]
    client: Client = field(repr=False)
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    @classmethod
    def on_machine(cls, cloud: LocalCloud, outputs: Mapping[str, str]) -> Self:
        """Find a stack that was deployed to the local cloud."""
        return cls._of(
            cloud.client,
            outputs,
            url=api_url(cloud, outputs["ApiId"], "live"),
            webhook_url=function_url(cloud, outputs["WebhookUrl"]),
        )

    @classmethod
    def on_aws(cls, name: str) -> Self:
        """Find a stack in the account of the current credentials."""
        description = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        outputs = {item["OutputKey"]: item["OutputValue"] for item in description["Outputs"]}
        return cls._of(
            boto3.client, outputs, url=outputs["EndpointUrl"], webhook_url=outputs["WebhookUrl"]
        )

    @classmethod
    def _of(cls, client: Client, outputs: Mapping[str, str], *, url: str, webhook_url: str) -> Self:
        key = client("apigateway").get_api_key(apiKey=outputs["ApiKeyId"], includeValue=True)
        secret = client("secretsmanager").get_secret_value(SecretId=outputs["WebhookSecretArn"])
        return cls(
            url=url,
            api_key=key["value"],
            webhook_url=webhook_url,
            webhook_secret=json.loads(secret["SecretString"])["default"],
            bucket=outputs["LakeBucketName"],
            table=outputs["EventTableName"],
            outputs=outputs,
            client=client,
        )

    def get(self, path: str, *, fresh: bool = False, **parameters: str) -> Any:
        """Ask the endpoint; `fresh` goes past its cache.

        Raises EndpointError unless it is 200, and NoAnswer after ANSWER_SECONDS.
        """
        headers = {"x-api-key": self.api_key}
        if fresh:
            headers["Cache-Control"] = "max-age=0"
        # `from` is a word of Python, so callers write from_.
        query = {name.rstrip("_"): value for name, value in parameters.items()}
        try:
            answer = self.session.get(
                f"{self.url}{path}", params=query, headers=headers, timeout=ANSWER_SECONDS
            )
        except requests.Timeout as error:
            raise NoAnswer(f"no answer within {ANSWER_SECONDS} s for {path}") from error
        if answer.status_code != requests.codes.ok:
            raise EndpointError(f"{answer.status_code} for {path}: {answer.text[:500]}")
        return answer.json()

    def close(self) -> None:
        """Close the connections to the endpoint."""
        self.session.close()
