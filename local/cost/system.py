"""What would be deployed, as far as it costs money: read from the template, never from memory of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from local.cost.template import FUNCTION, Template
from local.cost.workflow import states_entered

MEGABYTES = 1024
USAGE_LIMIT = "WarehouseUsageLimit"


@dataclass(frozen=True)
class Reader:
    """A function behind a queue: the window and the number of messages that end a batch first."""

    window: Decimal
    batch_size: Decimal
    concurrency: Decimal


@dataclass(frozen=True)
class System:
    """Sizes in GB, times in seconds; `states` are those of a batch without and with an alert.

    `usage_limit` is the RPU-hours of a day, 0 for none.
    """

    base_capacity: Decimal
    max_capacity: Decimal
    usage_limit: Decimal
    usage_action: str
    brought_along: bool
    stage: Reader
    load: Reader
    cache_size: str
    cache_ttl: Decimal
    reads_per_second: Decimal
    requests_per_key: Decimal
    architecture: str
    memory: Mapping[str, Decimal]
    log_days: Decimal
    emails: int
    alarms: int
    composites: int
    dashboards: int
    trace_share: Decimal
    check_minutes: Decimal
    secrets: int
    methods: int
    queues: int
    states: tuple[int, int]


def system_of(template: Template, workflow: Mapping[str, Any]) -> System:
    """Read a template whose parameters are chosen, and the definition of its state machine."""
    workgroup = template.properties("Workgroup")
    api = template.properties("Api")
    functions = dict(template.resources(FUNCTION))
    reading = template.properties("ReadMetricsFunction")["Environment"]["Variables"]
    throttle = api["Auth"]["UsagePlan"]["Throttle"]
    caches = template.value(api["CacheClusterEnabled"])
    return System(
        base_capacity=template.number(workgroup["BaseCapacity"]),
        max_capacity=template.number(workgroup["MaxCapacity"]),
        usage_limit=_usage_limit(template),
        usage_action=str(template.value(template.properties(USAGE_LIMIT)["Action"])),
        brought_along=not any(template.resources("AWS::RedshiftServerless::Workgroup")),
        stage=_reader(template, "StageBatchFunction"),
        load=_reader(template, "LoadBatchesFunction"),
        cache_size=str(template.value(api["CacheClusterSize"])) if caches else "",
        cache_ttl=template.number(api["MethodSettings"][0]["CacheTtlInSeconds"]),
        reads_per_second=template.number(reading["READS_PER_SECOND"]),
        requests_per_key=template.number(throttle["RateLimit"]),
        architecture=str(
            template.value(template.function("ReadMetricsFunction", "Architectures")[0])
        ),
        memory={
            name: template.number(template.function(name, "MemorySize")) / MEGABYTES
            for name in functions
        },
        log_days=template.number(template.properties("FunctionLogs")["RetentionInDays"]),
        emails=sum(1 for _ in template.resources("AWS::SNS::Subscription")),
        alarms=sum(_metrics(alarm) for _, alarm in template.resources("AWS::CloudWatch::Alarm")),
        composites=sum(1 for _ in template.resources("AWS::CloudWatch::CompositeAlarm")),
        dashboards=sum(1 for _ in template.resources("AWS::CloudWatch::Dashboard")),
        trace_share=template.number(
            template.properties("TraceShareRule")["SamplingRule"]["FixedRate"]
        ),
        check_minutes=template.number({"Ref": "CheckMinutes"}),
        secrets=sum(1 for _ in template.resources("AWS::SecretsManager::Secret")),
        methods=sum(len(_events(function, "Api")) for function in functions.values()),
        queues=sum(len(_events(function, "SQS")) for function in functions.values()),
        states=(
            states_entered(workflow, alerting=False),
            states_entered(workflow, alerting=True),
        ),
    )


def _usage_limit(template: Template) -> Decimal:
    made = dict(template.resources(f"Custom::{USAGE_LIMIT}"))
    return template.number(made[USAGE_LIMIT]["RpuHours"]) if made else Decimal(0)


def _reader(template: Template, name: str) -> Reader:
    (queue,) = _events(template.properties(name), "SQS")
    return Reader(
        window=template.number(queue["MaximumBatchingWindowInSeconds"]),
        batch_size=template.number(queue["BatchSize"]),
        concurrency=template.number(queue["ScalingConfig"]["MaximumConcurrency"]),
    )


def _events(function: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    events = function.get("Events", {}).values()
    return [event["Properties"] for event in events if event["Type"] == kind]


def _metrics(alarm: Mapping[str, Any]) -> int:
    """Count the metrics that an alarm watches: each is billed, expressions are not."""
    return sum("MetricStat" in part for part in alarm.get("Metrics", ())) or 1
