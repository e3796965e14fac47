"""Locks on tables: a transaction gets all it needs at once, first come first served."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from local.redshift_data.dialect.locking import Mode
from local.redshift_data.errors import StatementAborted

_RUNNING = 32
"""Transactions at a time; the others wait without a connection at work."""


@dataclass(eq=False)
class Claim:
    """What one transaction holds or waits for."""

    needs: Mapping[str, Mode]
    decided: threading.Event = field(default_factory=threading.Event)
    granted: bool = False
    given_up: bool = False


class Locks:
    """All claims on tables.

    Nobody waits who holds a lock already, so that no two transactions can wait for each other.
    """

    def __init__(self, running: int = _RUNNING) -> None:
        self._mutex = threading.Lock()
        self._running = running
        self._held: dict[Claim, None] = {}
        self._waiting: dict[Claim, None] = {}

    def wait_for(self, claim: Claim) -> None:
        """Return once the claim is granted; raises StatementAborted where it is given up."""
        with self._mutex:
            if not claim.given_up:
                self._waiting[claim] = None
                self._grant()
        if not claim.granted:
            claim.decided.wait()
        if claim.given_up and not claim.granted:
            raise StatementAborted

    def give_up(self, claim: Claim) -> None:
        """Stop waiting; what is granted already stays so."""
        with self._mutex:
            claim.given_up = True
            claim.decided.set()
            if self._waiting.pop(claim, claim) is None:
                self._grant()

    def release(self, claim: Claim) -> None:
        """Let those in who waited for it."""
        with self._mutex:
            self._waiting.pop(claim, None)
            self._held.pop(claim, None)
            self._grant()

    def _grant(self) -> None:
        """Grant what no claim excludes that is held or has waited longer."""
        if not self._waiting:
            return
        ahead: dict[str, int] = {}
        for claim in self._held:
            _add(ahead, claim.needs)
        for claim in list(self._waiting):
            if len(self._held) >= self._running:
                return
            if all(mode + ahead.get(name, 0) <= Mode.ALONE for name, mode in claim.needs.items()):
                del self._waiting[claim]
                self._held[claim] = None
                claim.granted = True
                claim.decided.set()
            _add(ahead, claim.needs)


def _add(ahead: dict[str, int], needs: Mapping[str, Mode]) -> None:
    for name, mode in needs.items():
        ahead[name] = max(mode, ahead.get(name, 0))
