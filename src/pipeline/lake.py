"""The lake: gzip JSON Lines objects in one bucket, each the unit of work of every later stage."""

import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.brief import BRIEF
from pipeline.errors import LakeUnavailable

# Level 6 makes a batch of the sample 15 % smaller than level 1 and takes 2.2 x the time.
COMPRESSION_LEVEL = 1
# By default boto3 signs addresses the old way, which many Regions refuse, and for a host that does
# not yet know new buckets; virtual addressing names the Region's own (an IP address keeps paths).
SIGNING = BRIEF.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
# Whoever may not list the bucket is told 403 of an object that is not there.
ABSENT = frozenset({"NoSuchKey", "AccessDenied"})


class S3Client(Protocol):
    """The calls of boto3's S3 client that the lake makes."""

    def put_object(self, **arguments: Any) -> Any:
        """Store one object."""

    def get_object(self, **arguments: Any) -> Any:
        """Open one object."""


class ListingClient(S3Client, Protocol):
    """The calls of boto3's S3 client with which objects are found."""

    def list_objects_v2(self, **arguments: Any) -> Any:
        """List a page of objects."""


class DeletingClient(S3Client, Protocol):
    """The calls of boto3's S3 client with which a batch is taken back."""

    def delete_object(self, **arguments: Any) -> Any:
        """Delete one object; the bucket keeps it as an older version."""


class SigningClient(ListingClient, Protocol):
    """The calls of boto3's S3 client with which files are handed out."""

    def generate_presigned_url(self, ClientMethod: str, **arguments: Any) -> Any:  # noqa: N803
        """Sign an address with which one call can be made by anyone."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of the lake, and when it was stored."""

    key: str
    stored_at: datetime


