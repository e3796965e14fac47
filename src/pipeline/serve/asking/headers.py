"""Headers of a request, whatever their spelling."""

from collections.abc import Mapping
from typing import Any


def header(event: Mapping[str, Any], name: str) -> str:
    """Read a header of an API Gateway event, whatever its spelling; empty if it is not there."""
    found: Mapping[str, str] = event.get("headers") or {}
    return next((value for key, value in found.items() if key.lower() == name.lower()), "")
