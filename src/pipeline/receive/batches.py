"""Writes the rows of an upload to the lake in batches and announces them once all are there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from pipeline.announcements import BATCH_STAGED
from pipeline.errors import MalformedEvent
from pipeline.event import Catalogue, Row, number_line, receive_at
from pipeline.receive.notification import Upload
from pipeline.receive.objects import Origin, broken_object, read_rows

MAX_ROWS = 5_000
MAX_BYTES = 8_000_000


class Lake(Protocol):
    """The lake as this module uses it: pipeline.lake.Lake, or a fake."""

    def open_object(self, bucket: str, key: str, version_id: str | None) -> Any:
        """Open an object for streaming."""

    def write_batch(
        self, batch_id: str, received_at: str, lines: Sequence[bytes]
    ) -> dict[str, Any]:
        """Store a batch; returns the detail with which it is announced."""


class Bus(Protocol):
    """The bus as this module uses it: pipeline.bus.Bus, or a fake."""

    def announce(self, detail_type: str, detail: dict[str, Any]) -> None:
        """Publish one announcement."""


@dataclass
class Staged:
    """The batches of one upload so far: their announcements, and how many events are in them."""

    details: list[dict[str, Any]] = field(default_factory=list)
    events: int = 0
    quarantined: int = 0


def load_upload(upload: Upload, lake: Lake, bus: Bus, catalogue: Catalogue) -> Staged:
    """Stage one object in batches, announced only after all of it was read well.

    An object that cannot be read to its end is one quarantined row. Reading it again writes the
    same bytes under the same keys. Errors of S3 and of the bus go through.
    """
    answer = lake.open_object(upload.bucket, upload.key, upload.version_id)
    origin = _origin(upload, answer)
    staged = Staged()
    try:
        for part, rows in enumerate(split(read_rows(answer["Body"], origin, catalogue))):
            _stage(rows, str(part), origin, lake, staged)
    except MalformedEvent as fault:
        staged = Staged()
        _stage([broken_object(origin, fault)], "object", origin, lake, staged)
    for detail in staged.details:
        bus.announce(BATCH_STAGED, detail)
    return staged


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


def _stage(rows: list[Row], part: str, origin: Origin, lake: Lake, staged: Staged) -> None:
    batch_id = sha256(f"{origin.source}\n{origin.version}\n{part}".encode()).hexdigest()
    lines = [number_line(row.line, batch_id, n).encode() for n, row in enumerate(rows)]
    staged.events += len(rows)
    staged.quarantined += sum(row.fault is not None for row in rows)
    staged.details.append(lake.write_batch(batch_id, origin.receipt.received_at, lines))
