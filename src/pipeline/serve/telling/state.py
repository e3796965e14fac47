"""The state of the whole pipeline, as JSON text: what came in, what became of it, how fresh."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pipeline.catalogue import EventType
from pipeline.serve.asking.moments import format_moment
from pipeline.serve.telling.answers import provenance, to_json
from pipeline.sql import quoted, statement

COUNTS = ("row_count", "loaded", "duplicates", "conflicts", "quarantined")

Row = Mapping[str, Any]


def status_query(catalogue: Mapping[str, EventType]) -> str:
    """Make the one statement that counts everything."""
    facts = [
        statement("serve/status_facts", type=event_type.name, table=quoted(event_type.table))
        for event_type in catalogue.values()
    ]
    return statement("serve/status", facts="\n".join(facts))


def write_status(
    rows: Iterable[Row], in_flight: Mapping[str, int] | None, as_of: datetime
) -> tuple[int, str]:
    """Write the status from the rows of the query and the depths of the queues, in messages.

    None stands for depths that could not be counted. Returns the version of the data and the JSON text.
    """
    sections: dict[str, dict[str, Row]] = {}
    for row in rows:
        sections.setdefault(row["section"], {})[row["name"]] = row
    loads = sections.get("loads", {})
    version = _count(sections["version"]["version"], "row_count")
    body = {
        **provenance(as_of, version),
        "events": {
            **{name: _count(loads.get("events"), name) for name in COUNTS},
            "stored": _count(sections["events"]["events"], "row_count"),
        },
        "facts": {name: row["row_count"] for name, row in sections.get("facts", {}).items()},
        "quarantine": {n: row["row_count"] for n, row in sections.get("quarantine", {}).items()},
        "freshness": {
            "event_time": _moment(sections["events"]["events"]["latest"]),
            "received_at": _moment(sections["received"]["events"]["latest"]),
            "loaded_at": _latest(loads.values()),
        },
        "in_flight": None if in_flight is None else dict(in_flight),
    }
    return version, to_json(body)


def _count(row: Row | None, name: str) -> int:
    return int(row[name]) if row and row[name] is not None else 0


def _moment(moment: datetime | None) -> str | None:
    return format_moment(moment) if moment else None


def _latest(rows: Iterable[Row]) -> str | None:
    return _moment(max((row["latest"] for row in rows if row["latest"]), default=None))
