"""A mock fails where the request's media type is binary and its integration converts nothing.

API Gateway applies no template to a binary body, and without one it doesn't know a mock's status:
it answers 500 by the gateway response API_CONFIGURATION_ERROR, unless the integration says
`contentHandling: CONVERT_TO_TEXT`. AWS does not describe it; it is what people find whose
preflights fail under `*/*` (serverless-application-model#553, #1344). Stock ministack answers.

A request without a media type counts as JSON.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from ministack.services import apigateway_v1

from local.mends.seams import seam

Request = dict[str, Any]

seam(__name__, apigateway_v1, "_execute_in_scope")
_invoke_mock = seam(__name__, apigateway_v1, "_invoke_mock_v1")
_gateway_error = seam(__name__, apigateway_v1, "_gw_error")
_matches = seam(__name__, apigateway_v1, "_media_type_matches")
_apis = seam(__name__, apigateway_v1, "_rest_apis")

_asked: ContextVar[Request] = ContextVar("asked")


def apply() -> None:
    """Remember the request, on top of other mends, for the mock is not told of it."""
    apigateway_v1._execute_in_scope = _remembering(apigateway_v1._execute_in_scope)
    apigateway_v1._invoke_mock_v1 = _invoke


def _remembering(execute: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def remembering(request: Request, *rest: Any) -> Any:
        _asked.set(request)
        return await execute(request, *rest)

    return remembering


def _invoke(integration: dict[str, Any]) -> Any:
    request = _asked.get()
    binary = (_apis.get(request["api_id"]) or {}).get("binaryMediaTypes")
    media_type = request["headers"].get("content-type") or "application/json"
    if _matches(media_type, binary) and integration.get("contentHandling") != "CONVERT_TO_TEXT":
        return _gateway_error("API_CONFIGURATION_ERROR", "Internal server error")
    return _invoke_mock(integration)
