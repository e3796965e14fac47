"""A REST API keeps its id, and so its address, when its definition changes.

CloudFormation overwrites the definition of the same API (PutRestApi). Stock ministack creates
another API with a new id and deletes the old one.
"""

from typing import Any

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

from local.mends.seams import resource_type, seam

_TYPE = "AWS::ApiGateway::RestApi"
_handlers = seam(__name__, provisioners, "_RESOURCE_HANDLERS")
_stock = resource_type(__name__, _handlers, _TYPE)
_delete = seam(__name__, apigateway_v1, "_delete_rest_api")
_DEFINITION = [
    seam(__name__, apigateway_v1, store)
    for store in ("_resources", "_authorizers_v1", "_models", "_gateway_responses")
]


def apply() -> None:
    """Update the API in place."""
    _handlers[_TYPE] = {**_stock, "update": _update}


def _update(
    api_id: str,
    old: dict[str, Any],
    new: dict[str, Any],
    stack: str,
    logical_id: str | None = None,
) -> tuple[str, dict[str, str]]:
    if new.get("Body") != old.get("Body"):
        imported, _ = _stock["create"](logical_id or api_id, new, stack)
        for store in _DEFINITION:
            store[api_id] = store.pop(imported)
        _delete(imported)
    same_body = {**old, "Body": new.get("Body")}
    result: tuple[str, dict[str, str]] = _stock["update"](
        api_id, same_body, new, stack, logical_id=logical_id
    )
    return result
