"""The service map: what GetServiceGraph knows of the last minutes, laid out to be drawn."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from local.operations.layers import lay_out

SPAN = timedelta(minutes=10)
CLIENT, SERVICE, FUNCTION = "client", "AWS::Lambda", "AWS::Lambda::Function"

Json = dict[str, Any]


def read_map(xray: Any) -> Json:
    """Ask X-Ray for the last ten minutes."""
    now = datetime.now(UTC)
    pages = xray.get_paginator("get_service_graph").paginate(StartTime=now - SPAN, EndTime=now)
    return shape_map([service for page in pages for service in page["Services"]])


def shape_map(services: Sequence[Mapping[str, Any]]) -> Json:
    """Write nodes with their column and row, and edges between their ids.

    X-Ray has two nodes for a function, the service and what runs in it, and a client for each
    root; here a function is one node, and all clients are one.
    """
    ids = {service["ReferenceId"]: node_id(service) for service in services}
    nodes = {ids[one["ReferenceId"]]: one for one in sorted(services, key=_told_last)}
    edges: dict[tuple[str, str], Json] = {}
    for service in services:
        for edge in service.get("Edges", []):
            ends = (ids[service["ReferenceId"]], ids.get(edge["ReferenceId"], ""))
            if ends[1] in nodes and ends[0] != ends[1]:
                edges[ends] = statistics(edge)
    places = lay_out(sorted(nodes), edges)
    return {
        "minutes": SPAN.total_seconds() / 60,
        "columns": max((column for column, _ in places.values()), default=-1) + 1,
        "rows": max((row for _, row in places.values()), default=-1) + 1,
        "nodes": [_node(name, service, places[name]) for name, service in nodes.items()],
        "edges": [{"from": source, "to": to, **told} for (source, to), told in edges.items()],
    }


def node_id(service: Mapping[str, Any]) -> str:
    """Name the node that a service is drawn as."""
    kind = service.get("Type", "")
    if kind == CLIENT:
        return CLIENT
    return f"{FUNCTION if kind == SERVICE else kind} {service.get('Name', '')}"


def _told_last(service: Mapping[str, Any]) -> bool:
    """Sort services so that of a function's two nodes the one comes last that callers wait for."""
    return bool(service.get("Type") == SERVICE)


def statistics(counted: Mapping[str, Any]) -> Json:
    """Read the statistics of a node or an edge: rate a second, counts, mean time."""
    known = counted.get("SummaryStatistics", {})
    total = known.get("TotalCount", 0)
    return {
        "rate": total / SPAN.total_seconds(),
        "count": total,
        "errors": known.get("ErrorStatistics", {}).get("TotalCount", 0),
        "faults": known.get("FaultStatistics", {}).get("TotalCount", 0),
        "ms": known["TotalResponseTime"] / total * 1000 if total else None,
    }


def _node(name: str, service: Mapping[str, Any], place: tuple[int, int]) -> Json:
    kind = service.get("Type", "")
    return {
        "id": name,
        "name": "Clients" if kind == CLIENT else service.get("Name", ""),
        "type": FUNCTION if kind == SERVICE else kind,
        "column": place[0],
        "row": place[1],
        **statistics(service),
    }
