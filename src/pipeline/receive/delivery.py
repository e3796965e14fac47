"""Reads a webhook delivery from a function URL: whose it is, whether it is proven, its events."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from pipeline.receive.cloudevents import check_batch, decode_body
from pipeline.receive.http import Request, body_of, headers_of, refuse
from pipeline.receive.signature import SecretMalformed, SignatureRefused, verify

# Senders learn nothing about which endpoints exist or what was wrong with a signature.
NOT_PROVEN = "the delivery could not be verified"
PAYLOAD_MEMBERS = ("type", "data")

Secrets = Callable[[], Any]


def read_delivery(request: Request, secrets: Secrets, now: float) -> tuple[str, list[Any]]:
    """Return the source of a proven delivery's endpoint, and its decoded events.

    A body that is a CloudEvent, or an array of them, keeps its identity; a Standard Webhooks
    payload is an event of the endpoint, identified by the delivery's id.

    Raises Refused for what is not taken; whatever `secrets` raises goes through.
    """
    if request["requestContext"]["http"]["method"] != "POST":
        raise refuse(405, "METHOD", "only POST is taken")
    endpoint = str(request.get("rawPath", "")).strip("/")
    headers = headers_of(request)
    body = body_of(request, headers)
    live = live_secrets(secrets(), endpoint)
    if not live:
        raise refuse(404, "NOT_VERIFIED", NOT_PROVEN)
    try:
        delivery, _ = verify(headers, body, live, now)
    except SignatureRefused:
        raise refuse(401, "NOT_VERIFIED", NOT_PROVEN) from None
    source = f"/webhooks/{quote(endpoint)}"
    return source, _events(decode_body(body), source, delivery)


def live_secrets(stored: Any, endpoint: str) -> list[str]:
    """Return an endpoint's secrets: stored as one text, or as a list of at most two.

    Raises SecretMalformed if something else is stored.
    """
    kept = stored.get(endpoint) if isinstance(stored, dict) else None
    secrets = [kept] if isinstance(kept, str) else kept or []
    if not isinstance(secrets, list) or not all(isinstance(secret, str) for secret in secrets):
        raise SecretMalformed("an endpoint's secrets must be one text or a list of texts")
    return secrets[:2]


def _events(value: Any, source: str, delivery: str) -> list[Any]:
    if isinstance(value, list):
        return check_batch(value)
    if not isinstance(value, dict):
        raise refuse(400, "NOT_AN_OBJECT", "the body must be a JSON object or array")
    if "specversion" in value:
        return [value]
    payload = {name: value[name] for name in PAYLOAD_MEMBERS if name in value}
    time = value.get("timestamp")
    return [{"specversion": "1.0", "id": delivery, "source": source, "time": time, **payload}]
