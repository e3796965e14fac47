"""Tells on a terminal how far something is, and nothing in a log."""

from typing import Any

from tqdm import tqdm


def progress_bar(what: str, total: int | None = None, unit: str = "") -> Any:
    """Show a bar, or without a total only a count; `unit` names what is counted."""
    counted = f"{{bar:30}}| {{n:,}} of {{total:,}} {unit}" if total is not None else " {n:,}"
    return tqdm(total=total, bar_format=f"{what:<36}|{counted}", disable=None, leave=False)
