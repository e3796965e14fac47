"""CloudFormation calls it on deploy: the schema is brought up to date, and it always answers."""

import json
import time
import urllib.request
from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import load_catalogue
from pipeline.errors import StatementFailed
from pipeline.load.migration import Names, update_schema
from pipeline.settings import from_env
from pipeline.warehouse import Warehouse

ANSWER_SECONDS = 10  # kept back for the answer; without one a deploy hangs for an hour
MAX_REASON = 1_000  # characters; CloudFormation takes 4 KB for the whole answer


@dataclass(frozen=True)
class Settings:
    """Where the schema goes and who may use it."""

    workgroup_name: str
    database_name: str
    admin_secret_arn: str
    loader_role_name: str
    reader_role_name: str


settings = from_env(Settings)
warehouse = Warehouse(
    settings.workgroup_name, settings.database_name, secret_arn=settings.admin_secret_arn
)
catalogue = load_catalogue()
names = Names(settings.database_name, settings.loader_role_name, settings.reader_role_name)


@telemetry.observed
def handler(event: dict[str, Any], context: Any) -> None:
    """Create or update the schema; a deleted stack leaves the data where it is."""
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS
    status, reason = "SUCCESS", ""
    try:
        if event["RequestType"] != "Delete":
            update_schema(warehouse, catalogue, names, lambda: deadline - time.monotonic())
    except Exception as fault:  # noqa: BLE001 (CloudFormation must hear of every failure)
        telemetry.logger.exception("the schema could not be brought up to date")
        status, reason = "FAILED", explain(fault)
    send_answer(event, answer(event, settings, status, reason))


def explain(fault: Exception) -> str:
    """Say to whoever deploys what went wrong; the warehouse's own words help most."""
    words = fault.error if isinstance(fault, StatementFailed) else str(fault)
    return f"{type(fault).__name__}: {words}"[:MAX_REASON]


def answer(event: dict[str, Any], names: Settings, status: str, reason: str) -> dict[str, Any]:
    """Make CloudFormation's answer; the same resource keeps its physical id."""
    own_id = f"{names.workgroup_name}/{names.database_name}/schema"
    return {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": event.get("PhysicalResourceId") or own_id,
        **{key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")},
    }


def send_answer(event: dict[str, Any], body: dict[str, Any]) -> None:
    """Put the answer where CloudFormation waits for it."""
    request = urllib.request.Request(  # noqa: S310 (CloudFormation's own address)
        event["ResponseURL"],
        data=json.dumps(body).encode(),
        # The address is signed for a body without a content type.
        headers={"Content-Type": ""},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS):  # noqa: S310 (as above)
        pass
