"""Writes the rows of an upload to the lake in batches and announces them once all are there."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from pipeline import telemetry
from pipeline.announcements import BATCH_STAGED
from pipeline.errors import MalformedEvent
from pipeline.event import Catalogue, Row, number_line, receive_at
from pipeline.receive.notification import Upload
from pipeline.receive.objects import Origin, broken_object, read_rows
from pipeline.receive.tallies import Tally, tally

MAX_ROWS = 5_000
MAX_BYTES = 8_000_000
# Name of a subsegment: an upload is calculated row by row as it comes, so both are one span.
READING = "read and calculate rows"


class Lake(Protocol):
    """The lake as this module uses it: pipeline.lake.Lake, or a fake."""

    def open_object(self, bucket: str, key: str, version_id: str | None) -> Any:
        """Open an object for streaming."""

    def write_batch(
        self, batch_id: str, received_at: str, lines: Sequence[bytes]
    ) -> dict[str, Any]:
        """Store a batch; returns the detail with which it is announced."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects."""


class Bus(Protocol):
    """The bus as this module uses it: pipeline.bus.Bus, or a fake."""

    def announce(self, detail_type: str, detail: dict[str, Any]) -> None:
        """Publish one announcement."""


@dataclass
class Staged:
    """The batches of one upload so far: their announcements, and which events are in them."""

    details: list[dict[str, Any]] = field(default_factory=list)
    tally: Tally = field(default_factory=Counter)

    @property
    def batch_ids(self) -> list[str]:
        """The batches' names, in the order of the upload."""
        return [detail["batch_id"] for detail in self.details]


def load_upload(upload: Upload, lake: Lake, bus: Bus, catalogue: Catalogue) -> Staged:
    """Stage one object in batches, announced only after all of it was read well.

    An object that cannot be read to its end is one quarantined row. Reading it again writes the
    same bytes under the same keys. Errors of S3 and of the bus go through.
    """
    answer = lake.open_object(upload.bucket, upload.key, upload.version_id)
    origin = _origin(upload, answer)
    staged = Staged()

    def stage(rows: list[Row], part: str) -> None:
        staged.tally.update(tally(rows, catalogue))
        batch_id = batch_id_of(origin, part)
        traced = batch_id if len(staged.details) < telemetry.MOST_BATCHES_TRACED else None
        with telemetry.step("batch", batch_id=traced):
            staged.details.append(_write(rows, batch_id, origin, upload.correlation_id, lake))

    try:
        for part, rows in enumerate(timed(split(read_rows(answer["Body"], origin, catalogue)))):
            stage(rows, str(part))
    except MalformedEvent as fault:
        # Nobody will announce them; left there they would be events that are missing.
        lake.delete(detail["key"] for detail in staged.details)
        staged = Staged()
        stage([broken_object(origin, fault)], "object")
    for detail in staged.details:
        bus.announce(BATCH_STAGED, detail)
    return staged


def timed(batches: Iterator[list[Row]]) -> Iterator[list[Row]]:
    """Trace how long the rows of each batch took."""
    started = time.time()
    for rows in batches:
        telemetry.trace_past(READING, (started, time.time()), fault=False)
        yield rows
        started = time.time()


def split(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Group rows to batches of at most 5,000 rows and about 8 MB, which bounds memory."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.line)
        if len(batch) == MAX_ROWS or size >= MAX_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _origin(upload: Upload, answer: Any) -> Origin:
    # Without versions the content that is there now counts, not the one that was announced.
    version = upload.version_id or answer["ETag"].strip('"')
    return Origin(upload.key, upload.source, version, receive_at("upload", upload.uploaded_at))


def batch_id_of(origin: Origin, part: str) -> str:
    """Name a batch of an object, the same at every delivery."""
    return sha256(f"{origin.source}\n{origin.version}\n{part}".encode()).hexdigest()


def _write(
    rows: list[Row], batch_id: str, origin: Origin, correlation_id: str, lake: Lake
) -> dict[str, Any]:
    lines = [
        number_line(row.line, batch_id, n, correlation_id).encode() for n, row in enumerate(rows)
    ]
    return lake.write_batch(batch_id, origin.receipt.received_at, lines)
