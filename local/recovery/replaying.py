"""Announces batches again, and with `reload` has the warehouse load what it has lost of them."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.recovery.announcing import Announcer, chunks
from local.recovery.ledger import Entry, Ledger
from pipeline.errors import DeliveryFailed

# Loads wait up to 300 s for more, and may have to wake the warehouse.
RELOAD_SECONDS = 900
POLL_SECONDS = 2.0
LOOKED_UP = 200

Detail = dict[str, Any]
Progress = Callable[[int], object]


@dataclass
class Replayed:
    """What was, or would be, announced; `unsettled` are batches that the ledger is to be proven for."""

    batches: int = 0
    events: int = 0
    damaged: int = 0
    lost: int = 0
    unsettled: list[str] = field(default_factory=list)


def replay(
    groups: Iterable[Sequence[Detail]],
    announcer: Announcer | None,
    ledger: Ledger | None,
    word: str,
) -> Replayed:
    """Announce groups of batches; with a ledger, those that lost rows are loaded again.

    Without an announcer nothing is changed. Raises DeliveryFailed if the bus refused a batch.
    """
    done = Replayed()
    for details in groups:
        if ledger:
            prepare(details, ledger, done, forget=announcer is not None)
        if announcer:
            announce(details, announcer, word)
        done.batches += len(details)
        done.events += sum(detail["rows"] for detail in details)
    return done


def announce(details: Sequence[Detail], announcer: Announcer, word: str) -> None:
    """Announce batches under a word; raises DeliveryFailed if one was refused."""
    errors = [error for error in announcer.announce(details, word) if error]
    if errors:
        raise DeliveryFailed(
            f"The bus refused {len(errors)} batches ({errors[0]}); the same command does the rest."
        )


def prepare(details: Sequence[Detail], ledger: Ledger, done: Replayed, *, forget: bool) -> None:
    """Take batches with lost rows out of the ledger, so that they are not left alone.

    Those that it lacks already, as after an earlier run that was stopped, are loaded anyway.
    """
    ids = [detail["batch_id"] for detail in details]
    entries = ledger.entries(ids)
    damaged = [one for one in entries.values() if one.lost]
    if forget:
        ledger.forget([one.batch_id for one in damaged])
    done.damaged += len(damaged)
    done.lost += sum(one.lost for one in damaged)
    done.unsettled += [name for name in ids if name not in entries or not exact(entries[name])]


def exact(entry: Entry) -> bool:
    """Tell whether the ledger says of a batch what stands."""
    return (entry.loaded, entry.held) == (entry.standing_events, entry.standing_quarantine)


def settle(
    batches: Sequence[str],
    ledger: Ledger,
    progress: Progress,
    seconds: float = RELOAD_SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until batches are in the ledger again, then have it count what each of them brought.

    `progress` is told how many more are settled. Raises TimeoutError.
    """
    deadline = time.monotonic() + seconds
    for group in chunks(iter(batches), LOOKED_UP):
        while len(ledger.entries(group)) < len(group):
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"Not all batches are loaded after {seconds:.0f} s (is LoadDlq empty?); the same"
                    " command goes on where it stands."
                )
            pause(POLL_SECONDS)
        ledger.settle(group)
        progress(len(group))
