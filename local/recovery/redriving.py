"""Empties a dead-letter queue the way that is right for its contents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from local.recovery.letters import DeadLetters, Letter

NAMED = 3  # messages that are named with a reason; the others are counted


class Way(Protocol):
    """How the messages of one queue go back to where they failed."""

    @property
    def done(self) -> str:
        """What becomes of a message, as in "12 sent to EventQueue"."""

    def fault(self, letter: Letter) -> str:
        """Say why a message cannot go back; empty if it can."""

    def send(self, letters: Sequence[Letter]) -> Mapping[str, str]:
        """Send up to ten messages back; returns why some did not go, by their ids.

        Doing it again is harmless, for a message is deleted only afterwards.
        """


@dataclass
class Report:
    """What became of the messages of a queue; `left` has the reasons by message ids."""

    found: int = 0
    sent: int = 0
    left: dict[str, str] = field(default_factory=dict)


def redrive(queue: DeadLetters, way: Way, *, dry_run: bool) -> Report:
    """Send back what can go back, and delete it here once it is there; all else is left."""
    report = Report()
    hidden: list[Letter] = []
    try:
        for letters in queue.read():
            hidden += letters
            faults = {one.id: fault for one in letters if (fault := way.fault(one))}
            able = [letter for letter in letters if letter.id not in faults]
            if able and not dry_run:
                faults |= way.send(able)
            sent = [letter for letter in able if letter.id not in faults]
            report.found += len(letters)
            report.sent += len(sent)
            report.left |= faults
            if not dry_run:
                queue.delete(sent)
                hidden[-len(letters) :] = [letter for letter in letters if letter.id in faults]
    finally:
        queue.release(hidden)
    return report


def describe(name: str, way: Way, report: Report, *, dry_run: bool) -> str:
    """Tell in a line what became of a queue's messages, and why some were left."""
    if not report.found:
        return f"{name:<11} empty"
    would = "would be " if dry_run else ""
    told = f"{name:<11} {report.found:,} found, {report.sent:,} {would}{way.done}"
    if report.left:
        told += f", {len(report.left):,} left:"
    reasons = sorted((reason, letter) for letter, reason in report.left.items())
    lines = [told]
    for reason, group in groupby(reasons, key=lambda pair: pair[0]):
        ids = [letter for _, letter in group]
        more = f" and {len(ids) - NAMED:,} more" if len(ids) > NAMED else ""
        lines.append(f"  {len(ids):,} x {reason}: {', '.join(ids[:NAMED])}{more}")
    return "\n".join(lines)
