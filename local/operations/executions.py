"""The state machine's executions: the latest ones, and one of them step by step."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

SHOWN = 50
NAME = re.compile(r"[\w-]{1,80}\Z")
# Of inputs and outputs only what points to an object or a batch is shown: they may hold more.
POINTERS = ("batch_id", "bucket", "key", "rows", "received_at", "replay")
SHORT = 200

Json = dict[str, Any]
Event = Mapping[str, Any]


def list_executions(stepfunctions: Any, machine: str) -> list[Json]:
    """Return the latest executions, the newest first."""
    answer = stepfunctions.list_executions(stateMachineArn=machine, maxResults=SHOWN)
    return [_head(execution) for execution in answer["executions"]]


def read_execution(stepfunctions: Any, machine: str, name: str) -> Json:
    """Return one execution with its steps; errors of the SDK go through."""
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    head = stepfunctions.describe_execution(executionArn=arn)
    pages = stepfunctions.get_paginator("get_execution_history").paginate(executionArn=arn)
    return {
        **_head(head),
        "error": head.get("error", ""),
        "input": pointers(head.get("input")),
        "output": pointers(head.get("output")),
        "trace": _trace_of(head.get("traceHeader", "")),
        "steps": shape_steps([event for page in pages for event in page["events"]]),
    }


def shape_steps(events: Sequence[Event]) -> list[Json]:
    """Make one step of each time that a state was entered, in that order.

    What happens between entering and leaving a state is told by events that each name the one
    before it, so that failures find their step in parallel states too. The local cloud names none:
    there the one before is the one numbered before.
    """
    steps: list[Json] = []
    owners: dict[int, Json] = {}
    for event in sorted(events, key=lambda event: event["id"]):
        if event["type"].endswith("StateEntered"):
            steps.append(_entered(event))
            owners[event["id"]] = steps[-1]
            continue
        owner = owners.get(event.get("previousEventId", event["id"] - 1))
        if owner:
            owners[event["id"]] = owner
            _tell(owner, event)
    return steps


def pointers(text: str | None) -> dict[str, str]:
    """Read the pointers off an input or output; other members, and what is no object, stay out."""
    try:
        given = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(given, dict):
        return {}
    return {
        name: str(given[name])[:SHORT]
        for name in POINTERS
        if isinstance(given.get(name), str | int)
    }


def _entered(event: Event) -> Json:
    details = event.get("stateEnteredEventDetails", {})
    return {
        "name": details.get("name", ""),
        "type": event["type"].removesuffix("StateEntered"),
        "at": event["timestamp"].timestamp() * 1000,
        "ms": None,
        "status": "running",
        "error": "",
        "tries": 1,
        "input": pointers(details.get("input")),
        "output": {},
    }


def _tell(step: Json, event: Event) -> None:
    """Write into a step what an event says of it."""
    kind = event["type"]
    details = _details(event)
    if kind.endswith("StateExited"):
        step["ms"] = event["timestamp"].timestamp() * 1000 - step["at"]
        step["status"] = "caught" if step["status"] == "failed" else "succeeded"
        step["output"] = pointers(details.get("output"))
    elif kind.endswith(("Failed", "TimedOut", "Aborted")):
        step["status"], step["error"] = "failed", details.get("error", kind)
    elif kind.endswith("Scheduled") and step["status"] == "failed":
        step["status"], step["tries"] = "running", step["tries"] + 1


def _details(event: Event) -> Mapping[str, Any]:
    found = [value for name, value in event.items() if name.endswith("Details")]
    return found[0] if found else {}


def _head(execution: Event) -> Json:
    start, stop = execution["startDate"], execution.get("stopDate")
    return {
        "name": execution["name"],
        "status": execution["status"],
        "at": start.timestamp() * 1000,
        "ms": (stop - start).total_seconds() * 1000 if stop else None,
    }


def _trace_of(header: str) -> str:
    fields = dict(part.split("=", 1) for part in header.split(";") if "=" in part)
    return fields.get("Root", "")
