"""S3 object under incoming/: read as a stream, staged in batches, announced when all are there."""

from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.bus import Bus
from pipeline.catalogue import load_catalogue
from pipeline.lake import UploadLake
from pipeline.receive import noting
from pipeline.receive.batches import Staged, load_upload
from pipeline.receive.notification import FOREIGN, read_notification
from pipeline.settings import from_env


@dataclass(frozen=True)
class Settings:
    """What this function needs."""

    lake_bucket: str
    bus_name: str


settings = from_env(Settings)
lake = UploadLake(settings.lake_bucket)
bus = Bus(settings.bus_name)
catalogue = load_catalogue()


@telemetry.observed
def handler(event: Any, _context: Any) -> None:
    """Load the objects of one notification; an error lets Lambda deliver it again."""
    uploads, ignored = read_notification(event, settings.lake_bucket)
    for metric, number in ignored.items():
        telemetry.count(metric, number)
    if ignored[FOREIGN]:
        telemetry.logger.error("objects of another bucket were announced to this function")
    for upload in uploads:
        noting.begin(upload.correlation_id)
        staged = load_upload(upload, lake, bus, catalogue)
        telemetry.count("UploadsLoaded", 1)
        note_staged(staged, upload.correlation_id)


def note_staged(staged: Staged, correlation_id: str) -> None:
    """Count what one upload brought, which is staged as soon as it is received."""
    for (event_type, _), number in staged.tally.items():
        telemetry.count_by({"entrance": "upload", "type": event_type}, {"EventsStaged": number})
    batch_ids = staged.batch_ids[: telemetry.MAX_TOLD]
    telemetry.note(batch_ids=batch_ids, correlation_ids=[correlation_id])
    telemetry.log_keys(batch_ids=batch_ids)
    noting.note_received("upload", staged.tally)
