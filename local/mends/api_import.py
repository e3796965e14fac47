"""An API imported from OpenAPI keeps its request parameters, its cache keys and its mocked answers.

API Gateway reads each operation's `parameters` and all of its integration. Stock ministack reads
the method, its security and the integration's type and address, and nothing else.
"""

from typing import Any

from ministack.services import apigateway_v1

from local.mends.seams import seam

_import_operation = seam(__name__, apigateway_v1, "_import_operation")
_resources = seam(__name__, apigateway_v1, "_resources")

_MEMBERS = ("cacheKeyParameters", "requestParameters", "requestTemplates", "contentHandling")
_PLACES = {"query": "querystring", "header": "header", "path": "path"}


def apply() -> None:
    """Add to each imported method what the import left out."""
    apigateway_v1._import_operation = _import


def _import(
    api_id: str, resource_id: str, http_method: str, operation: dict[str, Any], *rest: Any
) -> None:
    _import_operation(api_id, resource_id, http_method, operation, *rest)
    method = _resources[api_id][resource_id]["resourceMethods"][http_method]
    method["requestParameters"] = {
        f"method.request.{_PLACES[parameter['in']]}.{parameter['name']}": bool(
            parameter.get("required")
        )
        for parameter in (operation or {}).get("parameters", [])
        if parameter.get("in") in _PLACES
    }
    integration = (operation or {}).get("x-amazon-apigateway-integration", {})
    for member in _MEMBERS:
        if member in integration:
            method["methodIntegration"][member] = integration[member]
    if "responses" in integration:
        method["methodIntegration"]["integrationResponses"] = _responses(integration["responses"])


def _responses(responses: dict[str, Any]) -> dict[str, Any]:
    """Name each by its status, as the API does, not by the pattern that chooses it."""
    return {
        str(response["statusCode"]): {
            **response,
            "selectionPattern": "" if pattern == "default" else pattern,
        }
        for pattern, response in responses.items()
    }
