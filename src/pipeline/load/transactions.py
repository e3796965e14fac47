"""Loads announcements: as few transactions as possible, around any object that is poison."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from pipeline.catalogue import EventType
from pipeline.errors import StatementFailed, WarehouseUnavailable
from pipeline.lake import manifest_key
from pipeline.load.plan import (
    Announcement,
    Pointer,
    first_token,
    load_name,
    next_token,
    split_transactions,
)
from pipeline.load.statements import Copying, load_parameters, load_statements

# Below this no transaction is started: it could not end, and its fate would be unknown.
MIN_SECONDS = 10
# An announcement is tried up to five times before it is put aside; twice that is never reached.
MAX_ATTEMPTS = 10

Tally = dict[str, Any]


class Runner(Protocol):
    """What a load needs of the warehouse."""

    def execute_batch(
        self, statements: Sequence[str], parameters: Any, *, seconds: float, token: str
    ) -> Any:
        """Run one transaction to its end."""

    def result(self, statement_id: str) -> list[dict[str, Any]]:
        """Fetch the rows of a finished statement."""


class Shelf(Protocol):
    """What a load needs of the lake."""

    def write_json(self, key: str, value: Any) -> None:
        """Store one small JSON document."""

    def uri(self, key: str) -> str:
        """Return the s3:// address of a key."""


@dataclass(frozen=True)
class Load:
    """One transaction that is in the warehouse: its objects, and what became of their rows.

    Tallies are by batch and kind, of events by entrance and type as well; objects that had been
    loaded before have none. `seconds` is what it took, from its manifests to its tallies.
    """

    id: str
    pointers: Sequence[Pointer]
    tallies: Sequence[Tally]
    committed_at: datetime
    seconds: float


@dataclass
class Outcome:
    """What became of the announcements: what was loaded, and which must come again, and why.

    `loads_failed` counts transactions, `early` announcements of facts that came before their
    events, `malformed` messages that announce nothing.
    """

    loads: list[Load] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # reasons for the log, by message
    loads_failed: int = 0
    early: int = 0
    malformed: int = 0

    def fail(self, announcements: Sequence[Announcement], reason: str) -> None:
        """Have these messages delivered again: the transaction that was to load them failed."""
        self.loads_failed += 1
        self._repeat(announcements, reason)

    def postpone(self, announcements: Sequence[Announcement]) -> None:
        """Have these messages delivered again: their events may be there by then."""
        self.early += len(announcements)
        self._repeat(announcements, "facts came before their events")

    def refuse(self, malformed: Mapping[str, str]) -> None:
        """Have these messages put aside in the end; the reasons are by message."""
        self.malformed += len(malformed)
        self.failed |= malformed

    def _repeat(self, announcements: Sequence[Announcement], reason: str) -> None:
        self.failed |= dict.fromkeys((one.message_id for one in announcements), reason)


@dataclass(frozen=True)
class Loader:
    """Loads announcements, once, with these collaborators; `left` tells the seconds that remain."""

    warehouse: Runner
    lake: Shelf
    catalogue: Mapping[str, EventType]
    role_arn: str
    left: Callable[[], float]
    outcome: Outcome = field(default_factory=Outcome)

    def load(self, announcements: Sequence[Announcement]) -> Outcome:
        """Load all of them; what could not be loaded, or not completely, is in `failed`.

        A known failure is narrowed down by halves until the poison is alone; after one whose
        fate is unknown nothing more is tried, and the same token finds it next time. Any other
        error goes through; what was loaded before it is in `outcome`.
        """
        outcome = self.outcome
        waiting = [list(announcements)] if announcements else []
        while waiting:
            group = waiting.pop()
            try:
                self._load_group(group, outcome)
            except StatementFailed as fault:
                if len(group) == 1:
                    outcome.fail(group, f"{fault}: {fault.error}")
                else:
                    middle = len(group) // 2
                    waiting += [group[middle:], group[:middle]]
            except WarehouseUnavailable as fault:
                rest = [one for some in (group, *waiting) for one in some]
                outcome.fail(rest, f"{type(fault).__name__}: {fault}")
                break
        return outcome

    def _load_group(self, group: Sequence[Announcement], outcome: Outcome) -> None:
        missing: set[tuple[str, str]] = set()
        for pointers in split_transactions(group):
            load = self._load_pointers(pointers, load_name(group, pointers))
            outcome.loads.append(load)
            missing |= {(t["kind"], t["batch_id"]) for t in load.tallies if t["missing"]}
        early = [one for one in group if missing & {(p.kind, p.batch_id) for p in one.pointers}]
        outcome.postpone(early)

    def _load_pointers(self, pointers: Sequence[Pointer], name: str) -> Load:
        """Run one transaction; one that an earlier call ran and that fell short is run anew."""
        started = time.monotonic()
        copying = Copying(self.role_arn, self._write_manifests(pointers, name))
        statements = load_statements(pointers, self.catalogue, copying)
        parameters = load_parameters(pointers)
        token = first_token(name, statements, parameters)
        for _ in range(MAX_ATTEMPTS):
            if self.left() < MIN_SECONDS:
                raise WarehouseUnavailable("no time left to start a load")
            try:
                done = self.warehouse.execute_batch(
                    statements, parameters, seconds=self.left(), token=token
                )
                committed_at = datetime.now(UTC)
                tallies = self.warehouse.result(f"{done.id}:{len(statements)}")
                if not (done.replayed and any(tally["missing"] for tally in tallies)):
                    seconds = time.monotonic() - started
                    return Load(name, pointers, tallies, committed_at, seconds)
                token = next_token(token, done.id)
            except StatementFailed as fault:
                if not fault.replayed:
                    raise
                token = next_token(token, fault.statement_id)
        raise WarehouseUnavailable("every attempt so far was an earlier one")

    def _write_manifests(self, pointers: Sequence[Pointer], load: str) -> dict[str, str]:
        kinds: dict[str, list[str]] = {}
        for pointer in pointers:
            kinds.setdefault(pointer.kind, []).append(self.lake.uri(pointer.key))
        return {
            kind: self._write_manifest(f"{load}-{n}", uris)
            for n, (kind, uris) in enumerate(kinds.items())
        }

    def _write_manifest(self, name: str, uris: Sequence[str]) -> str:
        key = manifest_key(name)
        entries = [{"url": uri, "mandatory": True} for uri in dict.fromkeys(uris)]
        self.lake.write_json(key, {"entries": entries})
        return self.lake.uri(key)
