"""Sends events through the four entrances, the way their senders would."""

import base64
import csv
import gzip
import hashlib
import hmac
import io
import itertools
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from local.sample import as_csv_rows, as_dynamodb_item, as_json_lines
from local.stack import ANSWER_SECONDS, EndpointError, Stack

Event = dict[str, Any]
Progress = Callable[[int], object]
Entrance = Callable[..., None]

# What one call of each entrance takes: API Gateway's own limit is the function's 500 events,
# BatchWriteItem's is 25 items; an upload is any size.
REQUEST_EVENTS = 250
CHANGE_ITEMS = 25
UPLOAD_EVENTS = 2000
BATCH_TYPE = "application/cloudevents-batch+json"


def nothing(_count: int) -> None:
    """Report progress to nobody."""


def send_requests(stack: Stack, events: Iterable[Event], progress: Progress = nothing) -> None:
    """POST events to /v1/events in CloudEvents' batch mode."""
    headers = {"x-api-key": stack.api_key, "Content-Type": BATCH_TYPE}
    for chunk in _chunks(events, REQUEST_EVENTS):
        body = json.dumps(chunk).encode()
        _post(stack, f"{stack.url}/v1/events", body, headers)
        progress(len(chunk))


def send_webhooks(stack: Stack, events: Iterable[Event], progress: Progress = nothing) -> None:
    """POST events to the function URL, signed as Standard Webhooks says."""
    for chunk in _chunks(events, REQUEST_EVENTS):
        body = json.dumps(chunk).encode()
        headers = {"Content-Type": BATCH_TYPE, **sign(stack.webhook_secret, body)}
        _post(stack, f"{stack.webhook_url}default", body, headers)
        progress(len(chunk))


def send_changes(stack: Stack, events: Iterable[Event], progress: Progress = nothing) -> None:
    """Insert events as items into the DynamoDB table."""
    dynamodb = stack.client("dynamodb")
    for chunk in _chunks(events, CHANGE_ITEMS):
        items = [{"PutRequest": {"Item": as_dynamodb_item(event)}} for event in chunk]
        pending = {stack.table: items}
        while pending:
            pending = dynamodb.batch_write_item(RequestItems=pending).get("UnprocessedItems")
        progress(len(chunk))


def send_uploads(stack: Stack, events: Iterable[Event], progress: Progress = nothing) -> None:
    """Put events as objects under incoming/: gzip JSON Lines and, by turns, CSV."""
    s3 = stack.client("s3")
    by_type = sorted(events, key=lambda event: str(event["type"]))
    for number, chunk in enumerate(_chunks_of_one_type(by_type, UPLOAD_EVENTS)):
        if number % 2:
            name, body = "csv", as_csv_text(chunk).encode()
        else:
            name, body = "jsonl.gz", gzip.compress("\n".join(as_json_lines(chunk)).encode())
        s3.put_object(Bucket=stack.bucket, Key=f"incoming/{uuid.uuid4()}.{name}", Body=body)
        progress(len(chunk))


ENTRANCES: tuple[Entrance, ...] = (send_requests, send_webhooks, send_changes, send_uploads)
# Out of ten events: uploads carry bulk, items are the slowest to send.
SHARES: tuple[Entrance, ...] = (
    *(send_uploads,) * 5,
    *(send_requests,) * 3,
    send_webhooks,
    send_changes,
)


def send_through_all(stack: Stack, events: Sequence[Event], progress: Progress = nothing) -> None:
    """Send each event through one of the four entrances, all four at the same time."""
    with ThreadPoolExecutor(len(ENTRANCES)) as pool:
        dealt = shares(events).items()
        sent = [pool.submit(entrance, stack, share, progress) for entrance, share in dealt]
        for future in sent:
            future.result()


def shares(events: Iterable[Event]) -> dict[Entrance, list[Event]]:
    """Deal the events out to the four entrances, always in the same way."""
    dealt: dict[Entrance, list[Event]] = {entrance: [] for entrance in ENTRANCES}
    for event, entrance in zip(events, itertools.cycle(SHARES), strict=False):
        dealt[entrance].append(event)
    return dealt


def as_csv_text(events: Iterable[Event]) -> str:
    """Write events of one type as a CSV file with a header."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(as_csv_rows(events))
    return text.getvalue()


def sign(secret: str, body: bytes, *, message_id: str = "", at: float = 0) -> dict[str, str]:
    """Make the three headers of Standard Webhooks for a body; `at` is in Unix seconds."""
    message_id = message_id or f"msg_{uuid.uuid4().hex}"
    timestamp = str(int(at or time.time()))
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{digest}",
    }


def _post(stack: Stack, url: str, body: bytes, headers: dict[str, str]) -> None:
    answer = stack.session.post(url, data=body, headers=headers, timeout=ANSWER_SECONDS)
    if answer.status_code != requests.codes.accepted:
        raise EndpointError(f"{answer.status_code} from {url}: {answer.text[:500]}")


def _chunks(events: Iterable[Event], size: int) -> Iterator[list[Event]]:
    iterator = iter(events)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk


def _chunks_of_one_type(events: Iterable[Event], size: int) -> Iterator[list[Event]]:
    for _, group in itertools.groupby(events, key=lambda event: event["type"]):
        yield from _chunks(group, size)
