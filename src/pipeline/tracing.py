"""Traces: one segment an invocation, of AWS X-Ray; nothing else in the project knows who keeps them.

Only sampled invocations are traced, which Lambda says in _X_AMZN_TRACE_ID; the others pay for a look
at it. Powertools' Tracer tells whether anybody listens, and X-Ray's SDK where. What is sent is made
here and in subsegment.py: the SDK's own subsegments took 29 % of all that a request with one event
takes, and its patches of botocore 8 % of one that is not even sampled.

Each part is sent as it ends. Of a function that dies, what had ended is there, its parent is not:
to send the subsegment of a handler at its begin too would cost each trace one more document.
The header goes on to the next service in any case: botocore sends it from within Lambda.

No trace is worth an answer or an exception: what cannot be told is left out.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from types import TracebackType
from typing import Any

from aws_lambda_powertools import Tracer
from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from botocore.exceptions import ClientError

from pipeline.subsegment import Subsegment

HEADER = "_X_AMZN_TRACE_ID"
SENT_HEADER = "X-Amzn-Trace-Id"
NOT_SENT_ON = ("Sampled", "Self")  # parts of the header: the one anew, the other never
NAMESPACE = "pipeline"  # of metadata
PROTOCOL = '{"format":"json","version":1}\n'  # of the daemon that takes what is sent
SENDERS_OBJECTS = "incoming/"
# What X-Ray draws its map of, beside a call's operation.
CALLED = {
    "Bucket": "bucket_name",
    "Key": "key",
    "Prefix": "prefix",
    "QueueUrl": "queue_url",
    "TableName": "table_name",
    "VersionId": "version_id",
}
# X-Ray indexes 50 annotations of a trace; a batch takes one.
MOST_BATCHES_TRACED = 40
# Of an invocation. X-Ray refuses what is beyond 500 KB of a trace; the handler's own comes last.
MOST_PARTS = 200

Handler = Callable[[Any, Any], Any]
Value = str | float | bool | None

tracer = Tracer(auto_patch=False)
# Outside Lambda, and in `sam local`, nobody listens.
enabled = not tracer.disabled
UNTRACED = nullcontext()
# Where the daemon listens.
emitter: Any = getattr(tracer.provider, "emitter", None) if enabled else None
daemon = (emitter.ip, emitter.port) if emitter else ("", 0)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setblocking(False)  # noqa: FBT003 (its signature)


class Start:
    """Whether the first invocation of a container is still to end; its provisioned one is warm."""

    def __init__(self) -> None:
        self.over = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "provisioned-concurrency"

    def cold(self) -> bool:
        """Tell whether this invocation had to wait for the start."""
        return not self.over


class Invocation:
    """Whether what runs is traced: an invocation that is sampled, never the start of a container."""

    def __init__(self) -> None:
        self.sampled = False
        self.trace_id = ""
        self.more = ""  # what else its header says, for the next service
        self.whole: Subsegment | None = None
        self.parts = 0

    def begin(self, name: str, header: str) -> Subsegment | None:
        """Begin the subsegment of an invocation, in the segment that Lambda names in its header.

        Where it names none, nothing is begun.
        """
        self.trace_id = parent_id = self.more = ""
        for part in header.split(";"):
            key, _, value = part.partition("=")
            if key == "Root":
                self.trace_id = value
            elif key == "Parent":
                parent_id = value
            elif key not in NOT_SENT_ON:
                self.more += f";{part}"
        if not (self.trace_id and parent_id):
            return None
        self.parts = 0
        self.sampled, self.whole = True, Subsegment(name, self.trace_id, parent_id)
        self.whole.annotations = {"ColdStart": start.cold(), "Service": tracer.service}
        return self.whole

    def takes_part(self) -> bool:
        """Tell whether one more part is traced; the handler's own tells how many were not."""
        self.parts = number = self.parts + 1
        if number > MOST_PARTS and self.whole:
            told = self.whole.metadata.setdefault(NAMESPACE, {})
            told["parts_left_out"] = number - MOST_PARTS
        return number <= MOST_PARTS

    def end(self) -> None:
        """Trace nothing until the next invocation, and hold nothing of this one."""
        self.sampled, self.whole = False, None
        stack.told = (None, "")


class Stack(threading.local):
    """What is open in a thread, the innermost last, and which exception was told last."""

    def __init__(self) -> None:
        self.open: list[Subsegment] = []
        self.told: tuple[BaseException | None, str] = (None, "")

    def innermost(self) -> Subsegment | None:
        """Return where a thread is; one that a handler starts is in the handler's own subsegment."""
        return self.open[-1] if self.open else current.whole


