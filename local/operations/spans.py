"""From the segments of a trace to its spans: one list, each span after its parent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.operations.traces import Document, Trace


@dataclass(frozen=True)
class Span:
    """A segment or a subsegment; moments in seconds since 1970, `end` None while it runs."""

    trace: str
    id: str
    parent: str
    name: str
    origin: str
    start: float
    end: float | None
    status: str
    depth: int = 0
    note: str = ""
    annotations: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[str, ...] = ()


def spans_of(trace: Trace) -> list[Span]:
    """Put the spans of a trace into order: children after their parent, by their beginning."""
    found = {span.id: span for document in trace.segments for span in _flatten(trace.id, document)}
    children: dict[str, list[Span]] = {}
    for span in found.values():
        above = span.parent if span.parent in found else ""
        children.setdefault(above, []).append(span)
    placed: dict[str, Span] = {}
    _place(children.get("", []), children, placed, 0)
    # Parents in a circle: a wrong document, which is shown all the same.
    _place([span for span in found.values() if span.id not in placed], children, placed, 0)
    return list(placed.values())


def _place(
    roots: Iterable[Span], children: Mapping[str, list[Span]], placed: dict[str, Span], depth: int
) -> None:
    """Walk down from the roots; a stack of our own, since a document may be nested deeply."""
    waiting = [(span, depth) for span in _latest_first(roots)]
    while waiting:
        span, at = waiting.pop()
        if span.id in placed:
            continue
        placed[span.id] = Span(**{**span.__dict__, "depth": at})
        waiting.extend((child, at + 1) for child in _latest_first(children.get(span.id, [])))


def _latest_first(spans: Iterable[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: (span.start, span.id), reverse=True)


def _flatten(trace: str, document: Document) -> Iterator[Span]:
    """Yield a document and what is nested in it.

    X-Ray infers a segment for a service that sends none, which says what its caller's subsegment
    says already; it is left out.
    """
    waiting = [(document, str(document.get("parent_id", "")))]
    while waiting:
        one, parent = waiting.pop()
        if one.get("inferred"):
            continue
        span = _span(trace, one, parent)
        yield span
        waiting.extend((child, span.id) for child in one.get("subsegments", []))


def _span(trace: str, document: Document, parent: str) -> Span:
    running = document.get("in_progress") or "end_time" not in document
    return Span(
        trace=trace,
        id=str(document["id"]),
        parent=parent,
        name=str(document.get("name", "")),
        origin=str(document.get("origin", document.get("namespace", ""))),
        start=float(document["start_time"]),
        end=None if running else float(document["end_time"]),
        status=status_of(document),
        note=note_of(document),
        annotations=document.get("annotations", {}),
        links=tuple(link["trace_id"] for link in document.get("links", []) if "trace_id" in link),
    )


def status_of(document: Document) -> str:
    """Tell how a segment ended; a throttle is an error to X-Ray too, and is told as what it is."""
    found = next((name for name in ("fault", "throttle", "error") if document.get(name)), "")
    return found or ("running" if document.get("in_progress") else "ok")


def note_of(document: Document) -> str:
    """Say in a few words what a segment was about: its request, its operation, what went wrong."""
    http, aws = document.get("http", {}), document.get("aws", {})
    request, response = http.get("request", {}), http.get("response", {})
    # What a document has under `cause` is the exceptions, or the id of one in another document.
    cause = document.get("cause")
    exceptions = cause.get("exceptions", []) if isinstance(cause, dict) else []
    words = [
        request.get("method"),
        request.get("url"),
        response.get("status"),
        aws.get("operation"),
        *(f"{one.get('type', '')}: {one.get('message', '')}" for one in exceptions[:1]),
    ]
    return " ".join(str(word) for word in words if word)
