"""The warehouse's ledger, compared with the rows that stand, and mended as its administrator."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, Protocol

FOLDER = Path(__file__).parent / "sql"
SECONDS = 300.0
LOCK = "lock"


class Administered(Protocol):
    """What the ledger needs of the warehouse."""

    def rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, seconds: float
    ) -> list[dict[str, Any]]:
        """Run one query."""

    def execute_batch(
        self,
        statements: Sequence[str],
        parameters: Mapping[str, Any] | None = None,
        *,
        seconds: float,
    ) -> Any:
        """Run one transaction."""


@dataclass(frozen=True)
class Entry:
    """A batch by its row of the ledger, and by the rows of it that stand."""

    batch_id: str
    loaded: int
    held: int
    standing_events: int
    standing_quarantine: int

    @property
    def lost(self) -> int:
        """How many of its rows were loaded and are gone."""
        events = max(0, self.loaded - self.standing_events)
        return events + max(0, self.held - self.standing_quarantine)


class Ledger:
    """Reads and mends the rows of events in the ledger, a few hundred batches at a time."""

    def __init__(self, warehouse: Administered) -> None:
        self._warehouse = warehouse

    def entries(self, batches: Sequence[str]) -> dict[str, Entry]:
        """Look batches up; those that are not in the ledger are not in the answer."""
        found = self._rows("compare", batches)
        return {row["batch_id"]: Entry(**row) for row in found}

    def known_keys(self, keys: Sequence[str]) -> set[str]:
        """Tell which of these event keys are loaded or quarantined."""
        return {row["event_key"] for row in self._rows("known", keys)}

    def forget(self, batches: Sequence[str]) -> None:
        """Take batches out of the ledger, so that the next announcement loads what is missing."""
        self._change("forget", batches)

    def settle(self, batches: Sequence[str]) -> None:
        """Have the ledger say which of these batches' rows stand, and that the others are not new.

        A batch loaded again has counted as duplicates the rows that it had brought itself.
        """
        self._change("settle", batches)

    def quarantined(self, after: str, filters: Mapping[str, str], limit: int) -> list[Any]:
        """Read a page of quarantined rows whose event is not loaded, in the order of `place`."""
        sql = statement("quarantined", conditions=conditions(filters), rows=str(limit))
        return self._warehouse.rows(sql, {"after": after, **filters}, seconds=SECONDS)

    def facts_tables(self) -> set[str]:
        """Name the facts tables of the types that are deployed."""
        found = self._warehouse.rows(statement("facts_tables"), seconds=SECONDS)
        return {row["table_name"] for row in found}

    def _rows(self, name: str, values: Sequence[str]) -> list[dict[str, Any]]:
        sql = statement(name, listed=listed(values))
        return self._warehouse.rows(sql, numbered(values), seconds=SECONDS)

    def _change(self, name: str, batches: Sequence[str]) -> None:
        if batches:
            statements = [statement(LOCK), statement(name, listed=listed(batches))]
            self._warehouse.execute_batch(statements, numbered(batches), seconds=SECONDS)


# What quarantined rows are chosen by; the values are parameters.
CONDITIONS = {
    "reason": "AND quarantine.reason = :reason",
    "type": "AND quarantine.type = :type",
    "since": "AND quarantine.quarantined_at >= CAST(:since AS TIMESTAMPTZ)",
}


def conditions(filters: Iterable[str]) -> str:
    """Write the conditions of the filters that are given."""
    return "\n    ".join(CONDITIONS[name] for name in filters)


def listed(values: Sequence[str]) -> str:
    """Write as many parameters as there are values."""
    return ", ".join(f":value_{n}" for n in range(len(values)))


def numbered(values: Sequence[str]) -> dict[str, str]:
    """Make these parameters."""
    return {f"value_{n}": value for n, value in enumerate(values)}


def statement(name: str, **parts: str) -> str:
    """Read `<name>.sql` without its comments and fill its `${parts}`, never with any value."""
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return Template("\n".join(lines)).substitute(parts).strip().removesuffix(";")
