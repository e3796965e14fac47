"""What the warehouse holds, asked as its administrator, and whether its ledger agrees."""

from hashlib import sha256
from typing import Any

from local.recovery.deployment import Deployment

# Batches whose rows, by the tables that they are in, are not what the ledger says of them.
WRONG = """
(
    SELECT batch_id
    FROM (
        SELECT batch_id, row_count - loaded - duplicates - conflicts - quarantined AS unjudged,
            loaded, conflicts + quarantined AS held
        FROM loads WHERE kind = 'events'
        UNION ALL
        SELECT batch_id, 0, -1, 0 FROM events
        UNION ALL
        SELECT batch_id, 0, 0, -1 FROM quarantine
    ) AS entries
    GROUP BY batch_id
    HAVING SUM(unjudged) <> 0 OR SUM(loaded) <> 0 OR SUM(held) <> 0
) AS wrong
"""


def ask(there: Deployment, sql: str) -> list[list[str]]:
    return list(there.warehouse().csv(sql, seconds=60))


def change(there: Deployment, sql: str) -> None:
    there.warehouse().execute(sql, seconds=60)


def count(there: Deployment, rows: str) -> int:
    return int(ask(there, f"SELECT COUNT(*) FROM {rows}")[0][0])


def is_conserved(there: Deployment) -> bool:
    """Tell whether what came in is loaded, a duplicate, in conflict or quarantined, and is there."""
    return count(there, WRONG) == 0


def where_is(there: Deployment, event: dict[str, Any]) -> tuple[str, int]:
    """Tell where an event is, and how many rows of facts it has."""
    key = sha256(f"{event['source']}\n{event['id']}".encode()).hexdigest()
    table = f"facts_{event['type'].replace('.', '_')}"
    loaded = count(there, f"events WHERE event_key = '{key}'")
    facts = count(there, f"{table} WHERE event_key = '{key}'")
    return "loaded" if loaded == 1 else f"{loaded} times", facts
