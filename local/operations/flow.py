"""The flow right now: what CloudWatch counted at each stage, and what waits in the queues."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local.operations.figures import Series, ask_cloudwatch, shape_figure
from local.operations.stages import STAGES, Stage
from local.resources import Resources

ATTRIBUTES = {
    "waiting": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}
Depth = dict[str, int]


def read_flow(
    cloudwatch: Any, sqs: Any, resources: Resources, now: datetime
) -> list[dict[str, Any]]:
    """Ask CloudWatch and SQS, and return the stages in the order of the flow."""
    figures = [figure for stage in STAGES for figure in stage.all_figures()]
    minutes = ask_cloudwatch(cloudwatch, figures, resources.names(), now)
    queues = {name for stage in STAGES for name in (stage.queue, stage.dlq) if name}
    depths = {name: read_depth(sqs, resources.physical[name]) for name in sorted(queues)}
    return [shape_stage(stage, minutes, depths, resources.names()) for stage in STAGES]


def read_depth(sqs: Any, url: str) -> Depth:
    """Ask how many messages a queue holds."""
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(ATTRIBUTES.values()))
    return {name: int(answer["Attributes"].get(given, 0)) for name, given in ATTRIBUTES.items()}


def shape_stage(
    stage: Stage,
    minutes: Mapping[tuple[str, ...], Series],
    depths: Mapping[str, Depth],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """Write a stage as the page takes it; `queue` and `dlq` are None where it has none."""
    return {
        "name": stage.name,
        "title": stage.title,
        "column": stage.column,
        "figures": [shape_figure(one, minutes, names) for one in stage.all_figures()],
        "queue": _named_depth(stage.queue, depths),
        "dlq": _named_depth(stage.dlq, depths),
    }


def _named_depth(name: str, depths: Mapping[str, Depth]) -> dict[str, Any] | None:
    return {"name": name, **depths[name]} if name else None
