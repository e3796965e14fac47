"""SQS mappings honour their batch size, their batching window and the 6 MB of an invocation.

AWS collects up to BatchSize messages (10,000 of a standard queue) for up to
MaximumBatchingWindowInSeconds, and invokes early when they reach 6 MB. Stock ministack never takes
more than 10 messages and ignores the window.
"""

import threading
import time
from itertools import accumulate
from typing import Any

from ministack.services import lambda_svc, sqs

from local.mends.seams import seam

_PAYLOAD_BYTES = 6 * 1024 * 1024
_RECORD_BYTES = 600  # what an SQS record has around its body

_iter_all_esms = seam(__name__, lambda_svc, "_iter_all_esms")
_wake = seam(__name__, lambda_svc, "_esm_wake")
_queues_lock = seam(__name__, sqs, "_queues_lock")
_get_queue = seam(__name__, sqs, "_get_q")
_expire_retained = seam(__name__, sqs, "_expire_retained")
_dlq_sweep = seam(__name__, sqs, "_dlq_sweep")
_collect = seam(__name__, sqs, "_collect_msgs")
seam(__name__, sqs, "_receive_messages_for_esm")

_alarms: dict[str, float] = {}


def apply() -> None:
    """Replace how the poller takes messages for a mapping."""
    sqs._receive_messages_for_esm = _receive


def _receive(queue_url: str, batch_size: int) -> list[Any]:
    with _queues_lock:
        queue = _get_queue(queue_url)
        attributes = queue["attributes"]
        _expire_retained(queue)
        _dlq_sweep(queue)
        now = time.time()
        visible = [message for message in queue["messages"] if message["visible_at"] <= now]
        ready = _ready(visible, int(batch_size))
        if not ready:
            return []
        if ready == len(visible) < int(batch_size):
            due = min(m["visible_at"] for m in visible) + _window(attributes["QueueArn"])
            if due > now:
                _wake_at(queue_url, due)
                return []
        timeout = int(attributes.get("VisibilityTimeout", "30"))
        batch: list[Any] = _collect(queue, ready, timeout)
        return batch


def _ready(visible: list[Any], batch_size: int) -> int:
    """Count the visible messages that one invocation can take, at least one if there is any."""
    sizes = accumulate(len(m["body"].encode()) + _RECORD_BYTES for m in visible[:batch_size])
    return max(sum(size <= _PAYLOAD_BYTES for size in sizes), min(len(visible), 1))


def _window(queue_arn: str) -> int:
    windows = (
        int(mapping.get("MaximumBatchingWindowInSeconds") or 0)
        for _, _, mapping in _iter_all_esms()
        if mapping.get("EventSourceArn") == queue_arn
    )
    return max(windows, default=0)


def _wake_at(queue_url: str, due: float) -> None:
    """Have the poller look again when the window closes, with one timer a queue."""
    if _alarms.get(queue_url, 0.0) > time.time():
        return
    _alarms[queue_url] = due
    timer = threading.Timer(due - time.time(), _wake.set)
    timer.daemon = True
    timer.start()
