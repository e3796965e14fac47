"""Signed tokens: what the endpoint hands out and takes back, unchanged and for a while only."""

import hmac
import json
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.errors import MalformedQuestion

# Part of what is signed: raise it when payloads change their shape, and earlier tokens are none.
VERSION = "1"
SIGNATURE_BYTES = 16
MAX_TOKEN = 1_024
TOKEN = re.compile(
    rf"{VERSION}\.([A-Za-z0-9_-]{{4,{MAX_TOKEN}}})\.([A-Za-z0-9_-]{{22}})\Z", re.ASCII
)
UNKNOWN = "is not one that was given out here"
EXPIRED = "has expired; begin anew"


class Signer:
    """Signs payloads and reads them back; `parameter` is what callers call the token.

    A token is `1.<base64url of JSON>.<base64url of 16 bytes of HMAC-SHA256>`, at most 1,024
    characters. It is readable for all, made only here, and of no use as another parameter.
    """

    def __init__(self, secret: str, parameter: str, clock: Callable[[], float] = time.time) -> None:
        if not secret:
            raise ValueError("a signature needs a secret")
        self._key = secret.encode()
        self._parameter = parameter
        self._clock = clock

    def sign(self, payload: Mapping[str, Any], seconds: int) -> str:
        """Make a token that is good for so many seconds; equal payloads and times give equal ones.

        Raises ValueError when it would be too long.
        """
        expires = int(self._clock()) + seconds
        text = json.dumps([expires, payload], sort_keys=True, separators=(",", ":"))
        body = _encode(text.encode())
        token = f"{VERSION}.{body}.{self._signature(body)}"
        if len(token) > MAX_TOKEN:
            raise ValueError(f"a token would have {len(token)} characters")
        return token

    def read(self, token: str) -> dict[str, Any]:
        """Return the payload of a token.

        Raises MalformedQuestion, with one text for whatever was not made here and another for what
        has expired.
        """
        found = TOKEN.match(token) if len(token) <= MAX_TOKEN else None
        if not found or not hmac.compare_digest(found[2], self._signature(found[1])):
            raise MalformedQuestion(self._parameter, UNKNOWN)
        expires, payload = json.loads(_decode(found[1]))
        if self._clock() >= expires:
            raise MalformedQuestion(self._parameter, EXPIRED)
        return dict(payload)

    def _signature(self, body: str) -> str:
        signed = f"{VERSION}\n{self._parameter}\n{body}"
        return _encode(hmac.digest(self._key, signed.encode(), "sha256")[:SIGNATURE_BYTES])


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
