"""COPY in the local Redshift Data API, against DuckDB's own reading of the same objects."""

import gzip
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import duckdb

from local.redshift_data.engine import Engine
from local.redshift_data.testing import MemoryObjects
from local.sample import week
from pipeline.catalogue import load_catalogue
from pipeline.event import make_row, receive_at

LOADS = 15
EVENTS = 10_000
OBJECTS = 10
STAGED = {
    "event_key": "VARCHAR(64) NOT NULL",
    "fingerprint": "VARCHAR(64) NOT NULL",
    "entrance": "VARCHAR(16)",
    "received_at": "TIMESTAMPTZ",
    "source": "VARCHAR(8192)",
    "id": "VARCHAR(1024)",
    "type": "VARCHAR(1024)",
    "time": "TIMESTAMPTZ",
    "subject": "VARCHAR(8192)",
    "dataschema": "VARCHAR(8192)",
    "extensions": "VARCHAR(65535)",
    "data": "VARCHAR(65535)",
}
COPY = (
    "COPY staged FROM 's3://lake/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/loader' "
    "MANIFEST GZIP FORMAT AS JSON 'auto' TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF"
)


def measure() -> dict[str, str]:
    """Load the same events both ways; returns the ratio of the medians."""
    with tempfile.TemporaryDirectory() as folder:
        return _load(Path(folder))


def _load(folder: Path) -> dict[str, str]:
    """Time both by turns, so that noise meets both."""
    bodies = [gzip.compress(lines, mtime=0) for lines in _lines()]
    files = [folder / f"{number}.gz" for number in range(len(bodies))]
    for file, body in zip(files, bodies, strict=True):
        file.write_bytes(body)
    ours, alone = [], []
    with _copying(folder, bodies) as copy, _inserting(folder, files) as insert:
        for _ in range(LOADS):
            ours.append(_milliseconds(copy))
            alone.append(_milliseconds(insert))
    ratio = median(ours) / median(alone)
    return {"COPY of 10,000 events, times an INSERT from DuckDB's read_json": f"{ratio:.2f}"}


def _lines() -> Iterator[bytes]:
    """Yield the lake's objects: rows as the entrance writes them."""
    receipt, catalogue, events = receive_at("request", datetime.now(UTC)), load_catalogue(), week()
    every = [{**events[n % len(events)], "id": f"{n}"} for n in range(EVENTS)]
    size = EVENTS // OBJECTS
    for start in range(0, EVENTS, size):
        rows = (make_row(event, receipt, catalogue).line for event in every[start : start + size])
        yield "".join(f"{row}\n" for row in rows).encode()


@contextmanager
def _copying(folder: Path, bodies: Sequence[bytes]) -> Iterator[Callable[[], None]]:
    """Give the COPY of the objects into a temporary table, in the midst of a transaction."""
    objects = MemoryObjects()
    entries = [{"url": f"s3://lake/{n}", "mandatory": True} for n in range(len(bodies))]
    objects.objects = {("lake", f"{n}"): body for n, body in enumerate(bodies)}
    objects.objects["lake", "manifest"] = json.dumps({"entries": entries}).encode()
    engine = Engine(folder / "ours.duckdb", objects)
    columns = ", ".join(f'"{name}" {type_}' for name, type_ in STAGED.items())
    with engine.open_session() as session, session.transaction([COPY]):
        session.run(f"CREATE TEMP TABLE staged ({columns})", {})

        def copy() -> None:
            if session.run(COPY, {}).changed != EVENTS:
                raise RuntimeError("COPY lost events")

        yield copy
    engine.close()


@contextmanager
def _inserting(folder: Path, files: Sequence[Path]) -> Iterator[Callable[[], None]]:
    """Give the same in DuckDB, with columns of the same types."""
    types = {name: type_.split("(")[0].split()[0] for name, type_ in STAGED.items()}
    columns = ", ".join(f'"{name}" {type_}' for name, type_ in types.items())
    sql = (
        "INSERT INTO staged SELECT * FROM read_json($files, columns = $columns, "
        "format = 'newline_delimited')"
    )
    values = {"files": [str(file) for file in files], "columns": types}
    with duckdb.connect(str(folder / "alone.duckdb")) as connection:
        connection.execute("BEGIN")
        connection.execute(f"CREATE TEMP TABLE staged ({columns})")

        def insert() -> None:
            connection.execute(sql, values)

        yield insert


def _milliseconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return 1000 * (time.perf_counter() - started)
