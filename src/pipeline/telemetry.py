"""Logs, metrics and traces: one logger, one metrics buffer, one tracer, one decorator.

What they cost is held by `make bench` and a test: at most a tenth of a handler's own instructions.
A request with one event comes closest. Of its hundredths one log line takes 3 (5 by Powertools'
formatter), a line of metrics and the log's context less than 1 each (2 and 1 by Powertools), and the
trace of a call that is sampled 4. So nothing is traced that is not sampled (tracing.py), metrics with
equal dimensions share one line, and an invocation logs one of its own.
"""

import logging
import sys
import time
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache, wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.metrics.functions import is_metrics_disabled

from pipeline.data_api_usage import Usage
from pipeline.log_lines import LineFormatter, encode
from pipeline.tracing import (
    MOST_BATCHES_TRACED,
    annotate,
    mark_fault,
    note,
    start,
    step,
    trace_past,
    traced,
    tracer,
)

__all__ = (
    "MAX_TOLD", "MOST_BATCHES_TRACED", "MetricUnit", "annotate", "annotate_type", "count", "count_by",
    "count_usage", "flush", "gauge", "identify", "log_keys", "logger", "mark_fault", "metrics", "note",
    "observed", "step", "trace_past", "tracer", "warn",
)  # fmt: skip

# Names of service and namespace come from POWERTOOLS_SERVICE_NAME and
# POWERTOOLS_METRICS_NAMESPACE, which the template sets for every function.
logger = Logger(logger_formatter=LineFormatter())
metrics = Metrics()
silent = is_metrics_disabled()

# What no line has need not be found out for it.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

# At INFO the SDK tells where it found credentials, at DEBUG it tells people's data.
for name in ("boto3", "botocore"):
    logging.getLogger(name).setLevel(logging.WARNING)

Handler = Callable[[Any, Any], Any]
Dimensions = tuple[tuple[str, str], ...]

COUNT = MetricUnit.Count.value
MAX_TOLD = 100  # ids of one kind that a log line or a trace names

_divided: dict[Dimensions, dict[str, float]] = {}  # counts of this invocation, by dimensions


def observed(handler: Handler) -> Handler:
    """Give a Lambda handler its log context, its trace segment and the flush of its metrics.

    Responses stay out of traces and events out of logs: both carry people's data.
    """
    tracing = traced(handler)

    # Powertools' inject_lambda_context leaves the same keys for more than twice the instructions,
    # and its log_metrics warns of every invocation that had nothing to count.
    @wraps(handler)
    def observing(event: Any, context: Any) -> Any:
        logger.structure_logs(
            cold_start=start.cold(),
            function_name=context.function_name,
            function_memory_size=context.memory_limit_in_mb,
            function_arn=context.invoked_function_arn,
            function_request_id=context.aws_request_id,
        )
        try:
            return tracing(event, context)
        finally:
            start.over = True
            flush()

    return observing


def flush() -> None:
    """Write the metrics of this invocation; `observed` does so at its end, whatever the end is.

    Metrics that cannot be written are told in the log: they neither replace that end nor stay.
    """
    try:
        if metrics.metric_set:
            _write(encode(metrics.serialize_metric_set()))
        for dimensions, counts in _divided.items():
            _write(divided(dimensions, counts))
    except Exception:
        logger.exception("metrics could not be written")
    finally:
        metrics.metric_set.clear()
        _divided.clear()


def _write(line: str) -> None:
    if not silent:
        sys.stdout.write(line + "\n")


def divided(dimensions: Dimensions, counts: Mapping[str, float]) -> str:
    """Write counts with the sets of dimensions {service} and {service, each}."""
    before, after = frame(dimensions, tuple(counts))
    values = "".join(f',"{name}":[{value}]' for name, value in counts.items())
    return f"{before}{int(time.time() * 1000)}{after}{values}}}"


@lru_cache(maxsize=256)
def frame(dimensions: Dimensions, names: tuple[str, ...]) -> tuple[str, str]:
    """Write what lines of the same metrics share, before and after the time: all but their values."""
    writer = EphemeralMetrics(default_dimensions={"service": metrics.service})
    for name, value in dimensions:
        writer.add_dimensions(**{name: value})
    line = writer.serialize_metric_set({name: {"Unit": COUNT, "Value": []} for name in names})
    line["_aws"]["Timestamp"] = 0
    text = encode({name: value for name, value in line.items() if name not in names})
    before, after = text.removesuffix("}").split('"Timestamp":0', 1)
    return f'{before}"Timestamp":', after


def count(name: str, value: float, unit: MetricUnit = MetricUnit.Count) -> None:
    """Add to a metric of this invocation; zero is not written, so silence costs nothing."""
    if value:
        metrics.add_metric(name=name, unit=unit, value=value)


def gauge(name: str, value: float, unit: MetricUnit = MetricUnit.Count) -> None:
    """Write what was measured, zero too: an alarm that a number set off ends by another number."""
    metrics.add_metric(name=name, unit=unit, value=value)


def count_by(dimensions: Mapping[str, str], counts: Mapping[str, float]) -> None:
    """Add to metrics in total and, beside it, by each of these dimensions alone.

    Every value of a dimension makes metrics that cost money: never take one from senders unchecked.
    """
    if any(counts.values()):
        # Powertools' add_metric would check and keep each value: a third of what a line costs.
        counted = _divided.setdefault(tuple(dimensions.items()), {})
        for name, value in counts.items():
            if value:
                counted[name] = counted.get(name, 0.0) + value


def count_usage(usage: Usage) -> None:
    """Count what was asked of the Data API."""
    count("DataApiCalls", usage.calls)
    count("DataApiThrottles", usage.throttles)
    count("WarehouseSeconds", usage.seconds, MetricUnit.Seconds)


def warn(message: str) -> None:
    """Log what was done without, and count it."""
    logger.warning(message)
    count("DoneWithout", 1)


def log_keys(**keys: Any) -> None:
    """Write these keys with all further log lines of this invocation."""
    logger.append_keys(**keys)


def identify(**ids: str) -> None:
    """Let whatever this invocation logs and traces be found by these ids."""
    log_keys(**ids)
    annotate(**ids)


def annotate_type(types: Collection[str]) -> None:
    """Make a trace findable by the type of its events, named by its label, if they have one."""
    if len(types) == 1:
        annotate(event_type=next(iter(types)))
