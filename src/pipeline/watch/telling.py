"""Tells what a check found: metrics for alarms, a log line for people, JSON for who asked."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pipeline.watch.findings import Findings

NAMED = 20  # places in a log line, the worst first
RESTED = {"asked": False}


def counts_of(found: Findings) -> dict[str, int]:
    """Name what was counted; zeros too, so that an alarm ends."""
    return {
        "EventsMissing": found.missing,
        "EventsBacklog": found.backlog,
        "BatchesBacklog": found.batches,
        "BatchesGone": len(found.gone),
        "EventsWithoutFacts": found.totals["without_facts"],
    }


def written(found: Findings) -> dict[str, Any]:
    """Write findings as JSON: the equation, and every place where it does not hold."""
    return {
        "asked": True,
        **found.totals,
        "in_flight": found.backlog,
        "missing": found.missing,
        "surplus": found.surplus,
        "oldest_unloaded_seconds": round(found.oldest.total_seconds()),
        "batches_in_flight": found.batches,
        "batches_overdue": found.overdue,
        "places": [asdict(gap) for gap in found.gaps],
        "gone": list(found.gone[:NAMED]),
    }


def complaint(found: Findings) -> tuple[str, Mapping[str, Any]] | None:
    """Say what is wrong, with batches and numbers for the log; None if nothing is."""
    wrong = {
        "events are missing": found.missing,
        "events are there that no load has brought": found.surplus,
        "batches are gone from the lake": len(found.gone),
        "events have no facts": found.totals["without_facts"],
    }
    said = [f"{many} {what}" for what, many in wrong.items() if many]
    if not said:
        return None
    places = [asdict(gap) for gap in found.gaps[:NAMED]]
    return "; ".join(said), {"places": places, "gone": list(found.gone[:NAMED])}
