"""A DuckDB file that follows the endpoint: events as they come, and whole exports."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import duckdb
import requests
from bi_session import ask, export

MOST_EVENTS = "1000"
BAD_REQUEST = 400
COLUMNS = {
    "event_key": "VARCHAR PRIMARY KEY", "version": "BIGINT", "source": "VARCHAR", "id": "VARCHAR",
    "type": "VARCHAR", "time": "TIMESTAMPTZ", "received_at": "TIMESTAMPTZ", "entrance": "VARCHAR",
    "batch_id": "VARCHAR", "subject": "VARCHAR", "dataschema": "VARCHAR", "extensions": "JSON",
    "data": "JSON",
}  # fmt: skip
TYPES = {name: defined.partition(" ")[0] for name, defined in COLUMNS.items()}
TABLES = f"""
CREATE TABLE IF NOT EXISTS events ({", ".join(f"{n} {defined}" for n, defined in COLUMNS.items())});
CREATE TABLE IF NOT EXISTS places (type VARCHAR PRIMARY KEY, cursor VARCHAR);
"""


def follow(
    lake: duckdb.DuckDBPyConnection, session: requests.Session, url: str, event_type: str
) -> None:
    """Load what has come since the last call; it may be stopped at any point and called again."""
    lake.execute(TABLES).fetchall()
    more = True
    while more:
        page = _next_page(lake, session, url, event_type)
        lake.begin()
        _keep(lake, page)
        if place := page.headers.get("Resume-Cursor"):
            lake.execute("INSERT OR REPLACE INTO places VALUES (?, ?)", [event_type, place])
        lake.commit()
        more = "Next-Cursor" in page.headers


def load_export(
    lake: duckdb.DuckDBPyConnection,
    session: requests.Session,
    url: str,
    table: str,
    question: Mapping[str, str],
) -> None:
    """Make a table of an export; `table` is an identifier."""
    with tempfile.TemporaryDirectory() as folder:
        files = export(session, url, {**question, "format": "parquet"})
        for number, address in enumerate(files):
            file = requests.get(address, timeout=600)  # by its own signature, without the key
            file.raise_for_status()
            Path(folder, f"{number}.parquet").write_bytes(file.content)
        lake.read_parquet(f"{folder}/*.parquet").create(table)


def _next_page(
    lake: duckdb.DuckDBPyConnection, session: requests.Session, url: str, event_type: str
) -> requests.Response:
    asked = {"type": event_type, "limit": MOST_EVENTS, "format": "ndjson"}
    places = lake.execute("SELECT cursor FROM places WHERE type = ?", [event_type]).fetchall()
    for (place,) in places:
        try:
            return ask(session, f"{url}/v1/events", {**asked, "cursor": place})
        except requests.HTTPError as problem:
            if problem.response is None or problem.response.status_code != BAD_REQUEST:
                raise
    # A cursor that has expired: all over again, in which no event comes twice.
    return ask(session, f"{url}/v1/events", asked)


def _keep(lake: duckdb.DuckDBPyConnection, page: requests.Response) -> None:
    if not page.content:
        return
    with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
        file.write(page.content)
        file.flush()
        lake.execute(
            "INSERT OR IGNORE INTO events BY NAME "
            "FROM read_json(?, format = 'newline_delimited', columns = ?)",
            [file.name, TYPES],
        ).fetchall()
