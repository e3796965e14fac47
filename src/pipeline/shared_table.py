"""The table in which all containers that read count and claim; nothing in it is worth keeping."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from pipeline.brief import BRIEF
from pipeline.errors import TableUnavailable

# Long enough that reads do not pay for an unreachable table one by one.
BLIND_SECONDS = 5
THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)
REFUSED = "ConditionalCheckFailedException"
SERVER_FAULT = 500


class DynamoDBClient(Protocol):
    """The call of boto3's DynamoDB client that the table makes."""

    def update_item(self, **arguments: Any) -> Any:
        """Change one item if a condition holds."""


@dataclass(frozen=True)
class Watch:
    """The wall clock, how to wait by it, and a number from 0 to 1 that spreads those who wait."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class SharedTable:
    """Changes items of one table; once it cannot be reached, it is left alone for a while."""

    def __init__(
        self, name: str, client: DynamoDBClient | None = None, *, watch: Watch | None = None
    ) -> None:
        self._name = name
        self._dynamodb: DynamoDBClient = client or boto3.client("dynamodb", config=BRIEF)
        self._watch = watch or Watch()
        self._blind_until = 0.0

    def update(
        self, key: str, expression: str, values: Mapping[str, int], *, condition: str = ""
    ) -> bool:
        """Change an item; False if the condition does not hold.

        Raises TableUnavailable if the table throttles, cannot be reached, or is left alone.
        """
        if self._watch.now() < self._blind_until:
            raise TableUnavailable("resting after the table could not be reached")
        change = {
            "TableName": self._name,
            "Key": {"name": {"S": key}},
            "UpdateExpression": expression,
            "ExpressionAttributeValues": {n: {"N": str(v)} for n, v in values.items()},
        }
        return self._change(change | ({"ConditionExpression": condition} if condition else {}))

    def _change(self, change: Mapping[str, Any]) -> bool:
        try:
            self._dynamodb.update_item(**change)
        except ClientError as fault:
            code = str(fault.response.get("Error", {}).get("Code", ""))
            status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if code == REFUSED:
                return False
            if code in THROTTLED or status >= SERVER_FAULT:
                raise TableUnavailable(code) from fault
            raise
        except (HTTPClientError, NoConnection) as fault:
            self._blind_until = self._watch.now() + BLIND_SECONDS
            raise TableUnavailable(type(fault).__name__) from fault
        return True
