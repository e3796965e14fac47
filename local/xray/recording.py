"""Record what the emulator's own services do, and hand the trace on to whatever they call.

The trace of the work at hand is a context variable, so it follows a request through coroutines
and through threads that run in a copy of its context.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from local.xray.header import TraceHeader, new_segment_id
from local.xray.store import TraceStore

STORE = TraceStore()
_TOO_MANY_REQUESTS = 429

_current: ContextVar[TraceHeader | None] = ContextVar("trace", default=None)
_senders: ContextVar[tuple[TraceHeader, ...]] = ContextVar("senders", default=())


def current() -> TraceHeader | None:
    """Tell the trace of the work at hand; None where there is none."""
    return _current.get()


@contextmanager
def continued(header: TraceHeader | None) -> Iterator[None]:
    """Do the block's work in this trace, or in none."""
    token = _current.set(header)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def sent_by(senders: tuple[TraceHeader, ...]) -> Iterator[None]:
    """Do the block's work in a new trace, which links to those of the senders."""
    token = _senders.set(senders)
    try:
        with continued(None):
            yield
    finally:
        _senders.reset(token)


def links() -> list[dict[str, Any]]:
    """Make the links of a segment to the senders of what it works on; empty without any."""
    kind = {"aws.xray.reserved.reference_type": "parent"}
    return [
        {"trace_id": sender.root, "attributes": kind}
        | ({"id": sender.parent} if sender.parent else {})
        for sender in _senders.get()
    ]


@contextmanager
def segment(
    header: TraceHeader, name: str, origin: str, **members: Any
) -> Iterator[dict[str, Any]]:
    """Record the block as a segment, the parent of what it calls.

    The document may be added to in the block, and is not kept if it is emptied there. Nothing is
    kept of a trace that isn't sampled.
    """
    document = {"name": name, "origin": origin, **members}
    with _recorded(header, document):
        yield document


@contextmanager
def subsegment(name: str, **members: Any) -> Iterator[dict[str, Any]]:
    """Record the block as a subsegment of the work at hand, if that is traced."""
    header = current()
    document = {"name": name, **members}
    if header is None or not header.parent or not header.sampled:
        yield document
        return
    document["type"] = "subsegment"
    with _recorded(header, document):
        yield document


@contextmanager
def _recorded(header: TraceHeader, document: dict[str, Any]) -> Iterator[None]:
    document |= {"id": new_segment_id(), "trace_id": header.root, "start_time": time.time()}
    if header.parent:
        document["parent_id"] = header.parent
    try:
        with continued(header.below(document["id"])):
            yield
    except Exception as error:
        document.update(failure(type(error).__name__, str(error)))
        raise
    finally:
        if document and header.sampled:
            document["end_time"] = time.time()
            STORE.put(document)


def failure(kind: str, message: str) -> dict[str, Any]:
    """Make the members that mark a fault, and tell its cause."""
    exception = {"id": new_segment_id(), "type": kind, "message": message[:1000]}
    return {"fault": True, "cause": {"exceptions": [exception]}}


def marks(status: int) -> dict[str, bool]:
    """Make the members that X-Ray marks an HTTP status with: none below 400."""
    if status >= 500:  # noqa: PLR2004 - HTTP's own boundary
        return {"fault": True}
    if status == _TOO_MANY_REQUESTS:
        return {"error": True, "throttle": True}
    return {"error": True} if status >= 400 else {}  # noqa: PLR2004 - HTTP's own boundary
