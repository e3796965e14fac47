"""What the check asks the warehouse, and how its answers are read."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pipeline.sql import statement
from pipeline.watch.findings import Balance, Gap

# Each takes a parameter of about 100 bytes; 200 KB is the limit of a call.
KEYS_AT_ONCE = 500

Row = Mapping[str, Any]
Identity = tuple[str, str]  # event_key and fingerprint, by which verdicts tell rows apart


class Asked(Protocol):
    """What the check needs of the warehouse."""

    def rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, seconds: float
    ) -> list[dict[str, Any]]:
        """Run one query and return its rows."""

    def csv(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, seconds: float
    ) -> Iterator[list[str]]:
        """Run one query and yield its rows as text."""


@dataclass(frozen=True)
class Ledger:
    """Asks the warehouse, within the seconds that `left` tells; raises what the warehouse raises."""

    warehouse: Asked
    left: Callable[[], float]

    def balance(self) -> Balance:
        """Compare the ledger with the tables."""
        return read_balance(self.warehouse.rows(balance_query(), seconds=self.left()))

    def totals(self, before: datetime) -> dict[str, int]:
        """Count what came in and what became of it, and events loaded before then without facts."""
        moment = {"before": before.isoformat()}
        (row,) = self.warehouse.rows(totals_query(), moment, seconds=self.left())
        return {name: int(value) for name, value in row.items()}

    def loaded_objects(self, first: str) -> set[str]:
        """Return the keys of the batches in the ledger, from this text on."""
        lines = self.warehouse.csv(objects_query(), {"first": first}, seconds=self.left())
        return {line[0] for line in lines}

    def known(self, rows: Iterable[Identity]) -> set[Identity]:
        """Return those of these rows that the warehouse has."""
        keys = sorted({key for key, _ in rows})
        found: set[Identity] = set()
        for start in range(0, len(keys), KEYS_AT_ONCE):
            some = keys[start : start + KEYS_AT_ONCE]
            parameters = {f"key_{n}": key for n, key in enumerate(some)}
            answer = self.warehouse.rows(known_query(some), parameters, seconds=self.left())
            found |= {(row["event_key"], row["fingerprint"]) for row in answer}
        return found


def balance_query() -> str:
    """Make the statement that finds where ledger and tables disagree."""
    return statement("watch/unbalanced")


def totals_query() -> str:
    """Make the statement that adds up the ledger."""
    return statement("watch/totals")


def objects_query() -> str:
    """Make the statement that lists the batches in the ledger."""
    return statement("watch/loaded_objects")


def known_query(keys: Sequence[str]) -> str:
    """Make the statement that finds rows by so many keys, each of them a parameter."""
    return statement("watch/known_rows", keys=", ".join(f":key_{n}" for n in range(len(keys))))


def read_balance(rows: Sequence[Row]) -> Balance:
    """Read the rows of balance_query; without any, all is well."""
    if not rows:
        return Balance()
    gaps = tuple(
        Gap(str(row["batch_id"]), row["place"], int(row["expected"]), int(row["found"]))
        for row in rows
    )
    return Balance(int(rows[0]["missing"]), int(rows[0]["surplus"]), gaps)
