"""Reads S3's notifications: which objects are to be read, and why others are not."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote, unquote_plus

from pipeline.correlation import first_usable
from pipeline.envelope import MAX_ATTRIBUTE

PREFIX = "incoming/"
FOREIGN = "ForeignUploads"


@dataclass(frozen=True)
class Upload:
    """One version of one object, as S3 announced it."""

    bucket: str
    key: str
    version_id: str | None
    uploaded_at: datetime
    request_id: str | None = None

    @property
    def correlation_id(self) -> str:
        """What S3 called the request that brought it, else a hash of what it is."""
        place = f"{self.bucket}\n{self.key}\n{self.version_id or ''}"
        return first_usable(self.request_id, sha256(place.encode()).hexdigest())

    @property
    def source(self) -> str:
        """The source of its events that bring none, as a URI reference."""
        address = f"s3://{self.bucket}/{quote(self.key)}"
        if len(address) <= MAX_ATTRIBUTE:
            return address
        return f"s3://{self.bucket}/?sha256={sha256(self.key.encode()).hexdigest()}"


def read_notification(event: Mapping[str, Any], bucket: str) -> tuple[list[Upload], Counter[str]]:
    """Return the uploads to read, and how many records were ignored, by metric name.

    Ignored are S3's test event, folder markers, empty objects, keys outside of `incoming/` and
    objects of any other bucket than `bucket`.
    """
    ignored: Counter[str] = Counter()
    uploads = []
    for record in event.get("Records", [{}]):
        if reason := _reason_to_ignore(record, bucket):
            ignored[reason] += 1
        else:
            uploads.append(_upload(record))
    return uploads, ignored


def _reason_to_ignore(record: Mapping[str, Any], bucket: str) -> str | None:
    if "s3" not in record or not record.get("eventName", "").startswith("ObjectCreated:"):
        return "UploadsIgnored"
    if record["s3"]["bucket"]["name"] != bucket:
        return FOREIGN
    stored = record["s3"]["object"]
    key = unquote_plus(stored["key"])
    if not key.startswith(PREFIX) or key.endswith("/") or stored.get("size") == 0:
        return "UploadsIgnored"
    return None


def _upload(record: Mapping[str, Any]) -> Upload:
    stored = record["s3"]["object"]
    return Upload(
        bucket=record["s3"]["bucket"]["name"],
        key=unquote_plus(stored["key"]),
        version_id=stored.get("versionId"),
        uploaded_at=datetime.fromisoformat(record["eventTime"]).astimezone(UTC),
        request_id=record.get("responseElements", {}).get("x-amz-request-id"),
    )
