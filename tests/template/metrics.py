"""Which metrics there are: those that the code writes, and AWS's own with their dimensions."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[2] / "src/pipeline"
OWN = "EventsToEndpoints"
STACK = "${AWS::StackName}"
# A module that calls one of telemetry's functions, or defines the last, holds names of metrics.
WRITERS = {"count", "counter", "count_by", "gauge", "add_metric", "counts_of"}
NAME = re.compile(r"(?:[A-Z][a-z]+){2,}")
NO_METRICS = {"MetricUnit", "SequenceNumber"}  # what reads like one in these modules
# What count_by divides, and by what.
DIVIDED = {
    "DeliveriesFailed": ("entrance",),
    "EventsDuplicate": ("entrance", "type"),
    "EventsInConflict": ("entrance", "type"),
    "EventsLoaded": ("entrance", "type"),
    "EventsPrepared": ("type",),
    "EventsQuarantined": ("entrance", "type"),
    "EventsQuarantinedLoaded": ("entrance", "type"),
    "EventsReceived": ("entrance", "type"),
    "EventsRejected": ("entrance",),
    "EventsStaged": ("entrance", "type"),
    "FactsLoaded": ("type",),
    "RequestsRefused": ("entrance",),
}
ENTRANCES = {"request", "webhook", "change", "upload", "queue"}

Resources = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Service:
    """What a service of AWS's writes, and where its documentation says so."""

    dimensions: frozenset[str]
    metrics: frozenset[str]
    source: str


SERVICES = {
    "AWS/Lambda": Service(
        frozenset({"FunctionName"}),
        frozenset({"Errors", "Throttles", "Duration", "Invocations", "IteratorAge"}),
        "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
    ),
    "AWS/SQS": Service(
        frozenset({"QueueName"}),
        frozenset({"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"}),
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html",
    ),
    "AWS/States": Service(
        frozenset({"StateMachineArn"}),
        frozenset(
            f"Execution{end}"
            for end in ("sStarted", "sSucceeded", "sFailed", "sTimedOut", "sAborted", "Time")
        ),
        "https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html",
    ),
    "AWS/ApiGateway": Service(
        frozenset({"ApiName", "Stage"}),
        frozenset({"Count", "4XXError", "5XXError", "Latency", "CacheHitCount", "CacheMissCount"}),
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html",
    ),
    "AWS/Redshift-Serverless": Service(
        frozenset({"Workgroup"}),
        frozenset({"ComputeSeconds", "ComputeCapacity"}),
        "https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-monitoring.html",
    ),
}  # fmt: skip
# What a dimension's value has to refer to: the type of the resource, and what of it.
NAMED = {
    "FunctionName": ("AWS::Serverless::Function", ""),
    "QueueName": ("AWS::SQS::Queue", ".QueueName"),
    "StateMachineArn": ("AWS::Serverless::StateMachine", ""),
    "Workgroup": ("AWS::RedshiftServerless::Workgroup", ""),
}


@dataclass(frozen=True)
class Metric:
    """A metric that an alarm or a widget watches; values are written as Fn::Sub writes them."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]

    def faults(self, resources: Resources) -> Iterator[str]:
        """Tell what keeps this metric from having data."""
        if self.namespace == OWN:
            yield from self._faults_of_own()
        elif service := SERVICES.get(self.namespace):
            if self.name not in service.metrics or set(self.dimensions) != service.dimensions:
                yield f"{service.source} has no {self.name} of {sorted(self.dimensions)}"
            for dimension, value in self.dimensions.items():
                if value not in places(dimension, resources):
                    yield f"{self.name}: {dimension} is nowhere {value}"
        else:
            yield f"nobody writes {self.namespace}"

    def _faults_of_own(self) -> Iterator[str]:
        divided = {key: value for key, value in self.dimensions.items() if key != "service"}
        if self.dimensions.get("service") != STACK:
            yield f"{self.name}: service is the stack"
        if self.name not in written():
            yield f"the code does not write {self.name}"
        for dimension, value in divided.items():
            if dimension not in DIVIDED.get(self.name, ()) or value not in ENTRANCES:
                yield f"the code does not write {self.name} of {dimension} {value}"


def places(dimension: str, resources: Resources) -> set[str]:
    """List what a dimension of AWS's may be in this stack."""
    if dimension == "ApiName":
        assert resources["Api"]["Properties"]["DefinitionBody"]["info"]["title"] == {
            "Ref": "AWS::StackName"
        }
        return {STACK}
    if dimension == "Stage":
        return {str(resources["Api"]["Properties"]["StageName"])}
    kind, attribute = NAMED[dimension]
    found = {f"${{{name}{attribute}}}" for name, one in resources.items() if one["Type"] == kind}
    return found | {"${Warehouse}"} if dimension == "Workgroup" else found


@cache
def written() -> frozenset[str]:
    """Names of all metrics that the code writes."""
    return frozenset(name for names in _names().values() for name in names) - NO_METRICS


def series(types: int) -> int:
    """Count the metrics that CloudWatch bills when everything happens, with so many event types."""
    values = {"entrance": len(ENTRANCES), "type": types + 1}  # what is no type is counted as other
    divided = sum(values[one] for dimensions in DIVIDED.values() for one in dimensions)
    return len(written()) + divided


@cache
def _names() -> dict[Path, set[str]]:
    """Gather what reads like a metric's name, by the module that writes metrics."""
    trees = {file: ast.parse(file.read_text()) for file in sorted(SOURCE.rglob("*.py"))}
    return {
        file: {
            str(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and NAME.fullmatch(str(node.value))
        }
        for file, tree in trees.items()
        if WRITERS & {_named(node) for node in ast.walk(tree)}
    }


def _named(node: ast.AST) -> str:
    """Name the function that a call calls, or that is defined."""
    match node:
        case ast.FunctionDef(name=name):
            return name
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name
    return ""
