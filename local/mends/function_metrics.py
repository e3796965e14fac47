"""Every invocation of a function makes metrics, whoever invoked it.

AWS/Lambda has Invocations, Errors, Throttles and Duration of each function and of the account, and
IteratorAge of what reads a stream: how old the last record of a batch is. Stock ministack counts
calls of Invoke alone, neither those of API Gateway nor of queues, streams and rules, and makes no
totals.
"""

import time
from typing import Any

from ministack.services import lambda_svc

from local.mends.metric_store import record
from local.mends.seams import seam

_NAMESPACE = "AWS/Lambda"
_STREAMS = ("aws:dynamodb", "aws:kinesis")

_execute_dispatch = seam(__name__, lambda_svc, "_execute_function_dispatch")
seam(__name__, lambda_svc, "_emit_lambda_metrics")
seam(__name__, lambda_svc, "_acquire_execution_slot")

Outcome = dict[str, Any]


def apply() -> None:
    """Measure where all invocations come through, and count those that get no slot."""
    lambda_svc._emit_lambda_metrics = lambda *_, **__: None
    lambda_svc._execute_function_dispatch = _execute
    lambda_svc._acquire_execution_slot = _counting(lambda_svc._acquire_execution_slot)


def _execute(function: Any, config: Any, event: Any, request_id: str, started: float) -> Outcome:
    name = config["FunctionName"]
    if (age := _iterator_age(event)) is not None:
        _put(name, "IteratorAge", age, "Milliseconds")
    failed = True
    try:
        outcome: Outcome = _execute_dispatch(function, config, event, request_id, started)
        failed = bool(outcome.get("error"))
    finally:
        _put(name, "Invocations", 1, "Count")
        _put(name, "Errors", int(failed), "Count")
        _put(name, "Throttles", 0, "Count")
        _put(name, "Duration", (time.time() - started) * 1000, "Milliseconds")
    return outcome


def _counting(acquire: Any) -> Any:
    def acquire_slot(function: Any, config: Any) -> Any:
        slot, limit = acquire(function, config)
        if slot is None:
            _put(config["FunctionName"], "Throttles", 1, "Count")
        return slot, limit

    return acquire_slot


def _iterator_age(event: Any) -> float | None:
    """Milliseconds since the last record of a stream's batch was written."""
    records = event.get("Records") if isinstance(event, dict) else None
    last = records[-1] if records else {}
    if not isinstance(last, dict) or last.get("eventSource") not in _STREAMS:
        return None
    about = last.get("dynamodb") or last.get("kinesis") or {}
    written = about.get("ApproximateCreationDateTime") or about.get("approximateArrivalTimestamp")
    return max(0.0, (time.time() - float(written)) * 1000) if written else None


def _put(function: str, metric: str, value: float, unit: str) -> None:
    for dimensions in ({"FunctionName": function}, {}):
        record(_NAMESPACE, metric, value, unit, dimensions)
