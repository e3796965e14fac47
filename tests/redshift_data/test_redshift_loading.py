"""COPY, MERGE and LOCK as a load uses them, through a real boto3 client."""

import gzip
import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.redshift_data.testing import MemoryObjects, Warehouse, running

DEADLINE_SECONDS = 20
COPY = (
    "COPY {table} FROM 's3://lake/{manifest}' IAM_ROLE 'arn:aws:iam::123456789012:role/loader' "
    "MANIFEST GZIP FORMAT AS JSON 'auto' TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF"
)


class GatedObjects(MemoryObjects):
    """Objects that can be held back, to stop a load in its midst."""

    def __init__(self) -> None:
        super().__init__()
        self.held = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def read(self, bucket: str, key: str) -> bytes | None:
        if not self.gate.is_set():
            self.held.set()
            assert self.gate.wait(DEADLINE_SECONDS)
        return super().read(bucket, key)

    def put_manifest(self, manifest: str, *files: Sequence[dict[str, Any]]) -> None:
        entries = []
        for number, records in enumerate(files):
            key = f"{manifest}.{number}.gz"
            lines = "".join(f"{json.dumps(record)}\n" for record in records)
            self.objects["lake", key] = gzip.compress(lines.encode())
            entries.append({"url": f"s3://lake/{key}", "mandatory": True})
        self.objects["lake", manifest] = json.dumps({"entries": entries}).encode()


@pytest.fixture
def objects() -> GatedObjects:
    return GatedObjects()


@pytest.fixture
def warehouse(objects: GatedObjects) -> Iterator[Warehouse]:
    with running(objects=objects) as warehouse:
        warehouse.execute(
            "CREATE TABLE IF NOT EXISTS events (event_key CHAR(4) NOT NULL, type VARCHAR(8), "
            "time TIMESTAMPTZ, n BIGINT, f DOUBLE PRECISION, price DECIMAL(6,2), ok BOOLEAN, "
            "note VARCHAR(64), data SUPER, PRIMARY KEY (event_key)) "
            "DISTSTYLE KEY DISTKEY (event_key) SORTKEY (time)"
        )
        warehouse.execute("CREATE TABLE load_mutex (unused BOOLEAN) DISTSTYLE AUTO SORTKEY AUTO")
        yield warehouse


def copy(table: str = "events", manifest: str = "m") -> str:
    return COPY.format(table=table, manifest=manifest)


def test_copy_matches_keys_to_columns(warehouse: Warehouse, objects: GatedObjects) -> None:
    record = {
        "event_key": "k1",
        "time": "2013-01-01T10:00:00.123456+01:00",
        "n": 5,
        "f": 1.5,
        "price": "12.345",
        "ok": True,
        "note": {"a": [1, 2]},
        "data": {"z": 1, "a": None},
        "unknown": "ignored",
    }
    objects.put_manifest("m", [record], [{"event_key": "k2", "type": None, "n": ""}])
    described = warehouse.execute(copy())
    assert (described["Status"], described["ResultRows"]) == ("FINISHED", 2)
    first, second = warehouse.rows("SELECT * FROM events ORDER BY event_key")
    assert first[:6] == ["k1  ", None, "2013-01-01 09:00:00.123456+00", 5, 1.5, "12.34"]
    assert first[6:] == [True, '{"a":[1,2]}', '{"z":1,"a":null}']
    assert second == ["k2  ", *[None] * 8]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"event_key": "k1", "type": "ninechars"}, "value too long for type character varying(8)"),
        ({"event_key": "k1", "type": "ééééé"}, "value too long for type character varying(8)"),
        ({"event_key": "k1", "n": "five"}, 'invalid input syntax for integer: "five"'),
        ({"event_key": "k1", "n": 1.5}, 'invalid input syntax for integer: "1.5"'),
        ({"event_key": "k1", "time": "yesterday"}, "invalid input syntax for type timestamp"),
        ({"event_key": "k1", "price": 12345.6}, "Numeric data overflow"),
        ({"event_key": "k1", "price": "1e3"}, "COPY of an exponent into NUMERIC"),
        ({"event_key": "k1", "unknown": "x" * 4_194_304}, "larger than 4 MB"),
        ({"type": "x"}, "Cannot insert a NULL value into column event_key"),
    ],
)
def test_a_bad_value_fails_the_load(
    warehouse: Warehouse, objects: GatedObjects, record: dict[str, Any], reason: str
) -> None:
    objects.put_manifest("m", [{"event_key": "k0"}, record])
    error = warehouse.error(copy())
    assert error.startswith("ERROR: Load into table 'events' failed.")
    assert reason in error
    assert warehouse.value("SELECT COUNT(*) FROM events") == 0


def test_a_mandatory_object_must_be_there(warehouse: Warehouse, objects: GatedObjects) -> None:
    objects.put_manifest("m", [{"event_key": "k1"}])
    del objects.objects["lake", "m.0.gz"]
    assert "s3://lake/m.0.gz does not exist" in warehouse.error(copy())


def test_without_manifest_the_address_is_a_prefix(
    warehouse: Warehouse, objects: GatedObjects
) -> None:
    objects.put_manifest("m", [{"event_key": "k1"}], [{"event_key": "k2"}])
    sql = copy(manifest="m.").replace("MANIFEST", "")
    assert warehouse.execute(sql)["ResultRows"] == 2


