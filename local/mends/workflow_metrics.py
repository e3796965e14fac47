"""Executions of a state machine make metrics.

AWS/States has ExecutionsStarted, ExecutionsSucceeded, ExecutionsFailed, ExecutionsTimedOut,
ExecutionsAborted and ExecutionTime of each state machine. Stock ministack makes none. It never
ends an execution as timed out, so that metric stays without data.
"""

from datetime import datetime
from typing import Any

from ministack.services import stepfunctions

from local.mends.metric_store import record
from local.mends.seams import seam

_NAMESPACE = "AWS/States"
_METRICS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}

_tell_status = seam(__name__, stepfunctions, "_emit_execution_status_event")


def apply() -> None:
    """Count where an execution's new status is told."""
    stepfunctions._emit_execution_status_event = _tell


def _tell(execution: dict[str, Any]) -> None:
    _tell_status(execution)
    metric = _METRICS.get(execution["status"])
    machine = execution.get("stateMachineArn")
    if not metric or not machine:
        return
    dimensions = {"StateMachineArn": machine}
    record(_NAMESPACE, metric, 1, "Count", dimensions)
    if execution.get("stopDate"):
        record(_NAMESPACE, "ExecutionTime", _milliseconds(execution), "Milliseconds", dimensions)


def _milliseconds(execution: dict[str, Any]) -> float:
    started, stopped = (datetime.fromisoformat(execution[k]) for k in ("startDate", "stopDate"))
    return (stopped - started).total_seconds() * 1000
