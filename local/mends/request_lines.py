"""A REST API matches the path as it was sent, and splits a query string at `;` too.

API Gateway hands `path` and `pathParameters` on as they were sent, so `a%2Fb` is one segment and
stays encoded. `requestContext.path` is all of it, with whatever leads to the stage. It decodes the names and values of the query string once (`+` is a blank), takes `;`
for a separator, and puts the last value of a repeated one into `queryStringParameters`. Stock
ministack decodes the path first, puts the stage before it without what led there, splits at `&`
alone and takes the first value.
"""

from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

from ministack import app
from ministack.services import apigateway_v1

from local.mends.seams import seam

_handle_request = seam(__name__, app, "_handle_execute_api_request")
_parse_address = seam(__name__, app, "_parse_execute_api_url")
_find_rest_api = seam(__name__, apigateway_v1, "find_api_scope")
_build_event = seam(__name__, apigateway_v1, "_build_lambda_event_v1")

_whole_path: ContextVar[str] = ContextVar("whole_path")


def apply() -> None:
    """Give REST APIs the line as it came, and their functions the last values."""
    app._handle_execute_api_request = _handle
    apigateway_v1._build_lambda_event_v1 = _build


async def _handle(  # noqa: PLR0913, PLR0917 - the signature is ministack's
    host: str,
    path: str,
    method: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, list[str]],
    raw_path: str | None = None,
    raw_query_string: str | None = None,
) -> Any:
    address = _parse_address(host, path)
    if address and raw_path and _find_rest_api(address[0]):
        path = raw_path
        _whole_path.set(raw_path)
        query = parse_qs((raw_query_string or "").replace(";", "&"), keep_blank_values=True)
    return await _handle_request(
        host, path, method, headers, body, query, raw_path, raw_query_string
    )


def _build(*arguments: Any, **options: Any) -> dict[str, Any]:
    event: dict[str, Any] = _build_event(*arguments, **options)
    repeated = event["multiValueQueryStringParameters"] or {}
    last = {name: values[-1] for name, values in repeated.items()}
    context = event["requestContext"]
    whole = _whole_path.get(context["path"])
    return {
        **event,
        "queryStringParameters": last or None,
        "requestContext": {**context, "path": whole},
    }
