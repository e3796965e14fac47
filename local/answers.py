"""Asks the endpoint the questions that a person would ask first, and prints what it says."""

import json
import time
from collections.abc import Iterable
from typing import Any

from local.feed import Progress, nothing
from local.stack import EndpointError, NoAnswer, Stack


def wait_until_loaded(
    stack: Stack, events: int, seconds: float, progress: Progress = nothing
) -> dict[str, Any]:
    """Poll /v1/status until that many events are in the warehouse with their facts.

    `progress` is told how many have become queryable since it was last told. Raises TimeoutError
    with the last status after `seconds`; until then a busy machine may leave a question unanswered.
    """
    deadline = time.monotonic() + seconds
    told = 0
    while True:
        try:
            status: dict[str, Any] = stack.get("/v1/status", fresh=True)
        except NoAnswer:
            if time.monotonic() > deadline:
                raise
            continue
        loaded = status["events"]["loaded"]
        facts = sum(status["facts"].values())
        progress(facts - told)
        told = facts
        if loaded >= events and facts >= loaded:
            return status
        if time.monotonic() > deadline:
            raise TimeoutError(f"{loaded} of {events} events loaded, {facts} facts: {status}")
        time.sleep(0.2)


def print_answers(stack: Stack) -> None:
    """Print the week's answers."""
    delays: dict[str, Any] = {
        "measure": "arr_delay",
        "stat": "avg",
        "group_by": "route",
        "order": "-value",
    }
    worst = stack.get("/v1/metrics/flight.arrived", **delays)
    often = [row for row in worst["rows"] if row["count"] >= 20]  # noqa: PLR2004 (flown often)
    _print_table(
        "Worst routes of the week (mean arrival delay, at least 20 flights)",
        (
            (row["route"], f"{row['value']:+.1f} min", f"{row['count']} flights")
            for row in often[:5]
        ),
    )
    delays = {"measure": "dep_delay", "stat": "p90", "group_by": "airline", "order": "-count"}
    busiest = stack.get("/v1/metrics/flight.departed", limit="5", **delays)
    _print_table(
        "Busiest airlines (departures, delay that nine of ten stay below)",
        ((row["airline"], str(row["count"]), f"{row['value']:+} min") for row in busiest["rows"]),
    )
    cancelled = stack.get("/v1/metrics/flight.cancelled", group_by="origin", order="-count")
    _print_table(
        "Cancellations by airport",
        ((row["origin"], str(row["count"])) for row in cancelled["rows"]),
    )


def print_check(stack: Stack) -> None:
    """Have the conservation check run, and print what it found."""
    answer = stack.client("lambda").invoke(
        FunctionName=stack.outputs["CheckFunctionName"], Payload=b"{}"
    )
    found = json.load(answer["Payload"])
    if "FunctionError" in answer:
        raise EndpointError(f"the check failed: {found}")
    print(
        "\n  Is anything missing?"
        f"\n    {found['received']:,} received = {found['loaded']:,} loaded"
        f" + {found['duplicates']:,} duplicates"
        f" + {found['conflicts'] + found['quarantined']:,} in quarantine;"
        f" {found['in_flight']:,} on their way, {found['missing']:,} missing"
    )


def _print_table(title: str, rows: Iterable[tuple[str, ...]]) -> None:
    print(f"\n  {title}")
    for first, *others in rows:
        print(f"    {first:<28}" + "".join(f"{text:>14}" for text in others))
