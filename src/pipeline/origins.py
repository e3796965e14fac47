"""Answers that pages of another origin may read, where the template's AllowedOrigin says so."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from pipeline.correlation import HEADER

Answer = dict[str, Any]
Handler = Callable[[Any, Any], Answer]

# Without being named, a page sees none but Cache-Control, Content-Type and the like.
EXPOSED = (
    "ETag",
    "As-Of",
    "Data-Version",
    "Stale",
    "Truncated",
    "Link",
    "Next-Cursor",
    "Resume-Cursor",
    "Location",
    "Retry-After",
    HEADER,
)


def readable_from(origin: str) -> Callable[[Handler], Handler]:
    """Let pages of an origin, or of all for `*`, read what a handler answers; empty lets none."""
    headers = headers_for(origin)

    def opened(handler: Handler) -> Handler:
        @wraps(handler)
        def answering(event: Any, context: Any) -> Answer:
            answer = handler(event, context)
            return {**answer, "headers": {**answer["headers"], **headers}}

        return answering

    return opened


def headers_for(origin: str) -> Mapping[str, str]:
    """Tell browsers who may read.

    One value whoever asks: Origin is no part of the cache's key, so an answer that named the asking
    origin would be kept for all others, too.
    """
    if not origin:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": ", ".join(EXPOSED),
    }
