"""Standard Webhooks signatures: HMAC-SHA256 over id, timestamp and the body as sent."""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping

from pipeline.errors import PipelineError

TOLERANCE = 300  # seconds
MAX_ID = 255  # characters, as of every event's id
MAX_HEADER = 2_048  # characters; a sender in rotation needs about 100
MAX_SIGNATURES = 16
SECRET_PREFIX = "whsec_"  # noqa: S105 (a prefix, not a secret)
TIMESTAMP = re.compile(r"[0-9]{1,12}\Z")
SIGNATURE = re.compile(r"(?:(?<=[ ,])|^)v1,([A-Za-z0-9+/]{43}=)(?=[ ,]|$)")


class SignatureRefused(PipelineError):
    """A delivery is not proven to come from the sender; all reasons look the same to it."""


class SecretMalformed(PipelineError):
    """A stored secret cannot be used: an operator's fault, not the sender's."""


def verify(
    headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: float
) -> tuple[str, int]:
    """Prove that a delivery was signed with one of the secrets, at most 300 seconds from `now`.

    Returns the delivery's id and the time of its signature (Unix seconds). Header names must be in
    lower case; `secrets` are texts `whsec_<base64>`, or others, whose UTF-8 bytes are the key.

    Raises SignatureRefused for any reason on the sender's side, SecretMalformed for ours.
    """
    keys = [key_of(secret) for secret in secrets]
    delivery, timestamp = _one(headers, "webhook-id"), _one(headers, "webhook-timestamp")
    offered = _offered(headers.get("webhook-signature", ""))
    if not delivery or len(delivery) > MAX_ID or "." in delivery or not delivery.isprintable():
        raise SignatureRefused("no usable webhook-id")
    if not TIMESTAMP.match(timestamp) or abs(now - int(timestamp)) > TOLERANCE:
        raise SignatureRefused("webhook-timestamp is absent or too far off")
    signed = f"{delivery}.{timestamp}.".encode() + body
    matches = [
        hmac.compare_digest(sign(key, signed), signature) for key in keys for signature in offered
    ]
    if not any(matches):
        raise SignatureRefused("no signature matches")
    return delivery, int(timestamp)


def sign(key: bytes, signed: bytes) -> bytes:
    """Return the base64 text of the signature."""
    return base64.b64encode(hmac.digest(key, signed, "sha256"))


def key_of(secret: str) -> bytes:
    """Return the key of a stored secret; raises SecretMalformed if it is none."""
    if not secret.startswith(SECRET_PREFIX):
        key = secret.encode()
    else:
        try:
            key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise SecretMalformed("a secret is not base64 after its prefix") from None
    if not key:
        raise SecretMalformed("a secret is empty")
    return key


def _one(headers: Mapping[str, str], name: str) -> str:
    # A function URL joins headers that came twice with commas.
    values = {value.strip() for value in headers.get(name, "")[:MAX_HEADER].split(",")}
    return values.pop() if len(values) == 1 else ""


def _offered(header: str) -> list[bytes]:
    if len(header) > MAX_HEADER:
        raise SignatureRefused("webhook-signature is too long")
    return [found.encode() for found in SIGNATURE.findall(header)[:MAX_SIGNATURES]]
