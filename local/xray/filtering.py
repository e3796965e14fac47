"""Whether a trace matches a filter expression."""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from local.logic import COMPARISONS, is_met
from local.xray.expression import Compare, Edge, Expression, Service, ServiceId, Term, Value
from local.xray.summary import annotations_of, http_of, resource_arns
from local.xray.trace import Call, Document, Node, Trace, seconds_of, walk

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    **COMPARISONS,
    "CONTAINS": operator.contains,
    "BEGINSWITH": str.startswith,
    "ENDSWITH": str.endswith,
}
_HTTP = {
    "http.url": "HttpURL",
    "http.method": "HttpMethod",
    "http.useragent": "UserAgent",
    "http.clientip": "ClientIp",
    "http.status": "HttpStatus",
}
_OF_A_TRACE: dict[str, Callable[[Trace], Iterable[Value]]] = {
    "id": lambda trace: [trace.id],
    "duration": lambda trace: [trace.ended - trace.started],
    "partial": lambda trace: [trace.root is None or bool(trace.orphans)],
    "first": lambda trace: [trace.root is not None],
    "root": lambda trace: [trace.root is not None],
    "resource.arn": resource_arns,
}


@dataclass(frozen=True)
class _Whole:
    """The values of a whole trace. What happened to the request is what its root says."""

    trace: Trace

    @cached_property
    def root(self) -> Document:
        return self.trace.root or {}

    def values(self, keyword: str) -> Iterable[Value]:
        kind, _, key = keyword.partition(".")
        if kind == "annotation":
            return (value for name, value, _ in annotations_of(self.trace) if name == key)
        if keyword in ("name", "type"):
            return (getattr(call.node, keyword) for call in self.trace.calls)
        if keyword in ("user", "inferred"):
            documents = [call.document for call in self.trace.calls]
            return [one[keyword] for one in documents if keyword in one]
        told = _OF_A_TRACE.get(keyword)
        return told(self.trace) if told else _values_of(self.root, keyword)


@dataclass(frozen=True)
class _One:
    """The values of one call of a service."""

    call: Call

    def values(self, keyword: str) -> Iterable[Value]:
        kind, _, key = keyword.partition(".")
        document = self.call.document
        if kind == "annotation":
            found = (part.get("annotations") or {} for part in walk(document))
            return (annotations[key] for annotations in found if key in annotations)
        if keyword in ("name", "type"):
            return [getattr(self.call.node, keyword)]
        if keyword in ("first", "root"):
            return [self.call.caller is None]
        return _values_of(document, keyword)


def matches(trace: Trace, expression: Expression) -> bool:
    """Tell whether a trace is one that the expression asks for."""
    return _holds(expression, _Whole(trace), trace)


def _holds(expression: Expression, scope: _Whole | _One, trace: Trace) -> bool:
    return is_met(expression, partial(_term_holds, scope=scope, trace=trace))


def _term_holds(term: Term, scope: _Whole | _One, trace: Trace) -> bool:
    match term:
        case Compare(keyword, sign, value):
            return any(_compares(sign, found, value) for found in scope.values(keyword))
        case Service(service, inner):
            called = (call for call in trace.calls if _is(call.node, service))
        case Edge(caller, callee, inner):
            called = (
                call
                for call in trace.calls
                if call.caller and _is(call.caller, caller) and _is(call.node, callee)
            )
    return any(inner is None or _holds(inner, _One(call), trace) for call in called)


def _compares(sign: str, found: Value, value: Value) -> bool:
    """Compare what is there with what is asked for; another type is just another value."""
    if _type(found) is not _type(value):
        return sign == "!="
    return bool(_ORDERED[sign](found, value))


def _type(value: Value) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _is(node: Node, service: ServiceId) -> bool:
    return service.name in (None, node.name) and service.type in (None, node.type)


def _values_of(document: Document, keyword: str) -> Iterable[Value]:
    """Tell what a segment says for a keyword; a mark that it doesn't have is false."""
    if keyword in _HTTP:
        http = http_of(document)
        return [http[_HTTP[keyword]]] if _HTTP[keyword] in http else []
    if keyword in ("responsetime", "duration"):
        return [seconds_of(document)] if document else []
    if keyword == "ok":
        return [not any(document.get(mark) for mark in ("error", "fault", "throttle"))]
    if keyword in ("error", "fault", "throttle", "inferred", "partial"):
        return [bool(document.get(keyword))]
    found = document.get("resource_arn" if keyword == "resource.arn" else keyword)
    return [found] if isinstance(found, str) else []
