"""What the warehouse may use in a day. CloudFormation has no resource for it, so a function sets it."""

from collections.abc import Iterator
from typing import Any, Protocol

import boto3

USAGE = "serverless-compute"
# A limit that ends what a day costs is over the next day; one for the month could last for weeks.
PERIOD = "daily"


class ServerlessClient(Protocol):
    """The calls of boto3's redshift-serverless client that the usage limit makes."""

    exceptions: Any

    def list_usage_limits(self, **arguments: Any) -> Any:
        """List a page of the limits of a workgroup."""

    def create_usage_limit(self, **arguments: Any) -> Any:
        """Create a limit."""

    def update_usage_limit(self, **arguments: Any) -> Any:
        """Change a limit's amount and action."""

    def delete_usage_limit(self, **arguments: Any) -> Any:
        """Delete a limit."""


class UsageLimit:
    """The one daily limit of RPU-hours that a workgroup has from us."""

    def __init__(self, client: ServerlessClient | None = None) -> None:
        self._serverless: ServerlessClient = client or boto3.client("redshift-serverless")

    def put(self, workgroup_arn: str, rpu_hours: int, action: str) -> str:
        """Set the limit, whether there is one or not, and return its id.

        `action` is what happens when it is reached: log, emit-metric or deactivate.
        """
        wanted = {"amount": rpu_hours, "breachAction": action}
        for limit in self._limits(workgroup_arn):
            if limit["period"] == PERIOD:
                known = str(limit["usageLimitId"])
                self._serverless.update_usage_limit(usageLimitId=known, **wanted)
                return known
        created = self._serverless.create_usage_limit(
            resourceArn=workgroup_arn, usageType=USAGE, period=PERIOD, **wanted
        )
        return str(created["usageLimit"]["usageLimitId"])

    def remove(self, limit_id: str) -> None:
        """Delete the limit; one that is gone already is as wanted."""
        try:
            self._serverless.delete_usage_limit(usageLimitId=limit_id)
        except self._serverless.exceptions.ResourceNotFoundException:
            return

    def _limits(self, workgroup_arn: str) -> Iterator[dict[str, Any]]:
        page: dict[str, str] = {}
        while True:
            answer = self._serverless.list_usage_limits(
                resourceArn=workgroup_arn, usageType=USAGE, **page
            )
            yield from answer.get("usageLimits", ())
            if not answer.get("nextToken"):
                return
            page = {"nextToken": answer["nextToken"]}
