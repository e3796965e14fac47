"""Computed columns of weather readings."""

from collections.abc import Mapping
from typing import Any

from pipeline.prepare.reference import airport_name


def origin_name(data: Mapping[str, Any]) -> str | None:
    """Name of the airport that the station belongs to."""
    return airport_name(data["origin"])


OBSERVED = {"origin_name": origin_name}
