"""One trace put together: segments with their subsegments, and the calls from node to node."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

Document = dict[str, Any]

# What the SDK calls a service -> what the service map calls it.
_SERVICES = {
    "sqs": "SQS", "s3": "S3", "sns": "SNS", "dynamodb": "DynamoDB", "lambda": "Lambda",
    "events": "Events", "states": "StepFunctions", "stepfunctions": "StepFunctions",
    "redshift-data": "RedshiftDataAPI", "redshiftdata": "RedshiftDataAPI",
    "data api": "RedshiftDataAPI", "redshift-serverless": "RedshiftServerless",
    "secretsmanager": "SecretsManager",
}  # fmt: skip
# A resource of its own in the service map: type, and the member of `aws` that names it.
_RESOURCES = {
    "SQS": ("AWS::SQS::Queue", "queue_url"),
    "DynamoDB": ("AWS::DynamoDB::Table", "table_name"),
    "S3": ("AWS::S3::Bucket", "bucket_name"),
    "SNS": ("AWS::SNS", "topic_arn"),
}


class Node(NamedTuple):
    """A service in the service map."""

    name: str
    type: str


@dataclass(frozen=True)
class Call:
    """One segment: what was called, and by which node; None where nobody known called it."""

    document: Document
    node: Node
    caller: Node | None


class Trace:
    """The documents of one trace. Those of one id replace each other, the last one counts.

    A subsegment that was sent by itself is put into its parent, wherever that came from. One whose
    parent is not there (yet) is in `orphans`.
    """

    def __init__(self, trace_id: str, documents: Iterable[Document]) -> None:
        self.id = trace_id
        latest = {document["id"]: document for document in documents}
        places = {part["id"]: part for document in latest.values() for part in walk(document)}
        self.segments: list[Document] = []
        self.orphans: list[Document] = []
        for document in sorted(latest.values(), key=lambda one: one["start_time"]):
            if document.get("type") != "subsegment":
                self.segments.append(document)
            elif parent := places.get(document["parent_id"]):
                parent.setdefault("subsegments", []).append(document)
            else:
                self.orphans.append(document)

    @property
    def root(self) -> Document | None:
        """The first segment that nobody in this trace called."""
        known = {part["id"] for segment in self.segments for part in walk(segment)}
        return next((one for one in self.segments if one.get("parent_id") not in known), None)

    @property
    def parts(self) -> Iterator[Document]:
        """Every segment and subsegment."""
        for document in (*self.segments, *self.orphans):
            yield from walk(document)

    @cached_property
    def inferred(self) -> list[Document]:
        """Segments of services that send none themselves, from the subsegments that called them."""
        called = {segment.get("parent_id") for segment in self.segments}
        return [
            _infer(part, self.id)
            for part in self.parts
            if part.get("namespace") in ("aws", "remote") and part["id"] not in called
        ]

    @cached_property
    def calls(self) -> list[Call]:
        """Every segment, told or inferred, with who called it."""
        owners = {
            part["id"]: node_of(segment) for segment in self.segments for part in walk(segment)
        }
        return [
            Call(document, node_of(document), owners.get(document.get("parent_id", "")))
            for document in (*self.segments, *self.inferred)
        ]

    @property
    def started(self) -> float:
        """When the first of it began, in seconds since 1970."""
        return min((float(part["start_time"]) for part in self.parts), default=0.0)

    @property
    def ended(self) -> float:
        """When the last of it ended."""
        return max((end_of(part) for part in self.parts), default=0.0)


def walk(document: Document) -> Iterator[Document]:
    """Yield a segment and all subsegments below it."""
    yield document
    for subsegment in document.get("subsegments") or []:
        if isinstance(subsegment, dict) and "id" in subsegment:
            yield from walk(subsegment)


def end_of(document: Document) -> float:
    """Tell when a part ended; one that is in progress has lasted no time yet."""
    return float(document.get("end_time") or document["start_time"])


def seconds_of(document: Document) -> float:
    """Tell how long a part lasted."""
    return end_of(document) - float(document["start_time"])


def node_of(segment: Document) -> Node:
    """Tell which node of the service map a segment belongs to."""
    return Node(segment["name"], segment.get("origin") or "unknown")


def _infer(subsegment: Document, trace_id: str) -> Document:
    name, origin = subsegment["name"], "remote"
    if subsegment["namespace"] == "aws":
        name, origin = _service(subsegment)
    copied = ("start_time", "end_time", "in_progress", "http", "aws", "error", "fault", "throttle")
    return {
        **{member: subsegment[member] for member in copied if member in subsegment},
        "id": hashlib.sha256(subsegment["id"].encode()).hexdigest()[:16],
        "trace_id": trace_id,
        "parent_id": subsegment["id"],
        "name": name,
        "origin": origin,
        "inferred": True,
    }


def _service(subsegment: Document) -> Node:
    name = subsegment["name"]
    service = _SERVICES.get(name.lower(), name)
    kind, member = _RESOURCES.get(str(service), (f"AWS::{service}", ""))
    resource = (subsegment.get("aws") or {}).get(member)
    return Node(resource, kind) if resource else Node(name, f"AWS::{service}")
