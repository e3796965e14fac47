"""Queues tell each minute how many messages they hold and how old the oldest is.

AWS/SQS has ApproximateNumberOfMessagesVisible, ApproximateNumberOfMessagesNotVisible and
ApproximateAgeOfOldestMessage of a queue that is active: it holds messages or was used in the last
six hours. A message that was received more than three times counts no more for the age.
NumberOfMessagesSent counts what senders send, not what a redrive policy moves. Stock ministack makes
none of these metrics.
"""

import time
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import eventbridge, lambda_svc, s3, sns, sqs

from local.mends.metric_store import record
from local.mends.seams import seam
from local.monitoring.clock import CLOCK

_NAMESPACE = "AWS/SQS"
_ACTIVE_SECONDS = 6 * 3600
_MOST_RECEIVES = 3

_queues = seam(__name__, sqs, "_queues")
_queues_lock = seam(__name__, sqs, "_queues_lock")
_expire = seam(__name__, sqs, "_expire_retained")
_iter_all_esms = seam(__name__, lambda_svc, "_iter_all_esms")
_SENDERS = (
    (eventbridge, "_dispatch_to_sqs"),
    (sns, "_deliver_to_sqs"),
    (s3, "_deliver_event_to_sqs"),
)
for _service, _name in ((sqs, "_act_send_message"), *_SENDERS):
    seam(__name__, _service, _name)

_used: dict[tuple[str, str, str], float] = {}
"""When each queue, by account, Region and name, was last found in use."""


def apply() -> None:
    """Count what is sent, and look at all queues each minute."""
    sqs._act_send_message = _counting_requests(sqs._act_send_message)
    for service, name in _SENDERS:
        setattr(service, name, _counting_events(getattr(service, name)))
    CLOCK.samplers.append(_sample)


def _counting_requests(send: Any) -> Any:
    def send_message(request: dict[str, Any], url: str) -> Any:
        sent = send(request, url)
        _count(request.get("QueueUrl", url).rsplit("/", 1)[-1])
        return sent

    return send_message


def _counting_events(send: Any) -> Any:
    def send_event(arn: Any, *message: Any, **more: Any) -> None:
        send(arn, *message, **more)
        _count(str(arn).rsplit(":", 1)[-1])

    return send_event


def _count(queue: str) -> None:
    _used[get_account_id(), get_region(), queue] = time.time()
    record(_NAMESPACE, "NumberOfMessagesSent", 1, "Count", {"QueueName": queue})


def _sample(end: float) -> None:
    mapped = {mapping.get("EventSourceArn") for _, _, mapping in _iter_all_esms()}
    for (account, region, _), queue in _queues.all_items():
        key = (account, region, queue["name"])
        if queue["messages"] or queue["attributes"]["QueueArn"] in mapped:
            _used[key] = end
        if end - _used.get(key, 0.0) <= _ACTIVE_SECONDS:
            with request_scope(account, region):
                _record(queue, end)


def _record(queue: dict[str, Any], end: float) -> None:
    now = time.time()
    with _queues_lock:
        _expire(queue)
        messages = list(queue["messages"])
    visible = sum(message["visible_at"] <= now for message in messages)
    hidden = sum(m["visible_at"] > now and m["receive_count"] > 0 for m in messages)
    waiting = [m["sent_at"] for m in messages if m["receive_count"] <= _MOST_RECEIVES]
    values = {
        "ApproximateNumberOfMessagesVisible": (visible, "Count"),
        "ApproximateNumberOfMessagesNotVisible": (hidden, "Count"),
        "ApproximateAgeOfOldestMessage": (now - min(waiting, default=now), "Seconds"),
    }
    at = end - CLOCK.resolution / 2  # inside of the minute that ends
    for name, (value, unit) in values.items():
        record(_NAMESPACE, name, value, unit, {"QueueName": queue["name"]}, at)