MERGE = (
    "MERGE INTO events USING staged ON events.event_key = staged.event_key "
    "WHEN MATCHED THEN UPDATE SET n = staged.n WHEN NOT MATCHED THEN "
    "INSERT (event_key, n, data) VALUES (staged.event_key, staged.n, JSON_PARSE(staged.note))"
)


def stage(*rows: str) -> tuple[str, str]:
    return "CREATE TEMP TABLE staged (LIKE events)", (
        f"INSERT INTO staged (event_key, n, note) VALUES {', '.join(rows)}"
    )


def test_merge_updates_and_inserts(warehouse: Warehouse) -> None:
    warehouse.execute("INSERT INTO events (event_key, n) VALUES ('a', 1)")
    described = warehouse.batch(*stage("('a', 2, NULL)", "('b', 3, '{\"x\": 1}')"), MERGE)
    assert described["SubStatements"][2]["ResultRows"] == 2
    rows = warehouse.rows("SELECT event_key, n, data FROM events ORDER BY 1")
    assert rows == [["a   ", 2, None], ["b   ", 3, '{"x":1}']]


def test_merge_refuses_two_rows_for_one(warehouse: Warehouse) -> None:
    warehouse.execute("INSERT INTO events (event_key, n) VALUES ('a', 1)")
    error = warehouse.error(*stage("('a', 2, NULL)", "('a', 3, NULL)"), MERGE)
    assert error.endswith("ERROR: Found multiple matches to update the same tuple.")


@pytest.mark.parametrize(
    "sql",
    [
        MERGE.replace("INTO events", "INTO events AS e"),
        MERGE.replace("USING staged", "USING (SELECT * FROM staged)"),
        MERGE[: MERGE.index("WHEN NOT")],
        MERGE.replace("WHEN MATCHED", "WHEN MATCHED AND staged.n > 1"),
        MERGE.replace("n = staged.n W", "n = staged.data.n::BIGINT W"),
        MERGE.replace("USING staged ON events.event_key = staged", "USING events ON events"),
    ],
)
def test_merge_keeps_to_its_rules(warehouse: Warehouse, sql: str) -> None:
    assert warehouse.error(*stage("('a', 2, NULL)"), sql).startswith("Query #3 failed with ERROR")


def test_lock_makes_loads_take_turns(warehouse: Warehouse, objects: GatedObjects) -> None:
    objects.put_manifest("m", [{"event_key": "k1"}])
    objects.gate.clear()
    count = "INSERT INTO events (event_key, n) SELECT 'k2', COUNT(*) FROM events"
    submit = warehouse.client.batch_execute_statement
    first = submit(Sqls=["LOCK load_mutex", copy()], **warehouse.where)["Id"]
    assert objects.held.wait(DEADLINE_SECONDS)
    second = submit(Sqls=["LOCK load_mutex", count], WaitTimeSeconds=1, **warehouse.where)
    assert second["Status"] not in ("FINISHED", "FAILED")
    assert warehouse.value("SELECT COUNT(*) FROM events") == 0

    objects.gate.set()
    assert warehouse.wait(first)["Status"] == "FINISHED"
    assert warehouse.wait(second["Id"])["Status"] == "FINISHED"
    assert warehouse.value("SELECT n FROM events WHERE event_key = 'k2'") == 1


def test_parallel_loads_of_one_key_make_one_row(warehouse: Warehouse) -> None:
    def load(number: int) -> str:
        described = warehouse.batch("LOCK load_mutex", *stage(f"('a', {number}, NULL)"), MERGE)
        return str(described["Status"])

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(load, range(24))) == {"FINISHED"}
    assert warehouse.value("SELECT COUNT(*) FROM events") == 1


def test_a_waiting_statement_can_be_cancelled(warehouse: Warehouse, objects: GatedObjects) -> None:
    objects.put_manifest("m", [{"event_key": "k1"}])
    objects.gate.clear()
    submit = warehouse.client.batch_execute_statement
    first = submit(Sqls=["LOCK load_mutex", copy()], **warehouse.where)["Id"]
    assert objects.held.wait(DEADLINE_SECONDS)
    second = submit(Sqls=["LOCK load_mutex"], **warehouse.where)["Id"]
    assert warehouse.client.cancel_statement(Id=second)["Status"] is True
    assert warehouse.wait(second)["Status"] == "ABORTED"
    objects.gate.set()
    assert warehouse.wait(first)["Status"] == "FINISHED"


def test_a_running_statement_can_be_cancelled(warehouse: Warehouse) -> None:
    ten = "SELECT 1 AS n " + "UNION ALL SELECT 1 " * 9
    names = "abcdefghijkl"
    tables = ", ".join(f"t {name}" for name in names)
    total = " + ".join(f"{name}.n" for name in names)
    sql = f"WITH t AS ({ten}) SELECT SUM({total}) FROM {tables}"
    answer = warehouse.client.execute_statement(Sql=sql, WaitTimeSeconds=1, **warehouse.where)
    assert answer["Status"] == "STARTED"
    warehouse.client.cancel_statement(Id=answer["Id"])
    assert warehouse.wait(answer["Id"])["Status"] == "ABORTED"
