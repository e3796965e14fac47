"""CloudWatch Logs keeps query definitions, and a stack may hold them.

AWS has PutQueryDefinition, DescribeQueryDefinitions and DeleteQueryDefinition, and the type
AWS::Logs::QueryDefinition. Stock ministack knows none of them and refuses a template with the type.
"""

import json
import time
from typing import Any

from ministack import app
from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    json_response,
    new_uuid,
)
from ministack.services.cloudformation import provisioners

from local.mends.seams import seam

_SERVICE = "logs"
_TYPE = "AWS::Logs::QueryDefinition"
_services = seam(__name__, app, "SERVICE_HANDLERS")
_stock = _services[_SERVICE]
_handlers = seam(__name__, provisioners, "_RESOURCE_HANDLERS")

_MEMBERS = ("name", "queryString", "logGroupNames", "queryLanguage", "parameters")
_definitions: Any = AccountRegionScopedDict()

Members = dict[str, Any]


def apply() -> None:
    """Answer the three operations before stock sees them, and make the type known."""
    _services[_SERVICE] = _handle
    _handlers[_TYPE] = {
        "create": lambda _id, properties, _stack: _put_resource(new_uuid(), properties),
        "update": lambda name, _old, new, _stack: _put_resource(name, new),
        "delete": lambda name, _properties: _definitions.pop(name, None),
    }


async def _handle(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> Any:
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation not in _OPERATIONS:
        return await _stock(method, path, headers, body, query)
    return _OPERATIONS[operation](json.loads(body or b"{}"))


def _put_resource(name: str, properties: Members) -> Any:
    """Keep what a template has; the API spells the same members with a small letter."""
    told = {_small(key): value for key, value in properties.items()}
    told["parameters"] = [
        {_small(key): value for key, value in one.items()} for one in told.get("parameters", [])
    ]
    _keep(name, told)
    return name, {"QueryDefinitionId": name}


def _small(word: str) -> str:
    return word[:1].lower() + word[1:]


def _keep(identifier: str, told: Members) -> None:
    _definitions[identifier] = {
        "queryDefinitionId": identifier,
        "lastModified": int(time.time() * 1000),
        "logGroupNames": [],
        **{name: told[name] for name in _MEMBERS if name in told},
    }


def _put(request: Members) -> Any:
    identifier = request.get("queryDefinitionId") or new_uuid()
    if request.get("queryDefinitionId") and identifier not in _definitions:
        return error_response_json("ResourceNotFoundException", "no such query definition", 400)
    _keep(identifier, request)
    return json_response({"queryDefinitionId": identifier})


def _describe(request: Members) -> Any:
    prefix = request.get("queryDefinitionNamePrefix", "")
    found = sorted(
        (one for one in _definitions.values() if one["name"].startswith(prefix)),
        key=lambda one: str(one["name"]),
    )
    return json_response({"queryDefinitions": found})


def _delete(request: Members) -> Any:
    gone = _definitions.pop(request["queryDefinitionId"], None)
    return json_response({"success": gone is not None})


_OPERATIONS = {
    "PutQueryDefinition": _put,
    "DescribeQueryDefinitions": _describe,
    "DeleteQueryDefinition": _delete,
}
