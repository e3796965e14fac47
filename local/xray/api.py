"""The operations of the X-Ray API: a decoded request in, a decoded answer out."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from local.tokens import MalformedQuery
from local.xray.document import InvalidSegment, parse
from local.xray.filtering import matches
from local.xray.graph import draw
from local.xray.parsing import parse as parse_expression
from local.xray.rules import Registry
from local.xray.store import Kept, TraceStore
from local.xray.summary import summarise
from local.xray.trace import Trace

Content = dict[str, Any]

_MOST_IDS = 5
_MOST_SEGMENTS = 50
_LONGEST_SECONDS = 6 * 3600
_PAGE = 100


class InvalidRequest(ValueError):
    """AWS answers this request with InvalidRequestException."""


class Api:
    """X-Ray over one store of traces and one registry of rules."""

    def __init__(self, store: TraceStore, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self._operations: dict[str, Callable[[Content], Content]] = {
            "/TraceSegments": self._put,
            "/Traces": self._batch_get,
            "/TraceSummaries": self._summaries,
            "/ServiceGraph": self._service_graph,
            "/TraceGraph": self._trace_graph,
            "/GetSamplingRules": lambda _: {"SamplingRuleRecords": registry.rules()},
            "/SamplingTargets": lambda request: registry.targets(
                request.get("SamplingStatisticsDocuments", [])
            ),
            "/Groups": lambda _: {"Groups": registry.groups()},
            "/TelemetryRecords": lambda _: {},  # the daemon's own counts, which nobody reads
        }

    def answer(self, path: str, request: Content) -> Content:
        """Answer one request; raises InvalidRequest, LookupError for a path that is not known."""
        return self._operations[path](request)

    def _put(self, request: Content) -> Content:
        texts = request.get("TraceSegmentDocuments") or []
        if len(texts) > _MOST_SEGMENTS:
            raise InvalidRequest(f"At most {_MOST_SEGMENTS} segment documents fit into a request.")
        refused = []
        for text in texts:
            try:
                self._store.put(parse(text), text)
            except InvalidSegment as error:
                told = {"ErrorCode": error.code, "Message": str(error)}
                refused.append({**told, "Id": error.segment_id} if error.segment_id else told)
        return {"UnprocessedTraceSegments": refused}

    def _batch_get(self, request: Content) -> Content:
        found = self._traces_of(request)
        return {
            "Traces": [_whole(trace) for trace in found if trace.segments or trace.orphans],
            "UnprocessedTraceIds": [
                trace.id for trace in found if not trace.segments and not trace.orphans
            ],
        }

    def _traces_of(self, request: Content) -> list[Trace]:
        ids = request.get("TraceIds") or []
        if not 0 < len(ids) <= _MOST_IDS:
            raise InvalidRequest(f"1 to {_MOST_IDS} trace ids are allowed, not {len(ids)}.")
        return [Trace(trace_id, self._store.get(trace_id)) for trace_id in ids]

    def _summaries(self, request: Content) -> Content:
        start, end = _range(request)
        kind = request.get("TimeRangeType", "TraceId")
        if kind not in ("TraceId", "Event", "Service"):
            raise InvalidRequest(f"TimeRangeType {kind!r} is not TraceId, Event or Service.")
        wanted = _filter(request.get("FilterExpression"))
        ids = [kept.trace_id for kept in self._store if _is_within(kept, kind, start, end)]
        asked = _page(ids, request)
        traces = [Trace(trace_id, self._store.get(trace_id)) for trace_id in asked]
        summaries = [summarise(trace) for trace in traces if wanted(trace)]
        return {
            "TraceSummaries": summaries,
            "ApproximateTime": time.time(),
            "TracesProcessedCount": len(asked),
            **_next_page(ids, asked),
        }

    def _service_graph(self, request: Content) -> Content:
        start, end = _range(request)
        ids = [kept.trace_id for kept in self._store if _is_within(kept, "Event", start, end)]
        services = draw(self._traces(ids))
        return {"StartTime": start, "EndTime": end, "Services": services}

    def _traces(self, ids: list[str]) -> Iterator[Trace]:
        for trace_id in ids:
            yield Trace(trace_id, self._store.get(trace_id))

    def _trace_graph(self, request: Content) -> Content:
        return {"Services": draw(self._traces_of(request))}


def _whole(trace: Trace) -> Content:
    documents = (*trace.segments, *trace.inferred, *trace.orphans)
    return {
        "Id": trace.id,
        "Duration": round(trace.ended - trace.started, 3),
        "LimitExceeded": False,
        "Segments": [{"Id": one["id"], "Document": json.dumps(one)} for one in documents],
    }


def _range(request: Content) -> tuple[float, float]:
    try:
        start, end = float(request["StartTime"]), float(request["EndTime"])
    except (KeyError, TypeError, ValueError):
        raise InvalidRequest("StartTime and EndTime are needed, in seconds since 1970.") from None
    if not 0 <= end - start <= _LONGEST_SECONDS:
        raise InvalidRequest("EndTime must be after StartTime, at most 6 hours.")
    return start, end


def _filter(expression: str | None) -> Callable[[Trace], bool]:
    if not expression:
        return lambda _: True
    try:
        wanted = parse_expression(expression)
    except MalformedQuery as error:
        raise InvalidRequest(f"The filter expression is invalid: {error}.") from None
    return lambda trace: matches(trace, wanted)


def _is_within(kept: Kept, kind: str, start: float, end: float) -> bool:
    """By the second in the trace's id, or by when its segments were."""
    if kind == "TraceId":
        return int(start) <= kept.began <= end
    return kept.started <= end and kept.ended >= start


def _page(ids: list[str], request: Content) -> list[str]:
    """Cut a page out of the traces: those after the one that the token names."""
    token = request.get("NextToken")
    if not token:
        return ids[:_PAGE]
    if token not in ids:
        raise InvalidRequest("The NextToken is not valid.")
    first = ids.index(token) + 1
    return ids[first : first + _PAGE]


def _next_page(ids: list[str], asked: list[str]) -> Content:
    return {"NextToken": asked[-1]} if asked and asked[-1] != ids[-1] else {}