class Lake:
    """Reads and writes whole objects of one bucket.

    The same lines give the same bytes (gzip's clock is zeroed), so writing a batch again is
    harmless.
    """

    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        self.bucket = bucket
        self._s3: S3Client = client or boto3.client("s3")

    def write_lines(self, key: str, lines: Iterable[bytes]) -> None:
        """Store lines (without their line ends) as one gzip object."""
        body = gzip.compress(b"\n".join(lines) + b"\n", COMPRESSION_LEVEL, mtime=0)
        self._s3.put_object(
            Bucket=self.bucket, Key=key, Body=body, ContentType="application/x-ndjson",
            ContentEncoding="gzip",
        )  # fmt: skip

    def write_batch(
        self, batch_id: str, received_at: str, lines: Sequence[bytes]
    ) -> dict[str, Any]:
        """Store a staged batch; returns the detail with which it is announced."""
        key = batch_key(batch_id, received_at)
        self.write_lines(key, lines)
        return {
            "batch_id": batch_id,
            "bucket": self.bucket,
            "key": key,
            "rows": len(lines),
            "received_at": received_at,
        }

    def read_lines(self, key: str) -> Iterator[bytes]:
        """Read an object that write_lines stored; yields its lines, one in memory at a time."""
        return _lines(self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def write_json(self, key: str, value: Any) -> None:
        """Store one small JSON document, such as a COPY manifest."""
        self._s3.put_object(
            Bucket=self.bucket, Key=key, Body=json.dumps(value).encode(),
            ContentType="application/json",
        )  # fmt: skip

    def read_json(self, key: str) -> Any:
        """Return a document that write_json stored, None if there is none that can be read.

        Raises LakeUnavailable if the lake fails.
        """
        try:
            text = self.read_text(key)
            return None if text is None else json.loads(text)
        except ValueError:
            return None

    def write_text(self, key: str, text: str) -> None:
        """Store one text; raises LakeUnavailable if that failed for whatever reason."""
        with _told("not written"):
            self._s3.put_object(
                Bucket=self.bucket, Key=key, Body=text.encode(),
                ContentType="text/plain; charset=utf-8",
            )  # fmt: skip

    def read_text(self, key: str) -> str | None:
        """Return a text that write_text stored, None if there is none (that the caller may read).

        Raises LakeUnavailable if it could not be read.
        """
        with _told("not read"):
            try:
                body: bytes = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            except ClientError as fault:
                if _code(fault) in ABSENT:
                    return None
                raise
        return body.decode()

    def open_object(self, bucket: str, key: str, version_id: str | None) -> Any:
        """Open someone's object for streaming; returns S3's answer with `Body` unread.

        The version is named, so that an object overwritten meanwhile is still read as announced.
        """
        version = {"VersionId": version_id} if version_id else {}
        return self._s3.get_object(Bucket=bucket, Key=key, **version)

    def uri(self, key: str) -> str:
        """Return the s3:// address of a key of this bucket."""
        return f"s3://{self.bucket}/{key}"


class UploadLake(Lake):
    """A lake that takes back what it wrote of an upload."""

    def __init__(self, bucket: str, client: DeletingClient | None = None) -> None:
        self._deleting: DeletingClient = client or boto3.client("s3")
        super().__init__(bucket, self._deleting)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; errors of S3 go through."""
        for key in keys:
            self._deleting.delete_object(Bucket=self.bucket, Key=key)


class ListingLake(Lake):
    """A lake whose objects can be found; raises LakeUnavailable if they could not be."""

    def __init__(self, bucket: str, client: ListingClient | None = None) -> None:
        self._listing: ListingClient = client or boto3.client("s3")
        super().__init__(bucket, self._listing)

    def list(self, prefix: str) -> dict[str, int]:
        """Find the objects below a prefix, in the order of their keys, with their sizes in bytes."""
        return {entry["Key"]: entry["Size"] for entry in self._entries(prefix)}

    def stored_since(self, prefix: str, moment: datetime) -> Iterator[Stored]:
        """Yield the objects below a prefix that were stored at this moment or later."""
        for entry in self._entries(prefix):
            if entry["LastModified"] >= moment:
                yield Stored(entry["Key"], entry["LastModified"])

    def find_line(self, key: str, start: bytes) -> bytes | None:
        """Return the first line of an object that begins so; raises LakeUnavailable."""
        with _told("not read"):
            return next((line for line in self.read_lines(key) if line.startswith(start)), None)

    def lines_if_there(self, key: str) -> Iterator[bytes] | None:
        """Fetch an object whose lines are to be read, None if it is gone; raises LakeUnavailable.

        A refusal is not taken for absence, as long as the object is listed.
        """
        with _told("not read"):
            try:
                return self.read_lines(key)
            except ClientError as fault:
                if _code(fault) not in ABSENT or key in self.list(key):
                    raise
        return None

    def _entries(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        more: dict[str, str] = {}
        while True:
            with _told("not listed"):
                page = self._listing.list_objects_v2(Bucket=self.bucket, Prefix=prefix, **more)
            yield from page.get("Contents", ())
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}


class SigningLake(ListingLake):
    """A lake whose objects can be handed out to people who have no key to it."""

    def __init__(self, bucket: str, client: SigningClient | None = None) -> None:
        self._files: SigningClient = client or boto3.client("s3", config=SIGNING)
        super().__init__(bucket, self._files)

    def signed_url(self, key: str, seconds: int) -> str:
        """Make an address from which anyone can fetch an object for so many seconds.

        It ends earlier if the credentials that sign it do: a function's last for hours. Nobody is
        asked, so an object that is not there has an address too.
        """
        target = {"Bucket": self.bucket, "Key": key}
        return str(
            self._files.generate_presigned_url("get_object", Params=target, ExpiresIn=seconds)
        )


def brief_lake(bucket: str) -> ListingLake:
    """Open a bucket for someone who waits: calls to a silent lake are given up within 5 s."""
    return ListingLake(bucket, boto3.client("s3", config=BRIEF))


def _lines(packed: bytes) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as lines:
        for line in lines:
            yield line.rstrip(b"\n")


def _code(fault: ClientError) -> str:
    return str(fault.response.get("Error", {}).get("Code"))


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as fault:
        raise LakeUnavailable(f"{what}: {fault}") from fault


def batch_key(batch_id: str, received_at: str) -> str:
    """Name the object of a staged batch: by day of receipt (RFC 3339, UTC) and batch id."""
    return f"{batches_of(received_at)}{batch_id}.jsonl.gz"


def batches_of(received_at: str) -> str:
    """Name what the keys of the batches of a day of receipt (RFC 3339, UTC) begin with."""
    return f"batches/date={received_at[:10]}/"


def facts_key(event_type: str, batch_id: str, received_at: str) -> str:
    """Name the object of a batch's facts of one event type."""
    return f"facts/type={event_type}/date={received_at[:10]}/{batch_id}.jsonl.gz"


def step_key(step: str, batch_id: str) -> str:
    """Name the object that a step of the state machine leaves for the next one."""
    return f"steps/{batch_id}/{step}.jsonl.gz"


def export_prefix(export: str) -> str:
    """Name what the keys of an export's files begin with."""
    return f"exports/{export}/part-"


def manifest_key(load_id: str) -> str:
    """Name the COPY manifest of a load."""
    return f"manifests/{load_id}.manifest"


def last_check_key() -> str:
    """Name the object in which the conservation check tells its next run what it found."""
    return "checks/last.json"
