"""Claims to questions: of all containers that are asked the same, one asks the warehouse."""

from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from pipeline.budget import CONFIG, KEPT_SECONDS, DynamoDBClient, Watch, code_of, excuse

PREFIX = "asked/"
MILLISECONDS = 1_000


class Claims:
    """Grants a question to one asker at a time, in the table that the budget counts in.

    Without the table (unreachable or throttling) every claim is granted, and `report` is told why.
    """

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        report: Callable[[str], None] = lambda _: None,
        watch: Watch | None = None,
    ) -> None:
        self._table = table
        self._dynamodb: DynamoDBClient = client or boto3.client("dynamodb", config=CONFIG)
        self._report = report
        self._watch = watch or Watch()

    def take(self, key: str, seconds: float) -> bool:
        """Claim a question for so many seconds; False while somebody else's claim lasts."""
        now = self._watch.now()
        try:
            self._claim(key, now, now + seconds)
        except ClientError as fault:
            if code_of(fault) == "ConditionalCheckFailedException":
                return False
            self._report(excuse(fault))
        except (HTTPClientError, NoConnection) as fault:
            self._report(type(fault).__name__)
        return True

    def release(self, key: str) -> None:
        """Let go of a claim whose answer did not come; if it cannot be, it ends by itself."""
        now = self._watch.now()
        try:
            self._dynamodb.update_item(**self._change(key, now))
        except (ClientError, HTTPClientError, NoConnection) as fault:
            self._report(type(fault).__name__)

    def _claim(self, key: str, now: float, until: float) -> None:
        change = self._change(key, until)
        change["ConditionExpression"] = (
            "attribute_not_exists(claimed_until) OR claimed_until <= :now"
        )
        change["ExpressionAttributeValues"] |= {":now": {"N": _number(now)}}
        self._dynamodb.update_item(**change)

    def _change(self, key: str, until: float) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": {"name": {"S": PREFIX + key}},
            "UpdateExpression": "SET claimed_until = :until, expires_at = :expires_at",
            "ExpressionAttributeValues": {
                ":until": {"N": _number(until)},
                ":expires_at": {"N": str(int(until) + KEPT_SECONDS)},
            },
        }


def _number(moment: float) -> str:
    return str(int(moment * MILLISECONDS))
