"""The way of one event: the traces of all its stages, stitched by the ids that the endpoint tells.

An event has no trace of its own from end to end: it waits in a queue, is put into a batch with
others, and is read much later. What joins the pieces are its correlation id, its batch and its key.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from local.operations.spans import Span, spans_of
from local.operations.traces import Summary, Trace, Tracing, quoted
from local.operations.waterfall import lay_out
from local.resources import Resources

# What a trace is about, told by the first of these that has a part in it.
ROLES = (
    ("entrance", "comes in", ("ReceiveRequestFunction", "ReceiveWebhookFunction",
                              "ReceiveChangeFunction", "ReceiveUploadFunction")),
    ("stage", "put into a batch", ("StageBatchFunction",)),
    ("prepare", "computed on", ("PrepareBatch", "StartPreparationFunction", "EnrichEventsFunction",
                                "DetectAnomaliesFunction", "SummariseBatchFunction")),
    ("load", "loaded", ("LoadBatchesFunction",)),
    ("read", "read", ("ReadEventsFunction",)),
)  # fmt: skip
TITLES = {role: title for role, title, _ in ROLES} | {"other": "also about it"}
EARLIER = timedelta(minutes=1)  # than it was received, by whichever clock
MOST_TRACES = 20

Record = Mapping[str, Any]
Json = dict[str, Any]
Piece = tuple[list[str], list[Span]]  # what a trace is about, and its spans


def ids_of(record: Record) -> Json:
    """Read batch, correlation id and receipt off the endpoint's answer for one event."""
    judged = record.get("quarantined") or [{}]
    event = record.get("event") or judged[0]
    names = ("batch_id", "correlation_id", "received_at", "entrance", "type", "subject")
    return {name: event.get(name) for name in names}


def follow(event_key: str, record: Record, tracing: Tracing, resources: Resources) -> Json:
    """Find all traces of an event and lay them out on one axis, from its receipt to its reading."""
    ids = ids_of(record)
    found = find_summaries(event_key, ids, tracing)
    traces = tracing.fetch([summary["id"] for summary in found][:MOST_TRACES])
    pieces = [(roles_of(trace, resources), spans_of(trace)) for trace in traces]
    return {
        "event_key": event_key,
        "status": record.get("status"),
        **ids,
        **stitch(pieces, ids["batch_id"]),
    }


def find_summaries(event_key: str, ids: Mapping[str, Any], tracing: Tracing) -> list[Summary]:
    """Ask by each id that is known, and return each trace once, the earliest first."""
    start = datetime.fromisoformat(ids["received_at"]) - EARLIER
    questions = {
        "correlation_id": ids["correlation_id"],
        "batch_id": ids["batch_id"],
        "event_key": event_key,
    }
    found = {
        summary["id"]: summary
        for name, value in questions.items()
        if value
        for summary in tracing.since(start, f"annotation.{name} = {quoted(value)}")
    }
    return sorted(found.values(), key=lambda summary: summary["at"])


def roles_of(trace: Trace, resources: Resources) -> list[str]:
    """Tell what a trace is about by the resources that have a segment in it.

    It may be about several: X-Ray goes on with a trace as far as its header is passed on.
    """
    names = {_short(str(document.get("name", ""))) for document in trace.segments}
    arns = {_short(_arn(document)) for document in trace.segments}
    known = resources.physical
    return [
        role
        for role, _, members in ROLES
        if {_short(known[name]) for name in members if name in known} & (names | arns)
    ] or ["other"]


def stitch(pieces: Iterable[Piece], batch_id: str | None) -> Json:
    """Join the spans of several traces: a list of parts, and one waterfall of them all.

    Of the readings only the first after the last other part is a part (or else the last before):
    earlier ones found less, and later ones tell nothing new. `waited_ms` is the silence before a
    part.
    """
    filled = [piece for piece in pieces if piece[1]]
    chosen = _without_other_readings(sorted(filled, key=lambda piece: _start(piece[1])))
    spans = [span for _, members in chosen for span in without_others(members, batch_id)]
    return {"parts": _parts(chosen), **lay_out(spans)}


def without_others(spans: Sequence[Span], batch_id: str | None) -> list[Span]:
    """Leave out the subsegments of other batches: one load takes many together."""
    kept: list[Span] = []
    hidden_at: int | None = None
    for span in spans:
        if hidden_at is not None and span.depth > hidden_at:
            continue
        hidden_at = None
        if span.name == "batch" and span.annotations.get("batch_id", batch_id) != batch_id:
            hidden_at = span.depth
        else:
            kept.append(span)
    return kept


def _without_other_readings(pieces: Sequence[Piece]) -> list[Piece]:
    written = [piece for piece in pieces if piece[0] != ["read"]]
    readings = [piece for piece in pieces if piece[0] == ["read"]]
    done = max((_end(spans) for _, spans in written), default=0.0)
    after = [piece for piece in readings if _start(piece[1]) >= done]
    chosen = [*written, *(after or readings[-1:])[:1]]
    return sorted(chosen, key=lambda piece: _start(piece[1]))


def _parts(pieces: Sequence[Piece]) -> list[Json]:
    parts: list[Json] = []
    first = until = _start(pieces[0][1]) if pieces else 0.0
    for roles, spans in pieces:
        start, end = _start(spans), _end(spans)
        parts.append(
            {
                "roles": roles,
                "title": ", ".join(TITLES[role] for role in roles),
                "trace": spans[0].trace,
                "start_ms": (start - first) * 1000,
                "ms": (end - start) * 1000,
                "waited_ms": max(start - until, 0) * 1000,
            }
        )
        until = max(until, end)
    return parts


def _start(spans: Iterable[Span]) -> float:
    return min(span.start for span in spans)


def _end(spans: Iterable[Span]) -> float:
    return max(span.end or span.start for span in spans)


def _arn(document: Mapping[str, Any]) -> str:
    aws = document.get("aws", {})
    return str(document.get("resource_arn") or aws.get("function_arn") or aws.get("arn") or "")


def _short(name: str) -> str:
    """Take the last part of an ARN, which is what the resource is called."""
    parts = name.split(":")
    # A function's ARN may go on with a version or an alias.
    return parts[6] if "function" in parts and len(parts) > 6 else parts[-1]  # noqa: PLR2004
