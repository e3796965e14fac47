"""A lake of which somebody takes away what belongs there."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.faults.site import Site, Stir, look


@contextmanager
def batch_deleted(site: Site) -> Iterator[Stir]:
    """Delete a batch that is loaded, and look; the bucket keeps it as an older version."""
    client, bucket = site.client("s3"), site.stack.bucket
    key = site.loaded_batch()
    marker = client.delete_object(Bucket=bucket, Key=key)["VersionId"]
    try:
        yield lambda: look(site)
    finally:
        client.delete_object(Bucket=bucket, Key=key, VersionId=marker)
