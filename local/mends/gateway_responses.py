"""An API imported from OpenAPI keeps its gateway responses.

API Gateway reads `x-amazon-apigateway-gateway-responses`, where SAM writes the GatewayResponses of
an API. Stock ministack knows gateway responses, but leaves out those of an imported API.
"""

from typing import Any

from ministack.services import apigateway_v1

from local.mends.seams import seam

_import_rest_api = seam(__name__, apigateway_v1, "_import_rest_api")
_put_response = seam(__name__, apigateway_v1, "_put_gateway_response")
_EXTENSION = "x-amazon-apigateway-gateway-responses"


def apply() -> None:
    """Put the responses of the document to the API that was made of it."""
    apigateway_v1._import_rest_api = _import


def _import(document: dict[str, Any], *rest: Any) -> str:
    api_id: str = _import_rest_api(document, *rest)
    for response_type, response in document.get(_EXTENSION, {}).items():
        status, _, answer = _put_response(api_id, response_type, response)
        if status >= 400:  # noqa: PLR2004 - HTTP's first error
            raise ValueError(f"the gateway response {response_type} is refused: {answer!r}")
    return api_id
