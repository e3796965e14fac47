"""A warehouse on this machine with a lake in memory, and the loads that tests put into it."""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from local.redshift_data.limits import Limits
from local.redshift_data.server import RedshiftDataServer
from pipeline.announcements import SOURCE
from pipeline.catalogue import load_catalogue
from pipeline.event import event_key
from pipeline.lake import ListingLake, batch_key, facts_key
from pipeline.load import ddl
from pipeline.load.plan import read_announcement
from pipeline.load.summing import rollup_tables
from pipeline.load.transactions import Loader, Outcome
from pipeline.warehouse import Warehouse

BUCKET = "lake"
ROLE = "arn:aws:iam::000000000000:role/copy"
DAY = "2013-01-01T10:00:00.000000Z"
ABSENT = object()

Row = dict[str, Any]
Message = dict[str, Any]


class MemoryBucket:
    """Objects in memory: an S3 client for the lake, an object store for COPY."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.stored_at: dict[str, datetime] = {}

    def put_object(self, **arguments: Any) -> None:
        self.objects[arguments["Key"]] = arguments["Body"]
        self.stored_at[arguments["Key"]] = datetime.now(UTC)

    def get_object(self, **arguments: Any) -> Any:
        return {"Body": io.BytesIO(self.objects[arguments["Key"]])}

    def list_objects_v2(self, **arguments: Any) -> Any:
        keys = self.list(arguments["Bucket"], arguments["Prefix"])
        return {"Contents": [self._entry(key) for key in keys]}

    def _entry(self, key: str) -> dict[str, Any]:
        stored_at = self.stored_at.get(key)
        return {"Key": key, "Size": len(self.objects[key]), "LastModified": stored_at}

    def generate_presigned_url(self, ClientMethod: str, **arguments: Any) -> Any:  # noqa: N803
        assert (ClientMethod, arguments["ExpiresIn"]) == ("get_object", 900)
        return f"https://signed/{arguments['Params']['Key']}"

    def read(self, bucket: str, key: str) -> bytes | None:
        return self.objects.get(key) if bucket == BUCKET else None

    def list(self, bucket: str, prefix: str) -> Sequence[str]:
        return sorted(key for key in self.objects if bucket == BUCKET and key.startswith(prefix))

    def write(self, bucket: str, key: str, body: bytes) -> None:
        assert bucket == BUCKET
        self.objects[key] = body

    def delete(self, bucket: str, key: str) -> None:
        raise NotImplementedError


class World:
    """A warehouse with its schema, and what fills it."""

    def __init__(self, data: Path | None = None) -> None:
        self.bucket = MemoryBucket()
        self.lake = ListingLake(BUCKET, self.bucket)
        self.catalogue = load_catalogue()
        self._numbers = count()
        self._server = RedshiftDataServer(data, self.bucket, limits=Limits(calls=False))

    def __enter__(self) -> Self:
        self._server.start()
        config = Config(retries={"total_max_attempts": 1})
        client = boto3.client(
            "redshift-data", endpoint_url=self._server.url, config=config,
            region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip
        self.warehouse = Warehouse("pipeline", "events", client)
        self.create_schema(self.catalogue)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def create_schema(self, catalogue: ddl.Catalogue) -> None:
        empty = ddl.Existing({}, frozenset())
        for batch in (ddl.create_tables(catalogue), *ddl.rebuild_rollups(catalogue, empty)):
            self.warehouse.execute_batch(batch, seconds=60)

    def query(self, sql: str) -> list[Row]:
        return self.warehouse.rows(sql, seconds=20)

    def scalar(self, sql: str) -> Any:
        ((_, value),) = self.query(sql)[0].items()
        return value

    def stage(
        self, batch_id: str, rows: Iterable[Row], announced: int | None = None, day: str = DAY
    ) -> Message:
        """Put a batch into the lake; returns the message that announces it."""
        numbered = [row | {"batch_id": batch_id, "position": n} for n, row in enumerate(rows)]
        key = batch_key(batch_id, day)
        self.lake.write_lines(key, (compact(row).encode() for row in numbered))
        return self.message(
            "BatchStaged",
            batch_id=batch_id, key=key, rows=announced or len(numbered), received_at=day,
        )  # fmt: skip

    def stage_facts(self, batch_id: str, **rows_by_type: list[Row]) -> Message:
        """Put facts (types with `__` for the dot) into the lake; returns their message."""
        facts = []
        for name, rows in rows_by_type.items():
            event_type = name.replace("__", ".")
            key = facts_key(event_type, batch_id, DAY)
            lines = (json.dumps(row | {"batch_id": batch_id}).encode() for row in rows)
            self.lake.write_lines(key, lines)
            facts.append({"type": event_type, "key": key, "rows": len(rows)})
        return self.message("FactsStaged", batch_id=batch_id, facts=facts)

    def poison(self, batch_id: str, body: bytes = b"no gzip") -> Message:
        key = batch_key(batch_id, DAY)
        self.bucket.put_object(Key=key, Body=body)
        return self.message("BatchStaged", batch_id=batch_id, key=key, rows=1, received_at=DAY)

    def message(self, kind: str, **detail: Any) -> Message:
        number = next(self._numbers)
        event = {"id": f"event-{number}", "source": SOURCE, "detail-type": kind}
        body = json.dumps(event | {"detail": {"bucket": BUCKET, **detail}})
        return {"messageId": f"message-{number}", "body": body}

    @contextmanager
    def without_rollups(self, name: str) -> Iterator[None]:
        """Let the rollups of a type be missing for a while, as while a deployment makes others."""
        tables = rollup_tables(self.catalogue[name])
        for table in tables:
            self.warehouse.execute(f"ALTER TABLE {table} RENAME TO away_{table}", seconds=20)
        try:
            yield
        finally:
            for table in tables:
                self.warehouse.execute(f"ALTER TABLE away_{table} RENAME TO {table}", seconds=20)

    def load(self, *messages: Message, left: Callable[[], float] = lambda: 60) -> Outcome:
        loader = Loader(self.warehouse, self.lake, self.catalogue, ROLE, left)
        read = [read_announcement(message, BUCKET, self.catalogue) for message in messages]
        return loader.load(read)


def event(number: int | str, *, received_at: str = DAY, **change: Any) -> Row:
    """Make a good row; `data` may be JSON text."""
    data = change.pop("data", {"page": "/", "visitor": "v", "duration_ms": number})
    text = data if isinstance(data, str) else json.dumps(data)
    row: Row = {
        "event_key": event_key("/test", str(number)),
        "fingerprint": sha256(text.encode()).hexdigest(),
        "entrance": "request",
        "received_at": received_at,
        "source": "/test",
        "id": str(number),
        "type": "page.viewed",
        "time": received_at,
        "data": text,
    }
    return {name: value for name, value in (row | change).items() if value is not ABSENT}


def quarantined(number: int, reason: str = "SCHEMA") -> Row:
    """Make a quarantined row."""
    kept = event(number)
    return {
        **{name: kept[name] for name in ("event_key", "fingerprint", "entrance", "received_at")},
        "reason": reason,
        "path": "$.data.page",
        "detail": "must be a string",
        "payload": "{not even JSON",
    }


def facts_of(row: Row, **columns: Any) -> Row:
    """Make the facts of a row of page.viewed."""
    own = {name: row[name] for name in ("event_key", "fingerprint", "time")}
    return {**own, **json.loads(row["data"]), **columns}


def compact(value: Any) -> str:
    """Write JSON without spaces, as rows are written."""
    return json.dumps(value, separators=(",", ":"))
