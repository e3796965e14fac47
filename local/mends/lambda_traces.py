"""A function's invocation is two segments in its caller's trace, and its own code sees the second.

With `Tracing: Active` AWS records AWS::Lambda (the service) and AWS::Lambda::Function (the work)
for each invocation, and sets _X_AMZN_TRACE_ID to the trace with the second as the parent; with
PassThrough it hands the caller's header on and records nothing. Stock ministack sets a fresh trace
for every invocation, whoever called, and records nothing.
"""

import time
from typing import Any

from ministack.services import lambda_svc

from local.mends.seams import seam
from local.xray.header import TraceHeader, new_segment_id
from local.xray.recording import continued, current, failure, links, marks, segment

_execute_function = seam(__name__, lambda_svc, "_execute_function")
_is_out_of_scope = seam(__name__, lambda_svc, "_function_config_scope_mismatch")
_url_request = seam(__name__, lambda_svc, "handle_function_url_request")
seam(__name__, lambda_svc, "_xray_trace_id_for_invocation")
seam(__name__, lambda_svc, "_function_url_trace_root")

_REFUSED = 429
_OK = 200

Outcome = dict[str, Any]


def apply() -> None:
    """Record each invocation, and let workers and Function URLs tell its trace."""
    lambda_svc._execute_function = _execute
    lambda_svc._xray_trace_id_for_invocation = _environment
    lambda_svc.handle_function_url_request = _serve_url
    lambda_svc._function_url_trace_root = _root


def _execute(function: dict[str, Any], event: Any) -> Outcome:
    config = function.get("config") or function
    header = current()
    outcome: Outcome
    active = (config.get("TracingConfig") or {}).get("Mode") == "Active"
    if _is_out_of_scope(config) or not active:
        outcome = _execute_function(function, event)  # out of scope, it comes back here
        return outcome
    return _trace(config, header or TraceHeader.begin(), function, event)


def _trace(
    config: dict[str, Any], header: TraceHeader, function: dict[str, Any], event: Any
) -> Outcome:
    name, arn = config["FunctionName"], config.get("FunctionArn", "")
    about = {"resource_arn": arn, "aws": {"function_arn": arn}}
    linked = {"links": links()} if links() else {}
    with segment(header.decided(), name, "AWS::Lambda", **about, **linked) as service:
        below = current() or header
        with segment(below, name, "AWS::Lambda::Function", **about) as work:
            started = time.time()
            outcome: Outcome = _execute_function(function, event)
            if outcome.get("throttle"):
                work.clear()  # the function never ran
            else:
                work.update(_marks(outcome), subsegments=[_invocation(started)])
        service.update(_marks(outcome))
        status = _REFUSED if outcome.get("throttle") else _OK
        service["http"] = {"response": {"status": status}}
    return outcome


def _invocation(started: float) -> dict[str, Any]:
    ended = time.time()
    return {
        "id": new_segment_id(), "name": "Invocation", "start_time": started, "end_time": ended
    }  # fmt: skip


def _marks(outcome: Outcome) -> dict[str, Any]:
    if outcome.get("throttle"):
        return dict(marks(_REFUSED))
    if not outcome.get("error"):
        return {}
    body = outcome.get("body")
    told = body if isinstance(body, dict) else {}
    return failure(str(told.get("errorType", "")), str(told.get("errorMessage", "")))


def _environment(_config: dict[str, Any], inbound: str | None = None) -> str | None:
    header = current()
    return inbound or (str(header) if header else None)


async def _serve_url(
    url_id: str, method: str, path: str, headers: dict[str, str], *rest: Any, **more: Any
) -> Any:
    header = TraceHeader.parse(headers.get("x-amzn-trace-id")) or TraceHeader.begin()
    with continued(header):
        answer = await _url_request(url_id, method, path, headers, *rest, **more)
    status, told, content = answer
    if "X-Amzn-Trace-Id" in told:
        told = {**told, "X-Amzn-Trace-Id": str(header)}
    return status, told, content


def _root() -> str:
    return f"Root={(current() or TraceHeader.begin()).root}"
