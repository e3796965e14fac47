"""Traces: one segment an invocation, of AWS X-Ray; nothing else in the project knows who keeps them.

Only sampled invocations are traced, which Lambda says in _X_AMZN_TRACE_ID; the others pay for a look
at it. That is why neither Powertools nor the X-Ray SDK may patch botocore: the SDK makes dummies of
subsegments where nothing is sampled, for more than half of what real ones cost: 8 % of all that a
request with one event takes. Its own functions make the subsegments here, too: what they tell of a
call (operation, request id, status, throttles) is what X-Ray draws its map of.

The header goes on to the next service in any case: botocore sends it from within Lambda.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import Any

from aws_lambda_powertools import Tracer
from aws_xray_sdk.ext.boto_utils import aws_meta_processor, inject_header
from botocore.client import BaseClient
from botocore.endpoint import Endpoint

HEADER = "_X_AMZN_TRACE_ID"
NAMESPACE = "pipeline"  # of metadata
SENDERS_OBJECTS = "incoming/"

Handler = Callable[[Any, Any], Any]
Value = str | float | bool | None

tracer = Tracer(auto_patch=False)
# Outside Lambda, and in `sam local`, nobody listens.
enabled = not tracer.disabled
recorder: Any = tracer.provider
UNTRACED = nullcontext()


@dataclass
class Invocation:
    """Whether what runs is traced: an invocation that is sampled, never the start of a container."""

    sampled: bool = False


current = Invocation()


def traced(handler: Handler) -> Handler:
    """Give an invocation its subsegment if it is sampled, marked by what became of it.

    An exception is a fault. An HTTP answer is an error (4xx), a throttle (429) or a fault (5xx); of
    what it says nothing is kept.
    """
    capture = tracer.capture_lambda_handler(_marked(handler), capture_response=False)

    @wraps(handler)
    def tracing(event: Any, context: Any) -> Any:
        current.sampled = enabled and "Sampled=1" in os.environ.get(HEADER, "")
        try:
            return (capture if current.sampled else handler)(event, context)
        finally:
            current.sampled = False

    return tracing


def _marked(handler: Handler) -> Handler:
    @wraps(handler)
    def marking(event: Any, context: Any) -> Any:
        answer = handler(event, context)
        if isinstance(answer, dict) and "statusCode" in answer:
            recorder.current_subsegment().put_http_meta("status", answer["statusCode"])
        return answer

    return marking


def annotate(**values: Value) -> None:
    """Make this trace findable by these values; None and the empty text are left out."""
    if current.sampled:
        for key, value in values.items():
            if value not in {None, ""}:
                recorder.put_annotation(key, value)


def note(**values: Any) -> None:
    """Put values into this trace that it is read with, not found by."""
    if current.sampled:
        for key, value in values.items():
            recorder.put_metadata(key, value, NAMESPACE)


def step(name: str, **annotations: Value) -> AbstractContextManager[None]:
    """Trace a part of an invocation as a subsegment; an exception marks it as a fault."""
    return _step(name, annotations) if current.sampled else UNTRACED


@contextmanager
def _step(name: str, annotations: Mapping[str, Value]) -> Iterator[None]:
    with recorder.in_subsegment(name):
        annotate(**annotations)
        yield


def trace_past(name: str, span: tuple[float, float], *, fault: bool, **annotations: Value) -> None:
    """Trace what was going on in a span of time (seconds since 1970) that is over."""
    if not current.sampled:
        return
    subsegment = recorder.begin_subsegment(name)
    subsegment.start_time, end = span
    if fault:
        subsegment.add_fault_flag()
    annotate(**annotations)
    recorder.end_subsegment(end)


def _describe_call(*, subsegment: Any, **call: Any) -> None:
    """Tell of a call what X-Ray's SDK does, but for the names that senders gave to their objects."""
    aws_meta_processor(subsegment=subsegment, **call)
    if str(subsegment.aws.get("key", "")).startswith(SENDERS_OBJECTS):
        del subsegment.aws["key"]


def trace_calls() -> None:
    """Have every call of AWS that a sampled invocation makes leave a subsegment."""
    call, prepare = BaseClient._make_api_call, Endpoint.prepare_request  # noqa: SLF001 (no hook covers a call whole)

    def make_api_call(client: Any, operation: str, arguments: Any) -> Any:
        if not current.sampled:
            return call(client, operation, arguments)
        return recorder.record_subsegment(
            call.__get__(client), client, (operation, arguments), {},
            name=client.meta.service_model.endpoint_prefix, namespace="aws",
            meta_processor=_describe_call,
        )  # fmt: skip

    def prepare_request(endpoint: Any, request: Any) -> Any:
        if not current.sampled:
            return prepare(endpoint, request)
        return inject_header(prepare.__get__(endpoint), endpoint, (request,), {})

    BaseClient._make_api_call = make_api_call  # noqa: SLF001
    Endpoint.prepare_request = prepare_request


if enabled:
    trace_calls()
