"""A stage keeps its cache switch, and its settings for one path apply to that path.

CloudFormation creates the stage with CacheClusterEnabled, and writes the slashes of a method
setting's ResourcePath as `~1` (`/~1v1~1events`); a path with slashes as they are is refused. Stock
ministack drops the switch and keeps any path as it is written, which then never matches a request.
"""

from typing import Any

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

from local.mends.seams import resource_type, seam

_TYPE = "AWS::ApiGateway::Stage"
_handlers = seam(__name__, provisioners, "_RESOURCE_HANDLERS")
_stock = resource_type(__name__, _handlers, _TYPE)
_method_settings = seam(__name__, provisioners, "_apigw_method_settings")
_stages = seam(__name__, apigateway_v1, "_stages_v1")


def apply() -> None:
    """Decode the paths, and copy the cache switch to the stage."""
    provisioners._apigw_method_settings = _decoded_settings
    _handlers[_TYPE] = {**_stock, "create": _create, "update": _update}


def _decoded_settings(settings: Any) -> Any:
    if not isinstance(settings, list):
        return _method_settings(settings)
    return _method_settings([_decoded(item) for item in settings])


def _decoded(item: dict[str, Any]) -> dict[str, Any]:
    path = item.get("ResourcePath", "/*")
    if not path.startswith("/") or "/" in path[1:]:
        method = item.get("HttpMethod", "*")
        raise ValueError(f"Invalid method setting path: {path}/{method}/metrics/enabled")
    if "~1" not in path:
        return item
    return {**item, "ResourcePath": path.removeprefix("/").replace("~1", "/")}


def _create(logical_id: str, new: dict[str, Any], stack: str) -> Any:
    created = _stock["create"](logical_id, new, stack)
    _copy_cache_switch(new)
    return created


def _update(stage: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> Any:
    updated = _stock["update"](stage, old, new, stack)
    _copy_cache_switch(new)
    return updated


def _copy_cache_switch(new: dict[str, Any]) -> None:
    stage = _stages[new["RestApiId"]][new["StageName"]]
    stage["cacheClusterEnabled"] = str(new.get("CacheClusterEnabled", False)).lower() == "true"
    stage["cacheClusterSize"] = new.get("CacheClusterSize")
