"""S3 object under incoming/: read as a stream, staged in batches, announced when all are there."""

from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.bus import Bus
from pipeline.catalogue import load_catalogue
from pipeline.lake import Lake
from pipeline.receive.batches import load_upload
from pipeline.receive.notification import FOREIGN, read_notification
from pipeline.settings import from_env


@dataclass(frozen=True)
class Settings:
    """What this function needs."""

    lake_bucket: str
    bus_name: str


settings = from_env(Settings)
lake = Lake(settings.lake_bucket)
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
        staged = load_upload(upload, lake, bus, catalogue)
        telemetry.count("UploadsLoaded", 1)
        telemetry.count("EventsReceived", staged.events)
        telemetry.count("EventsQuarantined", staged.quarantined)
