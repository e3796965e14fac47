"""The object store that COPY reads from: S3, or what answers like it."""

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

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is none; raises StatementError."""
        try:
            answer = self._client.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _MISSING:
                return None
            raise StatementError(f"S3ServiceException: {code} for s3://{bucket}/{key}") from error
        except BotoCoreError as error:
            raise StatementError(f"S3ServiceException: {error}") from error
        with answer["Body"] as body:
            return bytes(body.read())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
