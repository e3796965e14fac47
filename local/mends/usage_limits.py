"""Redshift Serverless keeps usage limits of its workgroups.

AWS has an API for them, and no resource of CloudFormation. Stock ministack knows nothing of the
service. Here limits are kept and told; nothing is ever used up.
"""

import json
import uuid
from typing import Any

from ministack import app
from ministack.core import router
from ministack.core.responses import error_response_json, json_response

from local.mends.seams import seam

_SERVICE = "redshift-serverless"
_TARGET = "RedshiftServerless"
_services = seam(__name__, app, "SERVICE_HANDLERS")
_patterns = seam(__name__, router, "SERVICE_PATTERNS")
_limits: dict[str, dict[str, Any]] = {}

Answer = tuple[int, dict[str, str], bytes]


def apply() -> None:
    """Serve the four calls."""
    _services[_SERVICE] = _handle
    _patterns[_SERVICE] = {"target_prefixes": [_TARGET], "host_patterns": [rf"{_SERVICE}\."]}


async def _handle(
    _method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, Any]
) -> Answer:
    action = headers.get("x-amz-target", "").removeprefix(f"{_TARGET}.")
    request: dict[str, Any] = json.loads(body or b"{}")
    if action == "ListUsageLimits":
        return _answer({"usageLimits": [one for one in _limits.values() if _fits(one, request)]})
    if action == "CreateUsageLimit":
        limit = {"period": "monthly", "breachAction": "log", **request}
        return _keep({**limit, "usageLimitId": str(uuid.uuid4())})
    if action in ("UpdateUsageLimit", "DeleteUsageLimit"):
        return _change(action, request)
    return _refusal("UnknownOperationException", f"not emulated locally: {action}")


def _change(action: str, request: dict[str, Any]) -> Answer:
    known = _limits.get(request["usageLimitId"])
    if known is None:
        return _refusal("ResourceNotFoundException", f"no usage limit {request['usageLimitId']}")
    if action == "UpdateUsageLimit":
        return _keep({**known, **request})
    del _limits[known["usageLimitId"]]
    return _answer({"usageLimit": known})


def _keep(limit: dict[str, Any]) -> Answer:
    _limits[limit["usageLimitId"]] = limit
    return _answer({"usageLimit": limit})


def _fits(limit: dict[str, Any], request: dict[str, Any]) -> bool:
    return all(
        limit[name] == request.get(name, limit[name]) for name in ("resourceArn", "usageType")
    )


def _answer(content: dict[str, Any]) -> Answer:
    answer: Answer = json_response(content)
    return answer


def _refusal(code: str, message: str) -> Answer:
    answer: Answer = error_response_json(code, message)
    return answer
