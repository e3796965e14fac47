"""Requests to a stage make metrics.

AWS/ApiGateway has Count, 4XXError and 5XXError (0 or 1 for each request, so that their average is
the share), Latency, and CacheHitCount or CacheMissCount where the cache was asked, by ApiName and
by ApiName and Stage. Stock ministack makes none.
"""

import time
from typing import Any

from ministack.services import apigateway_v1

from local.mends.metric_store import record
from local.mends.seams import seam

_NAMESPACE = "AWS/ApiGateway"
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_CACHE = {"Hit": "CacheHitCount", "Miss": "CacheMissCount"}

_apis = seam(__name__, apigateway_v1, "_rest_apis")
_stages = seam(__name__, apigateway_v1, "_stages_v1")
seam(__name__, apigateway_v1, "_handle_execute_in_scope")


def apply() -> None:
    """Measure around whatever else is done with a request."""
    apigateway_v1._handle_execute_in_scope = _measured(apigateway_v1._handle_execute_in_scope)


def _measured(execute: Any) -> Any:
    async def handle(api_id: str, stage_name: str, *request: Any) -> Any:
        started = time.perf_counter()
        status, headers, body = await execute(api_id, stage_name, *request)
        if stage_name in (_stages.get(api_id) or {}):
            milliseconds = (time.perf_counter() - started) * 1000
            # A function may tell its status as text.
            _record(_apis[api_id]["name"], stage_name, int(status), milliseconds, headers)
        return status, headers, body

    return handle


def _record(
    api: str, stage: str, status: int, milliseconds: float, headers: dict[str, Any]
) -> None:
    values = {
        "Count": (1, "Count"),
        "4XXError": (int(_CLIENT_ERROR <= status < _SERVER_ERROR), "Count"),
        "5XXError": (int(status >= _SERVER_ERROR), "Count"),
        "Latency": (milliseconds, "Milliseconds"),
    }
    if outcome := _CACHE.get(headers.get("X-Cache", "")):  # set by the mend response_cache
        values[outcome] = (1, "Count")
    for dimensions in ({"ApiName": api, "Stage": stage}, {"ApiName": api}):
        for name, (value, unit) in values.items():
            record(_NAMESPACE, name, value, unit, dimensions)
