"""CloudFormation calls it on deploy: sets what the warehouse may use in a day, and always answers."""

from typing import Any

from pipeline import telemetry
from pipeline.load.custom_resource import Event, respond
from pipeline.usage_limit import UsageLimit

NONE = "no-limit"  # the id of a limit that could not be created

limit = UsageLimit()


@telemetry.observed
def handler(event: Event, context: Any) -> None:  # noqa: ARG001 (Lambda's signature)
    """Create, change or delete the limit.

    For another workgroup there is another limit, with another id: CloudFormation then asks to
    delete the first.
    """

    def work(limit_id: str) -> str:
        if event["RequestType"] == "Delete":
            return delete(limit_id)
        wanted = event["ResourceProperties"]
        return limit.put(wanted["WorkgroupArn"], int(wanted["RpuHours"]), wanted["Action"])

    respond(event, NONE, work)


def delete(limit_id: str) -> str:
    """Delete what was created; returns its id."""
    if limit_id != NONE:
        limit.remove(limit_id)
    return limit_id
