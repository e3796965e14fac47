"""A body of more than 10 MB is refused.

API Gateway takes no larger one and answers by the gateway response REQUEST_TOO_LARGE (413). Stock
ministack hands any body to the function. Lambda's own limit of 6 MB for an event is not mended.
"""

from typing import Any

from ministack.services import apigateway_v1

from local.mends.seams import seam

_MOST_BYTES = 10 * 1024 * 1024

_authorize = seam(__name__, apigateway_v1, "_authorize_request_v1")
_gateway_error = seam(__name__, apigateway_v1, "_GatewayError")


def apply() -> None:
    """Look at the size before anything else that is looked at in a request."""
    apigateway_v1._authorize_request_v1 = _authorize_unless_too_large


async def _authorize_unless_too_large(*arguments: Any) -> tuple[Any, Any]:
    # The body is the only one of the arguments that is bytes.
    if any(isinstance(body, bytes) and len(body) > _MOST_BYTES for body in arguments):
        return _gateway_error("REQUEST_TOO_LARGE", "Request Too Long"), None
    decision: tuple[Any, Any] = await _authorize(*arguments)
    return decision
