"""The summary of a trace, as GetTraceSummaries tells it."""

from collections.abc import Iterator
from typing import Any

from local.xray.trace import Document, Node, Trace, node_of, seconds_of, walk

MOST_ANNOTATIONS = 50  # that X-Ray indexes, a trace

Value = str | float | bool


def summarise(trace: Trace) -> dict[str, Any]:
    """Make a TraceSummary; without a root segment it is partial."""
    root = trace.root
    summary: dict[str, Any] = {
        "Id": trace.id,
        "StartTime": trace.started,
        "Duration": round(trace.ended - trace.started, 3),
        "IsPartial": root is None or bool(trace.orphans),
        "HasFault": bool(root and root.get("fault")),
        "HasError": bool(root and root.get("error")),
        "HasThrottle": bool(root and root.get("throttle")),
        "Http": http_of(root or {}),
        "Annotations": _annotations(trace),
        "Users": _users(trace),
        "ServiceIds": [service_id(node) for node in dict.fromkeys(c.node for c in trace.calls)],
        "ResourceARNs": [{"ARN": arn} for arn in resource_arns(trace)],
        "InstanceIds": [],
        "AvailabilityZones": [],
        "Revision": len(trace.segments) + len(trace.orphans),
    }
    if root is not None:
        summary["ResponseTime"] = round(seconds_of(root), 3)
        summary["EntryPoint"] = service_id(node_of(root))
    return summary


def http_of(segment: Document) -> dict[str, Any]:
    """Tell what a segment says about its HTTP request, without what it doesn't say."""
    http = segment.get("http") or {}
    request, response = http.get("request") or {}, http.get("response") or {}
    found = {
        "HttpURL": request.get("url"),
        "HttpMethod": request.get("method"),
        "UserAgent": request.get("user_agent"),
        "ClientIp": request.get("client_ip"),
        "HttpStatus": response.get("status"),
    }
    return {name: value for name, value in found.items() if value is not None}


def annotations_of(trace: Trace) -> Iterator[tuple[str, Value, Node]]:
    """Yield the annotations that X-Ray indexes: the first 50 of a trace."""
    told = (
        (name, value, node_of(segment))
        for segment in (*trace.segments, *trace.orphans)
        for part in walk(segment)
        for name, value in (part.get("annotations") or {}).items()
        if isinstance(value, str | int | float)
    )
    yield from (one for _, one in zip(range(MOST_ANNOTATIONS), told, strict=False))


def resource_arns(trace: Trace) -> list[str]:
    """List the ARNs that the trace's segments name."""
    arns = (segment.get("resource_arn") for segment in trace.segments)
    return list(dict.fromkeys(arn for arn in arns if arn))


def service_id(node: Node) -> dict[str, Any]:
    """Make a ServiceId."""
    return {"Name": node.name, "Names": [node.name], "Type": node.type}


def _annotations(trace: Trace) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, dict[Value, list[Node]]] = {}
    for name, value, node in annotations_of(trace):
        nodes = found.setdefault(name, {}).setdefault(value, [])
        if node not in nodes:
            nodes.append(node)
    return {
        name: [
            {"AnnotationValue": _typed(value), "ServiceIds": [service_id(node) for node in nodes]}
            for value, nodes in values.items()
        ]
        for name, values in found.items()
    }


def _typed(value: Value) -> dict[str, Value]:
    if isinstance(value, bool):
        return {"BooleanValue": value}
    return {"StringValue": value} if isinstance(value, str) else {"NumberValue": value}


def _users(trace: Trace) -> list[dict[str, Any]]:
    users = {(segment["user"], node_of(segment)) for segment in trace.segments if "user" in segment}
    return [{"UserName": user, "ServiceIds": [service_id(node)]} for user, node in sorted(users)]
