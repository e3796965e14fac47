"""The endpoint in pandas: a statistic as a frame, and events page by page."""

import io
from collections.abc import Iterator

import pandas as pd  # type: ignore[import-untyped]
import requests
from bi_session import ask

MOST_ROWS, MOST_EVENTS = "10000", "1000"
# Only an empty field is an absent value: a carrier may be called NA.
AS_SENT = {"keep_default_na": False, "na_values": [""]}


def read_metric(
    session: requests.Session, url: str, event_type: str, **question: str
) -> pd.DataFrame:
    """Return a statistic with buckets in its zone; raises ValueError if there are more rows."""
    asked = {"limit": MOST_ROWS, **_spelled(question), "format": "csv"}
    answer = ask(session, f"{url}/v1/metrics/{event_type}", asked)
    if "Truncated" in answer.headers:
        raise ValueError("there are more rows: ask for fewer, or start an export")
    names = [name for name in asked.get("group_by", "").split(",") if name]
    texts = dict.fromkeys(names, "string")  # of numbers, too: flight 15 is no quantity
    frame = pd.read_csv(io.StringIO(answer.text), dtype=texts, **AS_SENT)
    # Offsets change with the clocks, so only UTC can hold them all on the way.
    buckets = pd.to_datetime(frame["bucket"], utc=True)
    frame["bucket"] = buckets.dt.tz_convert(asked.get("timezone", "UTC"))
    return frame


def read_events(session: requests.Session, url: str, **question: str) -> pd.DataFrame:
    """Return all events; `data` stays JSON text, with every digit as it was sent."""
    events = pd.concat(_pages(session, url, _spelled(question)), ignore_index=True)
    for name in ("time", "received_at"):
        events[name] = pd.to_datetime(events[name], utc=True, format="ISO8601")
    return events


def _pages(session: requests.Session, url: str, question: dict[str, str]) -> Iterator[pd.DataFrame]:
    asked = {"limit": MOST_EVENTS, **question, "format": "csv"}
    while True:
        page = ask(session, f"{url}/v1/events", asked)
        yield pd.read_csv(io.StringIO(page.text), dtype="string", **AS_SENT)
        if "Next-Cursor" not in page.headers:
            return
        asked["cursor"] = page.headers["Next-Cursor"]


def _spelled(question: dict[str, str]) -> dict[str, str]:
    # `from` is a word of Python, so callers write from_.
    return {name.rstrip("_"): value for name, value in question.items()}
