"""What fails behind an API is a gateway response, and so is an answer that has not the form of one.

API Gateway answers 502 where a function failed or did not return what a proxy integration must, and
500 where Lambda refused to invoke it; both by the gateway response DEFAULT_5XX, without a word
about the reason. Stock ministack sends the error with its stack trace to the caller, passes
Lambda's 429 on, and answers 200 with whatever else a function returned.

Chosen here: an answer without `statusCode`, with a member that is not known, or with a body that is
not a text has not the form; AWS says only what the form is.
"""

from typing import Any

from ministack.services import apigateway_v1

from local.mends.seams import seam

Request = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

_MEMBERS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
_BAD_GATEWAY = 502
_REFUSED = 500

_execute = seam(__name__, apigateway_v1, "_execute_in_scope")
_error_response = seam(__name__, apigateway_v1, "_gateway_error_response")
_gateway_error = seam(__name__, apigateway_v1, "_GatewayError")
_deployed = seam(__name__, apigateway_v1, "_deployed_gateway_responses")
seam(__name__, apigateway_v1, "_lambda_proxy_response")


class _InvocationFailed(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def apply() -> None:
    """Raise what fails where the function's answer is read, and answer it where others are."""
    apigateway_v1._lambda_proxy_response = _read
    apigateway_v1._execute_in_scope = _execute_or_fail
    apigateway_v1._gateway_error_response = _respond


def _read(result: dict[str, Any]) -> tuple[dict[str, Any], None]:
    if result.get("throttle"):
        raise _InvocationFailed(_REFUSED)
    answer = result.get("body")
    if result.get("error") or not isinstance(answer, dict) or not _has_the_form(answer):
        raise _InvocationFailed(_BAD_GATEWAY)
    return {**answer, "body": answer.get("body") or ""}, None


def _has_the_form(answer: dict[str, Any]) -> bool:
    body = answer.get("body")
    status = str(answer.get("statusCode", ""))
    return answer.keys() <= _MEMBERS and status.isdecimal() and isinstance(body, str | None)


async def _execute_or_fail(request: Request, *rest: Any) -> Any:
    try:
        return await _execute(request, *rest)
    except _InvocationFailed as failure:
        error = _gateway_error("DEFAULT_5XX", "Internal server error")
        error.status = failure.status
        return error


def _respond(error: Any, request: Request) -> Response:
    """Make the response; a DEFAULT_5XX that names no status leaves each error its own."""
    status, headers, body = _error_response(error, request)
    responses = _deployed.get(request["api_id"], {}).get(request["stage"].get("deploymentId")) or {}
    if "statusCode" not in responses.get("DEFAULT_5XX", {}):
        status = getattr(error, "status", status)
    return status, headers, body
