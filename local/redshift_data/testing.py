"""What tests need: a server in this process, objects in memory and a client that waits."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local.redshift_data.conformance import watch
from local.redshift_data.limits import Limits
from local.redshift_data.server import RedshiftDataServer
from local.redshift_data.settings import Settings

WAIT_SECONDS = 30
_CONNECTIONS = 64
UNLIMITED_CALLS = Limits(calls=False)
"""Tests call faster than the quota of calls a second; the other quotas hold."""


class MemoryObjects:
    """An object store in a dictionary, by (bucket, key)."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}

    def list(self, bucket: str, prefix: str) -> Sequence[str]:
        """Return the keys that start with a prefix, in order."""
        return sorted(key for at, key in self.objects if at == bucket and key.startswith(prefix))

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is no such object."""
        return self.objects.get((bucket, key))

    def write(self, bucket: str, key: str, body: bytes) -> None:
        """Store an object, in place of the one that has its key."""
        self.objects[bucket, key] = body

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object if it is there."""
        self.objects.pop((bucket, key), None)


class SlowObjects(MemoryObjects):
    """An object store that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.answering = threading.Event()

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object's bytes once `answering` is set."""
        self.asked.set()
        self.answering.wait(WAIT_SECONDS)
        return super().read(bucket, key)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return self.now


class Warehouse:
    """Runs SQL through a real boto3 client and waits for the end."""

    def __init__(
        self, endpoint: str, database: str = "dev", *, access_key: str = "local", **config: Any
    ) -> None:
        self.client = boto3.client(
            "redshift-data",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=access_key,
            aws_secret_access_key="local",  # noqa: S106 - nothing checks it here
            config=Config(
                retries={"total_max_attempts": 1}, max_pool_connections=_CONNECTIONS, **config
            ),
        )
        watch(self.client)
        self.where = {"WorkgroupName": "local-workgroup", "Database": database}

    def execute(self, sql: str, **members: Any) -> dict[str, Any]:
        """Run one statement and return its description."""
        submitted = self.client.execute_statement(Sql=sql, **self.where, **members)
        return self.wait(submitted["Id"])

    def batch(self, *sqls: str, **members: Any) -> dict[str, Any]:
        """Run statements in one call and return the description."""
        submitted = self.client.batch_execute_statement(Sqls=sqls, **self.where, **members)
        return self.wait(submitted["Id"])

    def wait(self, identifier: str) -> dict[str, Any]:
        """Return a statement's description once it is over, or after WAIT_SECONDS."""
        described = self.client.describe_statement(Id=identifier, WaitTimeSeconds=WAIT_SECONDS)
        return dict(described)

    def rows(self, sql: str, **parameters: str) -> list[list[Any]]:
        """Return a query's rows as plain values; raises AssertionError with its error."""
        described = self.execute(sql, **as_members(parameters))
        if described["Status"] != "FINISHED":
            raise AssertionError(described.get("Error"))
        result = self.client.get_statement_result(Id=described["Id"])
        return [[_value(field) for field in record] for record in result["Records"]]

    def value(self, sql: str, **parameters: str) -> Any:
        """Return the one value of a query."""
        ((value,),) = self.rows(sql, **parameters)
        return value

    def error(self, *sqls: str, **parameters: str) -> str:
        """Return the error of statements that must fail."""
        run = self.execute if len(sqls) == 1 else self.batch
        described = run(*sqls, **as_members(parameters))
        return str(described.get("Error") or described["Status"])

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


def as_members(parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return parameters as the API's member, which must not be empty."""
    listed = [{"name": name, "value": value} for name, value in parameters.items()]
    return {"Parameters": listed} if listed else {}


def _value(field: Mapping[str, Any]) -> Any:
    return None if field.get("isNull") else next(iter(field.values()))


@contextmanager
def running(
    data: Path | None = None,
    objects: MemoryObjects | None = None,
    limits: Limits = UNLIMITED_CALLS,
    **settings: Any,
) -> Iterator[Warehouse]:
    """Run a server in this process, in memory unless `data` is a folder.

    `settings` are those of Settings; answers that the service model does not allow raise.
    """
    chosen = Settings(limits=limits, **settings)
    with RedshiftDataServer(data, objects or MemoryObjects(), settings=chosen) as server:
        warehouse = Warehouse(server.url)
        try:
            yield warehouse
        finally:
            warehouse.close()
