"""The service map of some traces, as GetServiceGraph and GetTraceGraph tell it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from local.xray.trace import Call, Document, Node, Trace, end_of, seconds_of, walk


@dataclass
class _Calls:
    """What is counted of a node, or of an edge."""

    documents: list[Document] = field(default_factory=list)

    def statistics(self) -> dict[str, Any]:
        faults = sum(bool(one.get("fault")) for one in self.documents)
        wrong = [one for one in self.documents if one.get("error") and not one.get("fault")]
        throttles = sum(bool(one.get("throttle")) for one in wrong)
        return {
            "OkCount": len(self.documents) - faults - len(wrong),
            "ErrorStatistics": {
                "ThrottleCount": throttles,
                "OtherCount": len(wrong) - throttles,
                "TotalCount": len(wrong),
            },
            "FaultStatistics": {"OtherCount": faults, "TotalCount": faults},
            "TotalCount": len(self.documents),
            "TotalResponseTime": sum(map(seconds_of, self.documents)),
        }

    def histogram(self) -> list[dict[str, Any]]:
        """Count the durations, in seconds rounded to two digits."""
        counts = Counter(float(f"{seconds_of(one):.2g}") for one in self.documents)
        return [{"Value": value, "Count": counts[value]} for value in sorted(counts)]

    def span(self) -> dict[str, float]:
        return {
            "StartTime": min(float(one["start_time"]) for one in self.documents),
            "EndTime": max(map(end_of, self.documents)),
        }


class _Map:
    def __init__(self) -> None:
        self.nodes: dict[Node, _Calls] = {}
        self.edges: dict[tuple[Node, Node, str], _Calls] = {}
        self.roots: set[Node] = set()

    def add(self, call: Call, producers: list[Node]) -> None:
        self.nodes.setdefault(call.node, _Calls()).documents.append(call.document)
        if call.caller:
            self._draw(call.caller, call, "")
        for producer in producers:
            self._draw(producer, call, "link")
        if not call.caller and not producers:
            client = Node(call.node.name, "client")
            self.roots.add(client)
            self.nodes.setdefault(client, _Calls()).documents.append(call.document)
            self._draw(client, call, "")

    def _draw(self, caller: Node, call: Call, kind: str) -> None:
        self.edges.setdefault((caller, call.node, kind), _Calls()).documents.append(call.document)

    def services(self) -> list[dict[str, Any]]:
        numbers = {node: number for number, node in enumerate(self.nodes)}
        return [self._service(node, numbers) for node in self.nodes]

    def _service(self, node: Node, numbers: dict[Node, int]) -> dict[str, Any]:
        calls = self.nodes[node]
        edges = [
            _edge(numbers[callee], kind, calls)
            for (caller, callee, kind), calls in self.edges.items()
            if caller == node
        ]
        service = {
            "ReferenceId": numbers[node],
            "Name": node.name,
            "Names": [node.name],
            "Type": node.type,
            "Root": node in self.roots,
            "State": "active",
            **calls.span(),
            "Edges": edges,
        }
        if node not in self.roots:
            service["SummaryStatistics"] = calls.statistics()
            service["DurationHistogram"] = calls.histogram()
            service["ResponseTimeHistogram"] = calls.histogram()
        return service


def draw(traces: Iterable[Trace]) -> list[dict[str, Any]]:
    """Make the Services of the traces, each with the Edges to those that it calls.

    A segment that links to a trace among them (a queue's consumer to its producers) is called by
    what sent it there. Whoever calls a root is a node of the type `client`.
    """
    traces = list(traces)
    senders = {part: node for trace in traces for part, node in _senders(trace).items()}
    drawn = _Map()
    for trace in traces:
        for call in trace.calls:
            links = (link.get("id", "") for link in call.document.get("links") or [])
            producers = dict.fromkeys(senders[link] for link in links if link in senders)
            drawn.add(call, list(producers))
    return drawn.services()


def _senders(trace: Trace) -> dict[str, Node]:
    """Map the id of each part to the node that a link from it comes from."""
    nodes = {
        part["id"]: call.node
        for call in trace.calls
        if not call.document.get("inferred")
        for part in walk(call.document)
    }
    inferred = {
        call.document["parent_id"]: call.node
        for call in trace.calls
        if call.document.get("inferred")
    }
    return {**nodes, **inferred}


def _edge(callee: int, kind: str, calls: _Calls) -> dict[str, Any]:
    edge = {
        "ReferenceId": callee,
        **calls.span(),
        "SummaryStatistics": calls.statistics(),
        "ResponseTimeHistogram": calls.histogram(),
        "Aliases": [],
    }
    return {**edge, "EdgeType": kind} if kind else edge
