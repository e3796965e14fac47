"""Makes values fit the warehouse's columns: one value that does not fit must not stop a load."""

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline.catalogue import Column

Value = str | int | float | bool
Fit = Callable[[Any], Value | None]

BIGINT = range(-(2**63), 2**63)
EXACT = 2**53  # whole numbers up to here survive in a double
LARGEST = 1e290  # 10^18 of these still add up to a double; beyond, every sum would fail


def whole(value: Any) -> int | None:
    """Fit a BIGINT: 39.0 is 39, and a number beyond 64 bits or with a fraction is null."""
    if type(value) is int:
        return value if value in BIGINT else None
    if isinstance(value, float) and value.is_integer():
        return whole(int(value))
    return None


def real(value: Any) -> int | float | None:
    """Fit a DOUBLE PRECISION: beyond 1e290 is null, and too small for a normal double is 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) and -EXACT <= value <= EXACT:
        return value
    if not -LARGEST <= value <= LARGEST:
        return None
    return float(value) if value == 0 or abs(value) >= sys.float_info.min else 0.0


def flag(value: Any) -> bool | None:
    """Fit a BOOLEAN."""
    return value if isinstance(value, bool) else None


def instant(value: Any) -> str | None:
    """Fit a TIMESTAMPTZ: RFC 3339 of any zone becomes UTC; no such day or no zone is null."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value.upper())
        return time.astimezone(UTC).isoformat() if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def text_of(max_bytes: int) -> Fit:
    """Fit a VARCHAR of so many bytes: longer, or with a NUL (which COPY refuses), is null."""

    def text(value: Any) -> str | None:
        if not isinstance(value, str) or "\x00" in value:
            return None
        short = len(value) * 4 <= max_bytes or len(value.encode()) <= max_bytes
        return value if short else None

    return text


def fit_of(column: Column) -> Fit:
    """Choose what makes a value fit a column."""
    fits: dict[str, Fit] = {"integer": whole, "number": real, "boolean": flag, "timestamp": instant}
    return fits.get(column.kind) or text_of(column.max_bytes)


def spelled(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write whole numbers that a double cannot hold as text: COPY may read numbers as doubles."""
    return {
        name: str(value) if type(value) is int and not -EXACT <= value <= EXACT else value
        for name, value in facts.items()
    }
