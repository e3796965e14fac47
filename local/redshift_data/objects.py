"""The object store of COPY and UNLOAD: S3, or what answers like it."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.redshift_data.errors import StatementError

_MISSING = ("NoSuchKey", "NoSuchBucket", "404")
_CONNECTIONS = 32
_CONNECT_SECONDS = 5
_READ_SECONDS = 30


class S3Objects:
    """Reads objects through boto3; endpoint and credentials as boto3 finds them."""

    def __init__(self, endpoint: str | None = None) -> None:
        config = Config(
            max_pool_connections=_CONNECTIONS,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            s3={"addressing_style": "path"} if endpoint else None,
            retries={"max_attempts": 3, "mode": "standard"},
        )
        self._client = boto3.session.Session().client("s3", endpoint_url=endpoint, config=config)

    def list(self, bucket: str, prefix: str) -> list[str]:
        """Return the keys that start with a prefix, in order; raises StatementError."""
        pages = self._client.get_paginator("list_objects_v2")
        with _named(f"s3://{bucket}/{prefix}"):
            found = pages.paginate(Bucket=bucket, Prefix=prefix)
            return [each["Key"] for page in found for each in page.get("Contents", ())]

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is none; raises StatementError."""
        with _named(f"s3://{bucket}/{key}"):
            try:
                answer = self._client.get_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in _MISSING:
                    return None
                raise
            with answer["Body"] as body:
                return bytes(body.read())

    def write(self, bucket: str, key: str, body: bytes) -> None:
        """Store an object, in place of the one that has its key; raises StatementError."""
        with _named(f"s3://{bucket}/{key}"):
            self._client.put_object(Bucket=bucket, Key=key, Body=body)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object if it is there; raises StatementError."""
        with _named(f"s3://{bucket}/{key}"):
            self._client.delete_object(Bucket=bucket, Key=key)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


@contextmanager
def _named(address: str) -> Iterator[None]:
    """Say which object an answer other than success was about."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise StatementError(f"S3ServiceException: {code} for {address}") from error
    except BotoCoreError as error:
        raise StatementError(f"S3ServiceException: {error}") from error