class Step:
    """A subsegment as a block; an exception that leaves it marks it as a fault."""

    __slots__ = ("subsegment",)

    def __init__(self, subsegment: Subsegment) -> None:
        self.subsegment = subsegment

    def __enter__(self) -> None:
        """Do nothing: the subsegment has begun."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if fault is not None:
                self.subsegment.marks = ("fault",)
                _blame(self.subsegment, fault)
        finally:
            _end(self.subsegment)


start = Start()
current = Invocation()
stack = Stack()


def traced(handler: Handler) -> Handler:
    """Give an invocation its subsegment if it is sampled, marked by what became of it.

    An exception is a fault. An HTTP answer is an error (4xx), a throttle (429) or a fault (5xx); of
    what it says nothing is kept.
    """
    name = f"## {handler.__name__}"

    @wraps(handler)
    def tracing(event: Any, context: Any) -> Any:
        header = os.environ.get(HEADER, "")
        if not (enabled and "Sampled=1" in header and (whole := current.begin(name, header))):
            return handler(event, context)
        stack.open = [whole]
        try:
            with Step(whole):
                answer = handler(event, context)
                if isinstance(answer, dict) and "statusCode" in answer:
                    whole.mark(answer["statusCode"])
                return answer
        finally:
            current.end()

    return tracing


def _begin(name: str) -> Subsegment:
    around = stack.innermost()
    subsegment = Subsegment(name, current.trace_id, around.id if around else "")
    stack.open.append(subsegment)
    return subsegment


def _end(subsegment: Subsegment, moment: float | None = None) -> None:
    opened = stack.open
    if opened and opened[-1] is subsegment:
        opened.pop()
    try:
        written = PROTOCOL + subsegment.write(moment or time.time())
        sender.sendto(written.encode(), daemon)
    except Exception:  # noqa: BLE001 (whatever it is, the handler's own end counts)
        return  # nobody waits for a trace: what comes too fast is lost


def _blame(subsegment: Subsegment, fault: BaseException, *, remote: bool = False) -> None:
    """Tell of an exception in whole only in the first of the subsegments that it leaves."""
    told, name = stack.told
    if fault is told:
        subsegment.cause = name
    else:
        stack.told = (fault, subsegment.blame(fault, remote=remote))


def annotate(**values: Value) -> None:
    """Make this trace findable by these values; None and the empty text are left out."""
    if current.sampled and (subsegment := stack.innermost()):
        for key, value in values.items():
            if value is not None and value != "":
                subsegment.annotations[key] = value


def mark_fault() -> None:
    """Mark where this invocation is as a fault, of which its caller is told without an exception."""
    if current.sampled and (subsegment := stack.innermost()):
        subsegment.marks = ("fault",)


def note(**values: Any) -> None:
    """Put values into this trace that it is read with, not found by."""
    if current.sampled and (subsegment := stack.innermost()):
        subsegment.metadata.setdefault(NAMESPACE, {}).update(values)


def step(name: str, **annotations: Value) -> AbstractContextManager[None]:
    """Trace a part of an invocation as a subsegment; an exception marks it as a fault."""
    if not (current.sampled and current.takes_part()):
        return UNTRACED
    begun = Step(_begin(name))
    annotate(**annotations)
    return begun


def trace_past(name: str, span: tuple[float, float], *, fault: bool, **annotations: Value) -> None:
    """Trace what was going on in a span of time (seconds since 1970) that is over."""
    if not (current.sampled and current.takes_part()):
        if fault:
            mark_fault()
        return
    subsegment = _begin(name)
    subsegment.start, end = span
    if fault:
        subsegment.marks = ("fault",)
    annotate(**annotations)
    _end(subsegment, end)


def trace_calls() -> None:
    """Have every call of AWS that a sampled invocation makes leave a subsegment."""
    call, prepare = BaseClient._make_api_call, Endpoint.prepare_request  # noqa: SLF001 (no hook covers a call whole)

    def make_api_call(client: Any, operation: str, arguments: Any) -> Any:
        if not (current.sampled and current.takes_part()):
            return call(client, operation, arguments)
        subsegment = _begin_call(client.meta, operation, arguments)
        try:
            answer = call(client, operation, arguments)
        except ClientError as refusal:
            _mark(subsegment, refusal.response)
            _blame(subsegment, refusal, remote=True)
            raise
        except BaseException as fault:
            subsegment.marks = ("fault",)
            _blame(subsegment, fault)
            raise
        else:
            _mark(subsegment, answer)
            return answer
        finally:
            _end(subsegment)

    def prepare_request(endpoint: Any, request: Any) -> Any:
        if current.sampled and (caller := stack.innermost()):
            request.headers[SENT_HEADER] = (
                f"Root={caller.trace_id};Parent={caller.id};Sampled=1{current.more}"
            )
        return prepare(endpoint, request)

    BaseClient._make_api_call = make_api_call  # noqa: SLF001
    Endpoint.prepare_request = prepare_request


def _begin_call(meta: Any, operation: str, arguments: Mapping[str, Any]) -> Subsegment:
    """Begin the subsegment of a call: what is called, but for names that senders gave to objects."""
    subsegment = _begin(meta.service_model.endpoint_prefix)
    subsegment.call = told = {"operation": operation, "region": meta.region_name}
    for argument in CALLED.keys() & arguments.keys():
        value = arguments[argument]
        if isinstance(value, str) and not value.startswith(SENDERS_OBJECTS):
            told[CALLED[argument]] = value
    return subsegment


def _mark(subsegment: Subsegment, answer: Mapping[str, Any]) -> None:
    """Tell how a service answered a call, as far as it says."""
    try:
        answered = answer["ResponseMetadata"]
        subsegment.mark(answered["HTTPStatusCode"])
        subsegment.call["request_id"] = answered["RequestId"]
    except (KeyError, TypeError):
        return


if enabled:
    trace_calls()
