"""Items whose stream records are gone: those of the table whose events the warehouse lacks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.recovery.announcing import chunks
from local.recovery.ledger import Ledger
from pipeline.catalogue import EventType
from pipeline.receive.dynamodb import make_change_row

Record = dict[str, Any]


@dataclass
class Missing:
    """Items that are to be received, as stream records, and how many cannot be told apart."""

    records: list[Record] = field(default_factory=list)
    unidentified: int = 0


@dataclass(frozen=True)
class TableItems:
    """Compares a table with the warehouse."""

    dynamodb: Any
    open_ledger: Callable[[], Ledger]
    catalogue: Mapping[str, EventType]

    def missing(self, table: str, stream: str, latest: datetime) -> Missing:
        """Find the items that are neither events nor quarantined, as if inserted at a moment.

        Their event is known only if they have an id of their own: else it was that of the record.
        Items that would be quarantined are left out. So is what happened after the moment.
        """
        found = Missing()
        ledger = self.open_ledger()
        records = (record_of(item, stream, latest) for item in self._scan(table))
        for some in chunks(records, 200):
            keyed = dict(self._keyed(some, found))
            known = ledger.known_keys(list(keyed)) if keyed else set()
            found.records += [record for key, record in keyed.items() if key not in known]
        return found

    def _scan(self, table: str) -> Iterable[Any]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table)
        return (item for page in pages for item in page["Items"])

    def _keyed(self, records: Iterable[Record], found: Missing) -> Iterable[tuple[str, Record]]:
        for record in records:
            if "S" not in record["dynamodb"]["NewImage"].get("id", {}):
                found.unidentified += 1
                continue
            row = make_change_row(record, self.catalogue)
            if row.fault is None:
                yield row.event_key, record


def record_of(item: Any, stream: str, moment: datetime) -> Record:
    """Make the stream record of an item's insertion."""
    return {
        "eventID": "redrive",
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "eventSourceARN": stream,
        "dynamodb": {"NewImage": item, "ApproximateCreationDateTime": moment.timestamp()},
    }
