"""Logs, metrics and traces: one logger, one metrics buffer, one tracer, one decorator."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

# Names of service and namespace come from POWERTOOLS_SERVICE_NAME and
# POWERTOOLS_METRICS_NAMESPACE, which the template sets for every function.
logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=("botocore",))

Handler = Callable[[Any, Any], Any]


def observed(handler: Handler) -> Handler:
    """Give a Lambda handler its log context, its trace segment and the flush of its metrics.

    Responses stay out of traces and events out of logs: both carry people's data.
    """
    traced = tracer.capture_lambda_handler(handler, capture_response=False)
    return logger.inject_lambda_context(_flushed(traced), clear_state=True)


def _flushed(handler: Handler) -> Handler:
    # Powertools' own log_metrics warns of every invocation that had nothing to count.
    @wraps(handler)
    def flushing(event: Any, context: Any) -> Any:
        try:
            return handler(event, context)
        finally:
            if metrics.metric_set:
                metrics.flush_metrics()

    return flushing


def count(name: str, value: float, unit: MetricUnit = MetricUnit.Count) -> None:
    """Add to a metric of this invocation; zero is not written, so silence costs nothing."""
    if value:
        metrics.add_metric(name=name, unit=unit, value=value)


def warn(message: str) -> None:
    """Log what was done without, and count it."""
    logger.warning(message)
    count("DoneWithout", 1)
