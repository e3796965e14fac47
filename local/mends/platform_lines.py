"""A function that logs in JSON has Lambda's own lines so, too, in streams that bear its name.

AWS ends each invocation with a line `platform.report` that tells its status: success, error or
timeout. In a log group that functions share, streams are named after function and version. Stock
ministack writes START, END and REPORT as text without a status, and names streams by version.
"""

import json
import time
from datetime import UTC, datetime
from typing import Any

from ministack.services import cloudwatch_logs, lambda_svc

from local.mends.handler_errors import logs_json
from local.mends.seams import seam

_emit_text = seam(__name__, lambda_svc, "_emit_lambda_logs")
_create_stream = seam(__name__, cloudwatch_logs, "_create_log_stream")
_create_group = seam(__name__, cloudwatch_logs, "_create_log_group")
_groups = seam(__name__, cloudwatch_logs, "_log_groups")
_fan_out = seam(__name__, cloudwatch_logs, "_fanout_to_subscription_filters")
seam(__name__, cloudwatch_logs, "_append_log_events")
seam(__name__, lambda_svc, "_execute_function_dispatch")

Members = dict[str, Any]


def apply() -> None:
    """Write the lines of each invocation once it is known what became of it."""
    lambda_svc._emit_lambda_logs = _emit
    lambda_svc._execute_function_dispatch = _telling(lambda_svc._execute_function_dispatch)


def _emit(function: Members, *rest: Any, **more: Any) -> None:
    if not logs_json(function.get("config") or function):
        _emit_text(function, *rest, **more)


def _telling(dispatch: Any) -> Any:
    def execute(
        function: Members, config: Members, event: Any, request_id: str, started: float
    ) -> Members:
        outcome: Members = dispatch(function, config, event, request_id, started)
        if logs_json(config):
            version = config.get("Version", "$LATEST")
            begun = _line(started, "start", {"requestId": request_id, "version": version})
            report = _line(time.time(), "report", _report(outcome, request_id, started))
            _write(config, request_id, [begun, *(outcome.get("log") or "").splitlines(), report])
        return outcome

    return execute


def _report(outcome: Members, request_id: str, started: float) -> Members:
    metrics = {"durationMs": round((time.time() - started) * 1000, 3)}
    report = {"requestId": request_id, "metrics": metrics, "status": "success"}
    if not outcome.get("error"):
        return report
    told = outcome.get("body")
    told = told if isinstance(told, dict) else {}
    if str(told.get("errorMessage", "")).startswith("Task timed out"):
        return report | {"status": "timeout"}
    return report | {"status": "error", "errorType": told.get("errorType")}


def _line(moment: float, kind: str, record: Members) -> str:
    at = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": at, "type": f"platform.{kind}", "record": record})


def _write(config: Members, request_id: str, lines: list[str]) -> None:
    name, version = config["FunctionName"], config.get("Version", "$LATEST")
    group = config["LoggingConfig"].get("LogGroup") or f"/aws/lambda/{name}"
    stream = f"{datetime.now(UTC):%Y/%m/%d}/{name}[{version}]{request_id}"
    if group not in _groups:
        _create_group({"logGroupName": group})
    _create_stream({"logGroupName": group, "logStreamName": stream})
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line, "ingestionTime": now} for line in lines]
    cloudwatch_logs._append_log_events(_groups[group]["streams"][stream], events)
    _fan_out(group, stream, events)
