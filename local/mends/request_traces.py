"""A request to a service belongs to the trace that its header names.

AWS's services continue the trace in X-Amzn-Trace-Id, which botocore sends from within a function,
and hand it on: EventBridge to its targets, an asynchronous invocation to its function. Stock
ministack ignores the header of every service. What S3 notifies begins a trace of its own: AWS does
not list it among the services that hand a trace on.
"""

from typing import Any

from ministack import app
from ministack.services import s3

from local.mends.seams import seam
from local.xray.header import TraceHeader
from local.xray.recording import continued

_dispatch_request = seam(__name__, app, "_dispatch_service_request")
_fire_event = seam(__name__, s3, "_fire_s3_event")


def apply() -> None:
    """Read the header of each request, and forget it where S3 notifies."""
    app._dispatch_service_request = _dispatch
    s3._fire_s3_event = _fire


async def _dispatch(method: str, path: str, headers: dict[str, str], *rest: Any) -> Any:
    with continued(TraceHeader.parse(headers.get("x-amzn-trace-id"))):
        return await _dispatch_request(method, path, headers, *rest)


def _fire(*arguments: Any, **options: Any) -> None:
    with continued(None):
        _fire_event(*arguments, **options)
