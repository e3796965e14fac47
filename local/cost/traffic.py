"""What goes through the system in a second: what is stated, and what follows from it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Literal

from local.cost.assumptions import Assumptions
from local.cost.system import Reader, System

Entrance = Literal["request", "webhook", "change", "upload"]

QUEUE_MESSAGE_BYTES = 250_000  # pipeline.queue.MAX_MESSAGE_BYTES
QUEUE_BATCH_BYTES = 6_000_000  # what Lambda hands over at once
UPLOAD_ROWS = 5_000  # pipeline.receive.batches
UPLOAD_BYTES = 8_000_000
CHANGE_WINDOW = Decimal(1)
CHANGE_BATCH = 1_000
ANNOUNCEMENTS = 2  # BatchStaged and FactsStaged
ZERO = Decimal(0)
DAY = Decimal(86_400)


class Bound(Enum):
    """Whether what may or may not fall together does: the least and the most that it can cost."""

    LEAST = "least"
    MOST = "most"


@dataclass(frozen=True)
class Traffic:
    """What is stated: rates are by the second, a delivery is a request, a webhook or an upload.

    `questions` is how many different ones are asked, all equally often; `months` is for how long
    data have been gathered.
    """

    requests: Decimal
    events: Decimal
    event_bytes: Decimal
    events_per_delivery: Decimal
    entrance: Entrance
    questions: Decimal
    answer_bytes: Decimal
    months: Decimal


@dataclass(frozen=True)
class Flow:
    """What follows, by the second: `misses` reach the functions, `reads` the warehouse.

    `awake` is the warehouse's share of the time.
    """

    deliveries: Decimal
    messages: Decimal
    chunks: Decimal
    batches: Decimal
    loads: Decimal
    misses: Decimal
    reads: Decimal
    awake: Decimal


def flow_of(system: System, traffic: Traffic, assumed: Assumptions, bound: Bound) -> Flow:
    """Follow the events to the warehouse and the questions to it."""
    deliveries = _deliveries(traffic)
    arriving = traffic.events * (traffic.event_bytes + assumed.row_bytes)
    uploaded = traffic.entrance == "upload"
    messages = ZERO if uploaded else max(deliveries, arriving / QUEUE_MESSAGE_BYTES)
    batches = (
        max(deliveries, traffic.events / UPLOAD_ROWS, arriving / UPLOAD_BYTES)
        if uploaded
        else max(_batches(system.stage, messages, bound), arriving / QUEUE_BATCH_BYTES)
    )
    loads = _batches(system.load, ANNOUNCEMENTS * batches, bound)
    misses = _misses(system, traffic)
    reads = min(misses, system.reads_per_second)
    return Flow(
        deliveries=deliveries,
        messages=messages,
        chunks=ZERO if uploaded else max(deliveries, arriving / 65_536),
        batches=batches,
        loads=loads,
        misses=misses,
        reads=reads,
        awake=_awake(
            loads * assumed.load_seconds,
            _reading(system, assumed, reads, bound),
            _checks(system, traffic) * assumed.check_seconds,
            bound,
        ),
    )


def _deliveries(traffic: Traffic) -> Decimal:
    """Tell how often a receiving function is called."""
    if traffic.entrance == "change":
        return max(min(traffic.events, 1 / CHANGE_WINDOW), traffic.events / CHANGE_BATCH)
    return traffic.events / traffic.events_per_delivery


def _batches(reader: Reader, messages: Decimal, bound: Bound) -> Decimal:
    """Tell how often a function behind a queue is called.

    A window is each poller's own and begins with a message: one poller may get all of them, or as
    many as there may be at once each get some.
    """
    pollers = 1 if bound is Bound.LEAST else reader.concurrency
    return max(min(messages, pollers / reader.window), messages / reader.batch_size)


def _misses(system: System, traffic: Traffic) -> Decimal:
    """Each question is a miss once in the cache's time to live, if it is asked as often."""
    if not system.cache_ttl:
        return traffic.requests
    return min(traffic.requests, traffic.questions / system.cache_ttl)


def _checks(system: System, traffic: Traffic) -> Decimal:
    """Tell how often the check asks the warehouse: once a day, if nothing comes or is wrong."""
    return 1 / (60 * system.check_minutes) if traffic.events else 1 / DAY


def _reading(system: System, assumed: Assumptions, reads: Decimal, bound: Bound) -> Decimal:
    """Tell the share of the time that reads take: at least, all are asked in the same minute."""
    if bound is Bound.LEAST and system.cache_ttl:
        reads = min(reads, 1 / system.cache_ttl)
    return reads * assumed.read_seconds


def _awake(loading: Decimal, reading: Decimal, checking: Decimal, bound: Bound) -> Decimal:
    """Tell the share of the time in which the warehouse is billed.

    At least, they all fall into the same minutes; at most, none shares a minute with another.
    """
    together = max if bound is Bound.LEAST else _sum
    return min(Decimal(1), together(loading, reading, checking))


def _sum(*parts: Decimal) -> Decimal:
    return sum(parts, ZERO)
