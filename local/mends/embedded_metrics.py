"""Lines of a log in the embedded metric format become metrics.

CloudWatch Logs reads them from whatever is put into a log group, with all dimension sets, lists of
values and the time they name. Stock ministack keeps the lines and makes no metrics.
"""

from typing import Any

from ministack.services import cloudwatch_logs

from local.mends.metric_store import store
from local.mends.seams import seam
from local.monitoring.embedded import readings_of

_append_events = seam(__name__, cloudwatch_logs, "_append_log_events")


def apply() -> None:
    """Read events where both PutLogEvents and Lambda append them."""
    cloudwatch_logs._append_log_events = _append


def _append(stream: dict[str, Any], events: list[dict[str, Any]]) -> None:
    _append_events(stream, events)
    kept = store()
    for event in events:
        for reading in readings_of(event["message"]):
            kept.record(reading.metric, reading.values, reading.unit, reading.at)
