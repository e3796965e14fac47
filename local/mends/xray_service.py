"""X-Ray keeps traces and tells them, and a stack may hold sampling rules and groups.

AWS takes segments by its API and its daemon, and answers queries on them. Stock ministack knows
nothing of the service, and refuses a template with AWS::XRay::SamplingRule or AWS::XRay::Group as
having unrecognised resource types. Here local.xray does the work.
"""

import asyncio
import json
from typing import Any

from ministack import app
from ministack.core import router
from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)
from ministack.services.cloudformation import provisioners

from local.mends.seams import seam
from local.xray.api import Api, InvalidRequest
from local.xray.recording import STORE
from local.xray.rules import Registry

_SERVICE = "xray"
_services = seam(__name__, app, "SERVICE_HANDLERS")
_patterns = seam(__name__, router, "SERVICE_PATTERNS")
_handlers = seam(__name__, provisioners, "_RESOURCE_HANDLERS")

_registry = Registry()
_api = Api(STORE, _registry)

Answer = tuple[int, dict[str, str], bytes]


def apply() -> None:
    """Serve the API, and make the two types known to CloudFormation."""
    _services[_SERVICE] = _handle
    _patterns[_SERVICE] = {"host_patterns": [rf"{_SERVICE}\."]}
    _handlers["AWS::XRay::SamplingRule"] = {
        "create": _create_rule,
        "update": lambda arn, _old, new, _stack: _put_rule(arn, new["SamplingRule"]),
        "delete": lambda arn, _properties: _registry.remove(arn),
    }
    _handlers["AWS::XRay::Group"] = {
        "create": _create_group,
        "update": lambda arn, _old, new, _stack: _put_group(arn, new),
        "delete": lambda arn, _properties: _registry.remove(arn),
    }


async def _handle(
    _method: str, path: str, _headers: dict[str, str], body: bytes, _query: dict[str, Any]
) -> Answer:
    answer: Answer
    try:
        content = await asyncio.to_thread(_api.answer, path, json.loads(body or b"{}"))
        answer = json_response(content)
    except InvalidRequest as error:
        answer = error_response_json("InvalidRequestException", str(error))
    except LookupError:
        message = f"not emulated locally: {path}"
        answer = error_response_json("UnknownOperationException", message, 404)
    return answer


def _create_rule(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
    rule = properties["SamplingRule"]
    name = rule.get("RuleName") or f"{stack}-{logical_id}"[:32]
    return _put_rule(_arn("sampling-rule", name), {**rule, "RuleName": name})


def _put_rule(arn: str, rule: dict[str, Any]) -> Any:
    _registry.put_rule(arn, {"RuleName": arn.rpartition("/")[2], **rule})
    return arn, {"RuleARN": arn}


def _create_group(_logical_id: str, properties: dict[str, Any], _stack: str) -> Any:
    return _put_group(_arn("group", properties["GroupName"]), properties)


def _put_group(arn: str, properties: dict[str, Any]) -> Any:
    _registry.put_group(arn, properties)
    return arn, {"GroupARN": arn}


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:xray:{get_region()}:{get_account_id()}:{kind}/{name}"
