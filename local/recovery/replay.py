"""Announces the lake's batches of a time again: facts are computed anew, lost events loaded again.

A batch belongs to the moment at which its first event was received. Nothing counts twice: facts
replace themselves, and batches that are in the warehouse's ledger are left alone. Only --reload
looks whether their rows still stand, and brings back those that do not.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.progress import progress_bar
from local.recovery.announcing import BATCHES_PER_SECOND, Announcer
from local.recovery.batches import Detail, candidates, find
from local.recovery.command_line import deployment_of, parser_of, run
from local.recovery.deployment import Deployment
from local.recovery.ledger import Ledger
from local.recovery.replaying import Replayed, replay, settle
from local.recovery.span import Span, read_span
from local.run import positive


def main() -> int:
    """Replay; returns the exit status."""
    return run(lambda: work(read_options()))


@dataclass(frozen=True)
class Plan:
    """What is to be replayed, under which word, how fast, and whether lost rows are loaded again."""

    span: Span
    word: str
    rate: float = BATCHES_PER_SECOND
    reload: bool = False
    dry_run: bool = False


def work(options: argparse.Namespace) -> int:
    """Do what the options say."""
    now = datetime.now(UTC)
    span = read_span(options.start, options.end, now)
    plan = Plan(span, word_at(now), options.rate, options.reload, options.dry_run)
    replay_span(deployment_of(options), plan)
    return 0


def word_at(moment: datetime) -> str:
    """Make the word of a replay, which names its executions: 15 characters at most."""
    return f"{moment:%y%m%dT%H%M%S}"


def replay_span(there: Deployment, plan: Plan) -> Replayed:
    """Announce the batches of a span again, telling what is done; returns what was."""
    lake = there.lake()
    total = sum(1 for _ in candidates(lake, plan.span))
    print(f"Batches of {there.name} received {plan.span}: at most {total:,}.", flush=True)
    bus = there.resources["PipelineBus"]
    announcer = None if plan.dry_run else Announcer(there.client("events"), bus, plan.rate)
    ledger = Ledger(there.warehouse()) if plan.reload else None
    what = "Reading" if plan.dry_run else "Announcing again"
    with progress_bar(what, total, "batches") as looked_at:
        done = replay(groups(lake, plan.span, looked_at), announcer, ledger, plan.word)
    print(summary(done, plan), flush=True)
    if ledger and announcer and done.unsettled:
        with progress_bar("Loading again", len(done.unsettled), "batches") as loaded:
            settle(done.unsettled, ledger, loaded.update)
        print(f"All is loaded; the ledger was mended for {len(done.unsettled):,} batches.")
    return done


def groups(lake: Any, span: Span, looked_at: Any) -> Iterator[list[Detail]]:
    """Give the batches of the span, some at a time, and move the bar."""
    for found in find(lake, span):
        yield [detail for detail in found if detail]
        looked_at.update(len(found))


def summary(done: Replayed, plan: Plan) -> str:
    """Tell what was announced, and what the warehouse had lost."""
    counted = f"{done.batches:,} batches with {done.events:,} events"
    text = f"{counted} were announced again; their executions end in -{plan.word}."
    if plan.dry_run:
        text = f"{counted} would be announced again."
    if plan.reload:
        text += f"\n{done.damaged:,} of them have lost {done.lost:,} rows in the warehouse."
    return text


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_of("make replay FROM=… TO=… ARGS=…", __doc__)
    parser.add_argument("--from", dest="start", default="", metavar="MOMENT",
                        help="date (UTC) or moment from which on (FROM=)")  # fmt: skip
    parser.add_argument("--to", dest="end", default="", metavar="MOMENT",
                        help="date or moment up to which, default: now (TO=)")  # fmt: skip
    parser.add_argument("--reload", action="store_true",
                        help="load again what the warehouse has lost, and mend its ledger")  # fmt: skip
    parser.add_argument("--rate", type=positive, default=BATCHES_PER_SECOND, metavar="N",
                        help="batches a second at most (default %(default)s)")  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
