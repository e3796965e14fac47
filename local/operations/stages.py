"""The flow as it is shown: its stages in their order, and the figures of each."""

from dataclasses import dataclass

from local.operations.figures import Figure, Metric

OURS = "EventsToEndpoints"
EACH_SECOND = "/s"


@dataclass(frozen=True)
class Stage:
    """A place that events come through; `queue` and `dlq` are logical ids, as `functions` are."""

    name: str
    title: str
    column: int
    figures: tuple[Figure, ...]
    functions: tuple[str, ...] = ()
    queue: str = ""
    dlq: str = ""

    def all_figures(self) -> tuple[Figure, ...]:
        """Return the figures, with those that follow from the functions and the queue."""
        errors = (_errors(self.functions),) if self.functions else ()
        return (*self.figures, *(_oldest(name) for name in (self.queue,) if name), *errors)


def _ours(name: str, stat: str = "Sum", **dimensions: str) -> tuple[Metric, ...]:
    return (Metric(OURS, name, {"service": "{stack}"} | dimensions, stat),)


def _rate(name: str, metric: str, **dimensions: str) -> Figure:
    return Figure(name, "Events", _ours(metric, **dimensions), "rate", EACH_SECOND)


def _total(name: str, label: str, metric: str, *, bad: bool = False, **dims: str) -> Figure:
    return Figure(name, label, _ours(metric, **dims), bad=bad)


def _latest(name: str, label: str, metric: str, unit: str, stat: str = "Maximum") -> Figure:
    return Figure(name, label, _ours(metric, stat), "latest", unit)


def _errors(functions: tuple[str, ...]) -> Figure:
    dimensions = [{"FunctionName": f"{{{name}}}"} for name in functions]
    return Figure(
        "errors",
        "Errors",
        tuple(Metric("AWS/Lambda", "Errors", one) for one in dimensions),
        bad=True,
    )


def _of_queue(name: str, metric: str, stat: str = "Sum") -> tuple[Metric, ...]:
    return (Metric("AWS/SQS", metric, {"QueueName": f"{{{name}}}"}, stat),)


def _oldest(queue: str) -> Figure:
    metrics = _of_queue(queue, "ApproximateAgeOfOldestMessage", "Maximum")
    return Figure("oldest", "Oldest", metrics, "latest", "s")


def _entrance(name: str, title: str, function: str, dlq: str = "", *more: Figure) -> Stage:
    return Stage(
        name,
        title,
        0,
        (
            _rate("received", "EventsReceived", entrance=name),
            _total("received_in_all", "Received", "EventsReceived", entrance=name),
            _total("quarantined", "Quarantined", "EventsQuarantined", entrance=name),
            *more,
        ),
        (function,),
        dlq=dlq,
    )


def _rejected(entrance: str) -> Figure:
    return _total("rejected", "Rejected", "EventsRejected", entrance=entrance)


def _workflow(name: str, label: str, metrics: tuple[str, ...], *, bad: bool = False) -> Figure:
    dimensions = {"StateMachineArn": "{PrepareBatch}"}
    return Figure(
        name, label, tuple(Metric("AWS/States", one, dimensions) for one in metrics), bad=bad
    )


def _api(metric: str, stat: str = "Sum") -> tuple[Metric, ...]:
    return (Metric("AWS/ApiGateway", metric, {"ApiName": "{stack}", "Stage": "live"}, stat),)


ENTRANCES = (
    _entrance("request", "API", "ReceiveRequestFunction", "", _rejected("request")),
    _entrance("webhook", "Webhooks", "ReceiveWebhookFunction", "", _rejected("webhook")),
    _entrance("change", "Table changes", "ReceiveChangeFunction", "ChangeDlq"),
    _entrance("upload", "Uploads", "ReceiveUploadFunction", "UploadDlq"),
)
BETWEEN = (
    Stage(
        "event-queue",
        "EventQueue",
        1,
        (Figure("sent", "Messages", _of_queue("EventQueue", "NumberOfMessagesSent")),),
        queue="EventQueue",
        dlq="EventDlq",
    ),
    Stage(
        "stage",
        "Stage",
        2,
        (
            _rate("staged", "EventsStaged"),
            _total("batches", "Batches", "BatchesStaged"),
            _latest("age", "Age of a batch", "BatchAge", "s"),
        ),
        ("StageBatchFunction",),
    ),
    Stage(
        "prepare",
        "Prepare",
        3,
        (
            _rate("prepared", "EventsPrepared"),
            _workflow("started", "Executions", ("ExecutionsStarted",)),
            _workflow(
                "failed",
                "Failed",
                ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"),
                bad=True,
            ),
        ),
        (
            "StartPreparationFunction",
            "EnrichEventsFunction",
            "DetectAnomaliesFunction",
            "SummariseBatchFunction",
        ),
        dlq="PrepareDlq",
    ),
    Stage(
        "load-queue",
        "LoadQueue",
        3,
        (
            _latest("batches", "Batches not loaded yet", "BatchesBacklog", ""),
            _latest("events", "Events in them", "EventsBacklog", ""),
        ),
        queue="LoadQueue",
        dlq="LoadDlq",
    ),
)
OUT = (
    Stage(
        "load",
        "Load",
        4,
        (
            _rate("loaded", "EventsLoaded"),
            _total("loads", "Loads", "LoadsDone"),
            _total("failed", "Failed", "LoadsFailed", bad=True),
            _total("duplicates", "Duplicates", "EventsDuplicate"),
            _latest("duration", "Duration", "LoadDuration", "ms", "Average"),
        ),
        ("LoadBatchesFunction",),
    ),
    Stage(
        "warehouse",
        "Warehouse",
        5,
        (
            _latest("freshness", "Receipt to commit", "FreshnessFromReceipt", "s"),
            _latest("freshness_of_time", "Newest time to commit", "FreshnessFromEvent", "s"),
            _total("facts", "Facts", "FactsLoaded"),
            _total("throttles", "Throttled calls", "DataApiThrottles", bad=True),
            _latest("oldest_unloaded", "Oldest unloaded", "OldestUnloaded", "s"),
            Figure("missing", "Missing", _ours("EventsMissing", "Maximum"), "latest", bad=True),
        ),
    ),
    Stage(
        "endpoint",
        "Endpoint",
        6,
        (
            Figure("requests", "Requests", _api("Count"), "rate", EACH_SECOND),
            Figure("latency", "Latency", _api("Latency", "Average"), "latest", "ms"),
            Figure("hits", "From the cache", _api("CacheHitCount")),
            Figure("refused", "4xx", _api("4XXError")),
            Figure("broken", "5xx", _api("5XXError"), bad=True),
        ),
        (
            "ReadMetricsFunction",
            "ReadEventsFunction",
            "ReadStatusFunction",
            "ReadExportsFunction",
            "ReadDocumentsFunction",
        ),
    ),
)
STAGES = (*ENTRANCES, *BETWEEN, *OUT)
