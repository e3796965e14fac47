"""Tells what a check found: metrics for alarms, a log line for people, JSON for who asked."""

from dataclasses import asdict
from typing import Any

from pipeline.watch.findings import Findings

NAMED = 20  # places in a log line, the worst first
RESTED = {"asked": False}


def counts_of(found: Findings) -> dict[str, int]:
    """Name what was counted; zeros too, so that an alarm ends."""
    return {
        "EventsMissing": found.missing,
        "EventsBacklog": found.in_flight.rows,
        "BatchesBacklog": found.in_flight.batches,
        "BatchesGone": len(found.gone),
        "EventsWithoutFacts": found.totals["without_facts"],
    }


def written(found: Findings) -> dict[str, Any]:
    """Write findings as JSON: the equation, and every place where it does not hold."""
    return {
        "asked": True,
        **found.totals,
        "in_flight": found.in_flight.rows,
        "missing": found.missing,
        "surplus": found.surplus,
        "oldest_unloaded_seconds": round(found.oldest.total_seconds()),
        **_batches(found),
        "places": [asdict(gap) for gap in found.gaps],
        "gone": list(found.gone[:NAMED]),
    }


def _batches(found: Findings) -> dict[str, int]:
    return {
        "batches_in_flight": found.in_flight.batches,
        "batches_in_flight_read": found.in_flight.read,
        "batches_overdue": found.overdue.batches,
        "batches_overdue_read": found.overdue.read,
    }


def complaint(found: Findings) -> str:
    """Say what is wrong; nothing if nothing is."""
    return "; ".join(f"{many} {what}" for what, many in found.wrong.items())


def details(found: Findings) -> dict[str, Any]:
    """Tell the log what the check has read, and where something is wrong."""
    places = [asdict(gap) for gap in found.gaps[:NAMED]]
    return {**_batches(found), "places": places, "gone": list(found.gone[:NAMED])}
