"""Answers CloudFormation for a custom resource: unanswered, a deployment hangs for an hour."""

import json
import urllib.request
from collections.abc import Callable
from typing import Any

from pipeline import telemetry
from pipeline.errors import StatementFailed

ANSWER_SECONDS = 10
MAX_REASON = 1_000  # characters; CloudFormation takes 4 KB for the whole answer

Event = dict[str, Any]


def respond(event: Event, own_id: str, work: Callable[[str], str]) -> None:
    """Do the work and answer, whatever became of it.

    `work` gets the resource's physical id, `own_id` where there is none yet, and returns it, the
    same or another. After a failure it stays what it was: CloudFormation deletes a resource whose
    id changes, and asks to delete one that it could not create.
    """
    physical_id = event.get("PhysicalResourceId") or own_id
    status, reason = "SUCCESS", ""
    try:
        physical_id = work(physical_id)
    except Exception as fault:  # noqa: BLE001 (CloudFormation must hear of every failure)
        telemetry.logger.exception("the custom resource could not be brought up to date")
        status, reason = "FAILED", explain(fault)
    send_answer(event, answer(event, physical_id, status, reason))


def explain(fault: Exception) -> str:
    """Say to whoever deploys what went wrong; the warehouse's own words help most."""
    words = fault.error if isinstance(fault, StatementFailed) else str(fault)
    return f"{type(fault).__name__}: {words}"[:MAX_REASON]


def answer(event: Event, physical_id: str, status: str, reason: str) -> dict[str, Any]:
    """Make CloudFormation's answer; it repeats what CloudFormation knows the request by."""
    return {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": physical_id,
        **{key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")},
    }


def send_answer(event: Event, body: dict[str, Any]) -> None:
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
