"""What tests need: a server in this process, objects in memory and a client that waits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local.redshift_data.limits import Limits
from local.redshift_data.server import RedshiftDataServer

WAIT_SECONDS = 30
UNLIMITED_CALLS = Limits(calls=False)
"""Tests call faster than the quota of calls a second; the other quotas hold."""


class MemoryObjects:
    """An object store in a dictionary, by (bucket, key)."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is no such object."""
        return self.objects.get((bucket, key))


class Warehouse:
    """Runs SQL through a real boto3 client and waits for the end."""

    def __init__(self, endpoint: str, database: str = "dev") -> None:
        self.client = boto3.client(
            "redshift-data",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - nothing checks it here
            config=Config(retries={"total_max_attempts": 1}),
        )
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
) -> Iterator[Warehouse]:
    """Run a server in this process, in memory unless `data` is a folder."""
    with RedshiftDataServer(data, objects or MemoryObjects(), limits=limits) as server:
        warehouse = Warehouse(server.url)
        try:
            yield warehouse
        finally:
            warehouse.close()
