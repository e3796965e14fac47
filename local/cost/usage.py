"""The quantities that a month's bill is made of: what is used, how much of it, on which line."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from local.cost.assumptions import Assumptions
from local.cost.system import System
from local.cost.traffic import ANNOUNCEMENTS, Bound, Flow, Traffic, flow_of

HOURS = Decimal(730)
SECONDS = HOURS * 3600
DAYS = HOURS / 24
GB = Decimal(2**30)
KB = Decimal(1024)
PROCESSOR_GB = Decimal(1769) / 1024  # with as much memory a function has one processor
RECEIVERS = {
    "request": "ReceiveRequestFunction",
    "webhook": "ReceiveWebhookFunction",
    "change": "ReceiveChangeFunction",
    "upload": "ReceiveUploadFunction",
}
STEPS = ("EnrichEventsFunction", "DetectAnomaliesFunction", "SummariseBatchFunction")
READER = "ReadMetricsFunction"
POLL_SECONDS = 20
STOPS = "deactivate"


@dataclass(frozen=True)
class Use:
    """A month's quantity of what has one price, and the line of the bill that it belongs to."""

    line: str
    price: str
    quantity: Decimal


@dataclass(frozen=True)
class Month:
    """Tells quantities of a month: of one system, under one traffic, at one bound."""

    system: System
    traffic: Traffic
    assumed: Assumptions
    bound: Bound
    flow: Flow

    def uses(self) -> Iterator[Use]:
        """Yield every quantity, in the order of the bill's lines."""
        yield from self._warehouse()
        yield from self._endpoint()
        yield from self._functions()
        yield from self._between()
        yield from self._lake()
        yield from self._tables()
        yield from self._watching()
        yield Use("Secrets Manager", "secret-month", Decimal(self.system.secrets))
        sent = self.traffic.requests * self.traffic.answer_bytes * SECONDS / GB
        yield Use("data out", "transfer-gb", sent)

    def rpu_hours(self) -> Decimal:
        """Tell the RPU-hours of a month at base capacity, up to a limit that ends queries."""
        hours = self.system.base_capacity * HOURS * self.flow.awake
        stops = self.system.usage_limit and self.system.usage_action == STOPS
        return min(hours, self.system.usage_limit * DAYS) if stops else hours

    def _warehouse(self) -> Iterator[Use]:
        yield Use("Redshift: RPU-hours", "redshift-rpu-hour", self.rpu_hours())
        stored = self._sent_bytes() * self.assumed.warehouse_share * self.traffic.months / GB
        yield Use("Redshift: storage", "redshift-gb-month", stored)

    def _endpoint(self) -> Iterator[Use]:
        asked = self.traffic.requests + self._posts()
        yield Use("API Gateway: requests", "api-request", asked * SECONDS)
        if self.system.cache_size:
            price = f"api-cache-hour {self.system.cache_size}"
            yield Use("API Gateway: cache", price, HOURS)

    def _functions(self) -> Iterator[Use]:
        calls = self._calls()
        yield Use("Lambda", "lambda-request", sum(calls.values(), Decimal(0)) * SECONDS)
        seconds = sum((self._gb_seconds(*call) for call in calls.items()), Decimal(0))
        yield Use("Lambda", f"lambda-gb-second {self.system.architecture}", seconds * SECONDS)

    def _between(self) -> Iterator[Use]:
        flow = self.flow
        announced = ANNOUNCEMENTS * flow.batches
        polled = self.system.queues * self.assumed.polls / POLL_SECONDS
        # Each message is sent, received and deleted; calls for several at once make it less.
        passed = 2 * flow.chunks + flow.messages + 3 * announced
        yield Use("SQS", "sqs-request", (polled + passed) * SECONDS)
        yield Use("EventBridge", "eventbridge-event", announced * SECONDS)
        states = self.system.states[self.bound is Bound.MOST]
        yield Use("Step Functions", "states-transition", states * flow.batches * SECONDS)
        alerts = flow.batches * SECONDS if self.bound is Bound.MOST else Decimal(0)
        yield Use("SNS", "sns-publish", alerts)
        yield Use("SNS", "sns-email", alerts * self.system.emails)

    def _lake(self) -> Iterator[Use]:
        """Count objects: a batch, two between steps, facts; manifests; an answer for each read."""
        flow, types = self.flow, self.assumed.types
        uploads = flow.deliveries if self.traffic.entrance == "upload" else Decimal(0)
        answers = flow.reads if self.system.cache_ttl else Decimal(0)
        manifests = flow.loads * (1 + types)
        written = flow.batches * (3 + types) + manifests + answers + uploads
        # The steps read three; COPY reads batch, facts and manifests.
        read = flow.batches * (4 + types) + manifests + uploads
        yield Use("S3: requests", "s3-put", written * SECONDS)
        yield Use("S3: requests", "s3-get", read * SECONDS)
        compressed = self._sent_bytes() * self.assumed.lake_share
        kept = 2 * self.traffic.months + 2 * self.assumed.step_days / DAYS
        uploaded = self._sent_bytes() * self.traffic.months if uploads else Decimal(0)
        yield Use("S3: storage", "s3-gb-month", (compressed * kept + uploaded) / GB)

    def _tables(self) -> Iterator[Use]:
        """Count the items that come in, and two writes for a read: its token and its claim."""
        items = self.traffic.events if self.traffic.entrance == "change" else Decimal(0)
        units = ceil(self.traffic.event_bytes / KB)
        claims = 2 if self.system.cache_ttl else 1
        writes = items * units + self.flow.reads * claims
        yield Use("DynamoDB", "dynamodb-write", writes * SECONDS)
        kept = items * self.traffic.event_bytes * SECONDS * self.traffic.months / GB
        yield Use("DynamoDB", "dynamodb-gb-month", kept)
        yield Use("DynamoDB", "dynamodb-backup-gb-month", kept)

    def _watching(self) -> Iterator[Use]:
        logged = sum(self._calls().values()) * self.assumed.log_bytes * SECONDS / GB
        kept = logged * self.assumed.log_share * self.system.log_days / DAYS
        yield Use("CloudWatch: logs", "logs-gb", logged)
        yield Use("CloudWatch: logs", "logs-gb-month", kept)
        yield Use("CloudWatch: metrics, alarms", "metric-month", self._metrics())
        for price, number in (
            ("alarm-month", self.system.alarms),
            ("composite-alarm-month", self.system.composites),
            ("dashboard-month", self.system.dashboards),
        ):
            yield Use("CloudWatch: metrics, alarms", price, Decimal(number))
        yield Use("X-Ray", "xray-trace", self._traces() * SECONDS)

    def _traces(self) -> Decimal:
        """Tell what is recorded in a second: requests by the template's rule, the rest by X-Ray's."""
        requests = _recorded(self.traffic.requests + self._posts(), self.system.trace_share)
        others = (self.flow.batches, self.flow.loads)
        return requests + sum(_recorded(rate, self.assumed.trace_share) for rate in others)

    def _calls(self) -> dict[str, Decimal]:
        """Tell how often each function is called in a second."""
        flow = self.flow
        calls = {
            RECEIVERS[self.traffic.entrance]: flow.deliveries,
            "StageBatchFunction": flow.batches,
            "StartPreparationFunction": flow.batches,
            **dict.fromkeys(STEPS, flow.batches),
            "LoadBatchesFunction": flow.loads,
            READER: flow.misses,
        }
        if self.traffic.entrance == "upload":
            del calls["StageBatchFunction"]
        return calls

    def _gb_seconds(self, name: str, calls: Decimal) -> Decimal:
        work, memory = self.assumed.functions[name], self.system.memory[name]
        # With less memory an event takes longer, in the same GB-seconds.
        return calls * work.seconds * memory + self.traffic.events * work.an_event * PROCESSOR_GB

    def _metrics(self) -> Decimal:
        """Tell how many metrics are written; those that nothing happens to cost nothing."""
        most = self.bound is Bound.MOST
        flowing = self.assumed.metrics_in_all if most else self.assumed.metrics_when_well
        methods = self.system.methods if most else (self.traffic.requests > 0) + (self._posts() > 0)
        active = self.traffic.requests > 0 or self._posts() > 0
        return (flowing if self.traffic.events else Decimal(0)) + (
            methods * self.assumed.method_metrics if active else Decimal(0)
        )

    def _posts(self) -> Decimal:
        return self.flow.deliveries if self.traffic.entrance == "request" else Decimal(0)

    def _recorded(self, rate: Decimal) -> Decimal:
        first = min(rate, Decimal(1))
        return first + (rate - first) * self.assumed.trace_share

    def _sent_bytes(self) -> Decimal:
        return self.traffic.events * self.traffic.event_bytes * SECONDS


def _recorded(rate: Decimal, share: Decimal) -> Decimal:
    first = min(rate, Decimal(1))
    return first + (rate - first) * share


def uses(system: System, traffic: Traffic, assumed: Assumptions, bound: Bound) -> list[Use]:
    """Tell every quantity of a month."""
    flow = flow_of(system, traffic, assumed, bound)
    return list(Month(system, traffic, assumed, bound, flow).uses())
