"""A stage with a cache answers a repeated GET from it.

API Gateway keeps responses of a GET method with CachingEnabled, on a stage with
CacheClusterEnabled, for CacheTtlInSeconds. The key is the resource and **only the declared
cacheKeyParameters**: two values of an undeclared query string or path parameter share a response,
so each parameter that shapes an answer, `{type}` in the path too, has to be declared with
`Caching: true`. Stock ministack stores the settings and always invokes the function.

AWS does not say which statuses are kept, and people report that errors are, too. Here they are
not, unless the environment has LOCAL_CACHE_KEEPS_ERRORS: then whatever a function returned is kept,
with its status. What API Gateway phrases by itself never is.

Chosen here: a response of more than 1 MiB is not kept; a parameter that is missing, empty or repeated counts as a
value of its own (AWS says only that values count); `Cache-Control: max-age=0` from any caller that
passed the API key check fetches a new response (AWS asks for the permission
execute-api:InvalidateCache unless the stage is set otherwise); a new deployment of the stage starts
with an empty cache; the header `X-Cache: Hit` or `Miss` lets a person see it.
"""

import os
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

from ministack.services import apigateway_v1

from local.mends.seams import seam

Response = tuple[int, dict[str, Any], bytes]

_LARGEST_BYTES = 1_048_576
_KEPT_STATUSES = (200, 304)
_KEEPS_ERRORS = bool(os.environ.get("LOCAL_CACHE_KEEPS_ERRORS"))
_MOST_RESPONSES = 10_000

_invoke_lambda = seam(__name__, apigateway_v1, "_invoke_lambda_proxy_v1")

_kept: dict[Hashable, tuple[float, Response]] = {}


def apply() -> None:
    """Put the cache in front of Lambda proxy integrations."""
    apigateway_v1._invoke_lambda_proxy_v1 = _invoke


async def _invoke(  # noqa: PLR0913, PLR0917 - the signature is ministack's
    integration: dict[str, Any],
    api_id: str,
    stage_name: str,
    stage: dict[str, Any],
    resource: dict[str, Any],
    request_path: str,
    method: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, Any],
    path_parameters: dict[str, str] | None,
    **scope: Any,
) -> Response:
    async def invoke() -> Response:
        response: Response = await _invoke_lambda(
            integration, api_id, stage_name, stage, resource, request_path,
            method, headers, body, query, path_parameters, **scope
        )  # fmt: skip
        return response

    seconds = _seconds_to_keep(stage, resource["path"], method)
    if not seconds:
        return await invoke()
    values = _key_values(integration, headers, query, path_parameters or {})
    key = (api_id, stage_name, stage.get("deploymentId"), resource["path"], values)
    refresh = "max-age=0" in headers.get("cache-control", "")
    return await _answer(key, seconds, invoke, refresh=refresh)


async def _answer(
    key: Hashable, seconds: int, invoke: Callable[[], Awaitable[Response]], *, refresh: bool
) -> Response:
    expires, kept = _kept.get(key, (0.0, None))
    if kept and expires > time.monotonic() and not refresh:
        return _marked(kept, "Hit")
    response = await invoke()
    if not isinstance(response, tuple):
        return response  # an error that API Gateway has yet to phrase
    if _is_kept(response):
        _drop_expired()
        _kept[key] = (time.monotonic() + seconds, response)
    return _marked(response, "Miss")


def _is_kept(response: Response) -> bool:
    status, _, body = response
    return (_KEEPS_ERRORS or status in _KEPT_STATUSES) and len(body) <= _LARGEST_BYTES


def _seconds_to_keep(stage: dict[str, Any], path: str, method: str) -> int:
    """0 for whatever is not cached; the stage's settings, of this method or of all."""
    if method != "GET" or not stage.get("cacheClusterEnabled"):
        return 0
    settings = stage.get("methodSettings") or {}
    names = (f"{path}/{method}", f"{path.lstrip('/')}/{method}", "*/*")
    setting: dict[str, Any] = next((settings[name] for name in names if name in settings), {})
    return int(setting["cacheTtlInSeconds"]) if setting.get("cachingEnabled") else 0


def _key_values(
    integration: dict[str, Any],
    headers: dict[str, str],
    query: dict[str, Any],
    path_parameters: dict[str, str],
) -> tuple[str, ...]:
    places = {"header": headers, "querystring": query, "path": path_parameters}
    values = []
    for parameter in integration.get("cacheKeyParameters") or []:
        _, _, place, name = parameter.split(".", 3)
        value = places[place].get(name.lower() if place == "header" else name)
        values.append(f"{parameter}={value!r}")  # so that a missing one is not the text None
    return tuple(values)


def _drop_expired() -> None:
    if len(_kept) < _MOST_RESPONSES:
        return
    now = time.monotonic()
    for key in [key for key, (expires, _) in _kept.items() if expires <= now] or [
        next(iter(_kept))
    ]:
        del _kept[key]


def _marked(response: Response, outcome: str) -> Response:
    status, headers, body = response
    return status, {**headers, "X-Cache": outcome}, body
