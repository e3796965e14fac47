"""A message carries its sender's trace, and the function that takes it links to that.

SQS keeps the trace header of SendMessage as the attribute AWSTraceHeader, also of what EventBridge
sends. Lambda's invocation for a batch is a new trace, whose segment links to those of the messages,
at most 20. Stock ministack keeps the attribute only where the sender spells it out, and makes no
links.
"""

from typing import Any

from ministack.services import eventbridge, lambda_svc, sqs

from local.mends.seams import seam
from local.xray.header import TraceHeader
from local.xray.recording import current, sent_by

_MOST_LINKS = 20

_system_attributes = seam(__name__, sqs, "_build_send_sys_attrs")
_queues_lock = seam(__name__, sqs, "_queues_lock")
_queue_by_arn = seam(__name__, sqs, "_queue_by_arn")
_dispatch_event = seam(__name__, eventbridge, "_dispatch_to_sqs")
_run_batch = seam(__name__, lambda_svc, "_run_sqs_batch")


def apply() -> None:
    """Keep the header with each message, and read the headers of each batch."""
    sqs._build_send_sys_attrs = _attributes
    eventbridge._dispatch_to_sqs = _dispatch
    lambda_svc._run_sqs_batch = _run


def _attributes(now: float, told: dict[str, Any]) -> dict[str, Any]:
    return {**_header(), **_system_attributes(now, told)}


def _header() -> dict[str, str]:
    header = current()
    return {"AWSTraceHeader": str(header)} if header else {}


def _dispatch(spec: Any, payload: str, parameters: Any = None) -> None:
    """Have EventBridge append its message, and put the header on it before anybody takes it."""
    queue = _queue_by_arn(str(spec))
    with _queues_lock:
        before = len(queue["messages"]) if queue else 0
        _dispatch_event(spec, payload, parameters)
        if queue and len(queue["messages"]) > before:
            queue["messages"][-1]["sys"].update(_header())


def _run(mapping: Any, function: Any, event: dict[str, Any], *rest: Any) -> None:
    texts = (record["attributes"].get("AWSTraceHeader") for record in event["Records"])
    headers = filter(None, map(TraceHeader.parse, texts))
    with sent_by(tuple(dict.fromkeys(headers))[:_MOST_LINKS]):
        _run_batch(mapping, function, event, *rest)
