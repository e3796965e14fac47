"""A stage with tracing makes the first segment of a request, or continues the caller's trace.

API Gateway records AWS::ApiGateway::Stage with the request and the status of its answer, hands the
trace to the function behind it and names it in the answer's X-Amzn-Trace-Id. Without tracing it
hands the caller's header on. Stock ministack does nothing of this.
"""

from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import apigateway_v1

from local.mends.seams import seam
from local.xray.header import TraceHeader
from local.xray.recording import continued, marks, segment

_execute = seam(__name__, apigateway_v1, "_handle_execute_in_scope")
_apis = seam(__name__, apigateway_v1, "_rest_apis")
_stages = seam(__name__, apigateway_v1, "_stages_v1")


def apply() -> None:
    """Record each request to a stage."""
    apigateway_v1._handle_execute_in_scope = _handle


async def _handle(
    api_id: str,
    stage_name: str,
    method: str,
    path: str,
    headers: dict[str, str],
    *rest: Any,
) -> Any:
    header = TraceHeader.parse((headers or {}).get("x-amzn-trace-id"))
    request = (api_id, stage_name, method, path, headers, *rest)
    if not _is_traced(api_id, stage_name):
        with continued(header):
            return await _execute(*request)
    header = (header or TraceHeader.begin()).decided()
    name = f"{_apis[api_id]['name']}/{stage_name}"
    about = _about(api_id, stage_name, method, path, headers)
    with segment(header, name, "AWS::ApiGateway::Stage", **about) as document:
        status, told, body = await _execute(*request)
        document["http"]["response"] = {"status": status, "content_length": len(body)}
        document.update(marks(status))
        named = header.below(document["id"])
    return status, {**told, "X-Amzn-Trace-Id": str(named)}, body


def _is_traced(api_id: str, stage_name: str) -> bool:
    stage: dict[str, Any] = (_stages.get(api_id) or {}).get(stage_name) or {}
    return str(stage.get("tracingEnabled")).lower() == "true"


def _about(
    api_id: str, stage_name: str, method: str, path: str, headers: dict[str, str]
) -> dict[str, Any]:
    host = f"{api_id}.execute-api.{get_region()}.amazonaws.com"
    request = {
        "url": f"https://{host}/{stage_name}{path}",
        "method": method,
        "client_ip": "127.0.0.1",
        "user_agent": headers.get("user-agent", ""),
    }
    return {
        "http": {"request": request},
        "resource_arn": f"arn:aws:apigateway:{get_region()}::/restapis/{api_id}/stages/{stage_name}",
        "aws": {
            "account_id": get_account_id(),
            "api_gateway": {"rest_api_id": api_id, "stage": stage_name},
        },
    }
