"""Canned answers about doors and meters: the page knows no event type but from the endpoint."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

DOORS, METERS = "door.opened", "meter.read"
DAYS = ("2013-01-01", "2013-01-02", "2013-01-04")  # nothing happened on the third

TYPES: list[Json] = [
    {
        "type": DOORS,
        "title": "Door opened",
        "description": "Somebody opened a door.",
        "dimensions": [{"name": "door", "kind": "string"}],
        "measures": [{"name": "open_for", "kind": "number", "unit": "seconds"}],
        "stats": ["count", "avg"],
        "intervals": ["none", "minute", "hour", "day"],
        "rollups": [[]],
        "panels": [
            {
                "title": "Openings by door",
                "chart": "lines",
                "stat": "count",
                "interval": "auto",
                "group_by": ["door"],
            },
            {
                "title": "Doors that stand open",
                "chart": "table",
                "measure": "open_for",
                "stat": "avg",
                "group_by": ["door"],
                "order": "-value",
                "limit": 2,
                "at_least": 20,
            },
        ],
    },
    {
        "type": METERS,
        "title": "Meter read",
        "description": "A meter told what it counted.",
        "dimensions": [{"name": "meter", "kind": "string"}],
        "measures": [{"name": "power", "kind": "number", "unit": "watts"}],
        "stats": ["count", "avg"],
        "intervals": ["none", "minute", "hour", "day"],
        "rollups": [[]],
        "panels": [
            {
                "title": "Mean power by meter",
                "chart": "lines",
                "measure": "power",
                "stat": "avg",
                "interval": "auto",
                "group_by": ["meter"],
            },
        ],
    },
]
CATALOGUE: Json = {
    "limits": {"default_rows": 1000, "rows": 10000, "answer_bytes": 1000000},
    "types": TYPES,
}
TOTALS = {DOORS: 12840, METERS: 9007199254740993}
OPENINGS = [
    {"bucket": f"{day}T00:00:00-05:00", "door": door, "count": count, "value": count}
    for day, counts in zip(DAYS, ((4, 6), (5, None), (7, 1234)), strict=True)
    for door, count in zip(("front <b>door</b>", "back"), counts, strict=True)
    if count is not None
]
STANDING_OPEN = [
    {"bucket": None, "door": door, "count": count, "value": value}
    for door, count, value in (
        ("attic", 3, 99.0),
        ("front", 20, 9.125),
        (None, 40, 5.5),
        ("back", 400, 1.0),
    )
]
READINGS = [
    {"bucket": f"2013-01-0{day}T00:00:00-05:00", "meter": f"meter {n}", "count": n, "value": -n / 8}
    for day in (1, 2)
    for n in range(1, 11)
]
STATUS: Json = {
    "data_version": 17,
    "stale": False,
    "events": {
        "row_count": 13000,
        "loaded": 12900,
        "duplicates": 60,
        "conflicts": 1_205,
        "quarantined": 35,
        "stored": 12900,
    },
    "facts": {DOORS: 12840},
    "quarantine": {"TOO_LONG": 30, "SCHEMA": 5, "ID_CONFLICT": 1_205},
    "freshness": {
        "event_time": "2013-01-04T17:00:00Z",
        "received_at": "2026-11-29T05:59:00Z",
        "loaded_at": "2026-11-29T06:00:00Z",
    },
    "in_flight": {"event_queue": 2, "load_queue": 5},
}


def moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def answer(path: str, query: Mapping[str, str]) -> Json | None:
    """Answer a question, None if there is nothing on this path."""
    if path == "v1/metrics":
        return CATALOGUE
    if path == "v1/status":
        return STATUS
    event_type = path.removeprefix("v1/metrics/")
    return metric(event_type, query) if event_type in TOTALS else None


def metric(event_type: str, query: Mapping[str, str]) -> Json:
    return {
        "type": event_type,
        "measure": query.get("measure"),
        "unit": None,
        "stat": query.get("stat", "count"),
        "interval": query.get("interval", "none"),
        "timezone": query.get("timezone", "UTC"),
        "from": _midnight(query.get("from")),
        "to": _midnight(query.get("to")),
        "group_by": [name for name in query.get("group_by", "").split(",") if name],
        "filter": [],
        "order": [],
        "data_version": 17,
        "stale": False,
        "truncated": False,
        "rows": rows(event_type, query),
    }


def rows(event_type: str, query: Mapping[str, str]) -> list[Json]:
    if query.get("group_by") == "door":
        return STANDING_OPEN if query["stat"] == "avg" else OPENINGS
    if query.get("group_by") == "meter":
        return READINGS
    if query.get("interval") == "minute":
        return [_minute(2, 4), _minute(1, 6)] if event_type == DOORS else []
    return [{"bucket": None, "count": TOTALS[event_type], "value": TOTALS[event_type]}]


def _minute(ago: int, count: int) -> Json:
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=ago)
    return {"bucket": moment(minute), "count": count, "value": count}


def _midnight(date: str | None) -> str | None:
    return f"{date}T00:00:00-05:00" if date and len(date) == len("2013-01-01") else date
