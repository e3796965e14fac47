"""Messages become one lake object and one announcement; what is not ours is quarantined."""

import gzip
import importlib
import json
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.bus import Bus
from pipeline.errors import DeliveryFailed
from pipeline.lake import Lake
from pipeline.sql import statement
from pipeline.stage.rows import WIDTHS, make_batch

EVENTS = Path(__file__).parents[2] / "events"


class MemoryS3:
    """Keeps objects in a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, **arguments: Any) -> None:
        self.objects[arguments["Key"]] = arguments["Body"]

    def get_object(self, **arguments: Any) -> Any:
        raise NotImplementedError


class MemoryBus:
    """Keeps announcements, or refuses them."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.refuses = False

    def put_events(self, **arguments: Any) -> Any:
        self.entries += arguments["Entries"]
        return {"FailedEntryCount": int(self.refuses), "Entries": arguments["Entries"]}


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAKE_BUCKET", "lake")
        patch.setenv("BUS_NAME", "bus")
        yield importlib.import_module("pipeline.stage.batch")


@pytest.fixture
def s3(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> MemoryS3:
    fake = MemoryS3()
    monkeypatch.setattr(module, "lake", Lake("lake", fake))
    return fake


@pytest.fixture
def bus(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> MemoryBus:
    fake = MemoryBus()
    monkeypatch.setattr(module, "bus", Bus("bus", fake))
    return fake


def sample() -> Any:
    return json.loads((EVENTS / "stage_batch.json").read_text())


def foreign(**changes: Any) -> Any:
    return {**sample()["Records"][1], **changes}


def row_of(message: Any) -> Any:
    [line] = make_batch([message]).lines
    return json.loads(line)


def test_a_batch_is_one_object_and_one_announcement(
    module: ModuleType, s3: MemoryS3, bus: MemoryBus, context: object
) -> None:
    assert module.handler(sample(), context) == {"batchItemFailures": []}
    [(key, body)] = s3.objects.items()
    rows = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    ids = "\n".join(record["messageId"] for record in sample()["Records"])
    batch_id = sha256(ids.encode()).hexdigest()
    assert key == f"batches/date=2026-01-01/{batch_id}.jsonl.gz"
    assert [(row["batch_id"], row["position"]) for row in rows] == [(batch_id, n) for n in range(4)]
    [entry] = bus.entries
    assert entry["DetailType"] == "BatchStaged"
    assert json.loads(entry["Detail"]) == {
        "batch_id": batch_id,
        "bucket": "lake",
        "key": key,
        "rows": 4,
        "received_at": "2026-01-01T10:17:00.250000Z",
    }


def test_rows_are_otherwise_untouched() -> None:
    sent = [line for record in sample()["Records"] for line in record["body"].split("\n")]
    kept = [line.decode() for line in make_batch(sample()["Records"]).lines]
    assert [line[: line.index(',"batch_id"')] + "}" for line in kept] == sent


def test_the_order_of_messages_does_not_matter() -> None:
    records = sample()["Records"]
    assert make_batch(records) == make_batch(records[::-1])


@pytest.mark.parametrize(
    "changes",
    [
        {"messageAttributes": {}},
        {"messageAttributes": None},
        {"messageAttributes": {"format": {"stringValue": "rows.v2", "dataType": "String"}}},
        {"messageAttributes": {"format": {"binaryValue": "cm93cw==", "dataType": "Binary"}}},
        {"messageAttributes": {"format": {"stringValue": "1", "dataType": "Number"}}},
        {"body": ""},
        {"body": "hello"},
        {"body": '{"Records":[{"eventSource":"aws:s3","s3":{}}]}'},
        {"body": '{"Type":"Notification","Message":"{}"}'},
        {"body": '{"event_key":"x"}'},
    ],
    ids=lambda changes: repr(changes)[:60],
)
def test_a_message_that_is_not_ours_is_quarantined_whole(changes: dict[str, Any]) -> None:
    message = foreign(**changes)
    row = row_of(message)
    assert (row["reason"], row["entrance"]) == ("FOREIGN_MESSAGE", "queue")
    assert row["payload"] == message["body"]
    assert row["received_at"] == "2026-01-01T10:17:01.300000Z"


def test_a_foreign_message_of_1_mib_is_left_out() -> None:
    row = row_of(foreign(body="é" * 500_000))
    assert "payload" not in row
    assert "left out" in row["detail"]


def test_a_foreign_message_does_not_stop_the_others() -> None:
    batch = make_batch([sample()["Records"][0], foreign(body="hello")])
    assert ["reason" in json.loads(line) for line in batch.lines] == [False, False, False, True]
    assert batch.foreign == 1


GOOD = {
    "event_key": "a" * 64,
    "fingerprint": "b" * 64,
    "entrance": "request",
    "received_at": "2026-01-01T10:17:00.250000Z",
    "source": "/s",
    "id": "1",
    "type": "page.viewed",
    "time": "2026-01-01T10:17:00Z",
    "data": "{}",
}


def row_text(**changes: Any) -> str:
    row = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return json.dumps(row, separators=(",", ":"))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        row_text()[:-1],
        row_text()[:-1] + ',"id":"2"}',
        row_text()[:-2] + "}",
        row_text(received_at="2026-01-01T10:17Z"),
        row_text(received_at="....................Z"),
        row_text(time="yesterday"),
        row_text(time=None),
        row_text(data=None),
        row_text(data="{{"),
        row_text(data="[]"),
        row_text(data='{"a":NaN}'),
        row_text(data='{"a":"\\u0000"}'),
        row_text(extensions="x"),
        row_text(type={"a": 1}),
        row_text(subject=5),
        row_text(subject="\0"),
        row_text(subject="é" * 4097),
        row_text(entrance="x" * 17),
        row_text(batch_id="mine"),
        row_text(unknown="x"),
    ],
    ids=lambda line: line[-60:],
)
def test_a_line_that_the_warehouse_would_refuse_costs_only_itself(line: str) -> None:
    good = row_text(subject="é" * 4096, extensions='{"a":1}')
    batch = make_batch([foreign(body="\n".join([good, line, row_text(id="2")]))])
    rows = [json.loads(text) for text in batch.lines]
    assert [row.get("reason") for row in rows] == [None, "FOREIGN_MESSAGE", None]
    assert rows[1]["payload"] == line
    assert batch.foreign == 1


def test_bad_lines_of_one_message_have_keys_of_their_own() -> None:
    batch = make_batch([foreign(body="a\nb\nb")])
    assert len({json.loads(line)["event_key"] for line in batch.lines}) == 3


def test_a_row_is_as_wide_as_the_staging_table() -> None:
    sql = statement("load/create_staged_events")
    columns = dict(re.findall(r'^ +"?(\w+)"? (?:VARCHAR\((\d+)\)|TIMESTAMPTZ)', sql, re.MULTILINE))
    assert columns.pop("batch_id")
    assert columns.pop("correlation_id")
    assert columns.keys() == WIDTHS.keys()
    assert {name: int(width) for name, width in columns.items() if width} == {
        name: width for name, width in WIDTHS.items() if columns[name]
    }


def correlated(told: Any, body: str = "", **changes: Any) -> Any:
    attributes = {
        "format": {"stringValue": "rows.v1", "dataType": "String"},
        "correlation_id": {"stringValue": told, "dataType": "String"},
    }
    return foreign(body=body or row_text(), messageAttributes=attributes, **changes)


def test_rows_keep_what_they_came_with() -> None:
    batch = make_batch([correlated("c-1", messageId="m-1"), correlated("c-1", messageId="m-2")])
    assert [json.loads(line)["correlation_id"] for line in batch.lines] == ["c-1", "c-1"]
    assert batch.correlation_ids == ("c-1",)


def test_messages_of_an_earlier_release_are_staged_as_they_were() -> None:
    row = row_of(foreign(body=row_text()))
    assert row == GOOD | {"batch_id": row["batch_id"], "position": 0}


@pytest.mark.parametrize("told", ["x" * 65, 'a","id":"b', "a b", "", None, "é"])
def test_an_id_of_another_form_is_not_taken(told: Any) -> None:
    row = row_of(correlated(told))
    assert "reason" not in row
    assert "correlation_id" not in row


def test_a_foreign_line_does_not_get_the_id_of_others() -> None:
    assert "correlation_id" not in row_of(correlated("c-1", body="hello"))


def test_a_batch_is_counted_by_entrance_and_type(  # noqa: PLR0913, PLR0917 (fixtures)
    module: ModuleType,
    s3: MemoryS3,
    bus: MemoryBus,
    context: object,
    metrics_of: Callable[[Callable[[], Any]], dict[tuple[str, ...], float]],
    log: list[dict[str, Any]],
    reasons: Callable[[], list[tuple[Any, ...]]],
) -> None:
    lines = [
        row_text(), row_text(id="2", entrance="webhook"), row_text(id="3"),
        row_text(id="4", entrance="janedoe", type="jane.doe"), "hello",
    ]  # fmt: skip
    records = [correlated("c-1", body="\n".join(lines))]
    counted = metrics_of(lambda: module.handler({"Records": records}, context))
    assert counted.pop(("BatchAge",)) > 0
    assert counted.pop(("BatchBytes",)) == len(gzip.decompress(*s3.objects.values()))
    assert counted == {
        ("BatchesStaged",): 1,
        ("BatchEvents",): 5,
        ("ForeignMessages",): 1,
        ("EventsStaged", "request", "page.viewed"): 2,
        ("EventsStaged", "webhook", "page.viewed"): 1,
        ("EventsStaged", "queue", "other"): 2,
        ("EventsQuarantined", "queue", "other"): 1,
    }
    assert len(bus.entries) == 1
    assert reasons() == [("queue", "other", "FOREIGN_MESSAGE", 1)]
    line = log[-1]
    assert line["batch_id"] == make_batch(records).batch_id
    assert (line["correlation_ids"], line["staged"], line["foreign"]) == (["c-1"], 5, 1)
    assert "jane" not in json.dumps(log)


def test_a_refused_announcement_leaves_the_messages_in_the_queue(
    module: ModuleType, s3: MemoryS3, bus: MemoryBus, context: object
) -> None:
    bus.refuses = True
    with pytest.raises(DeliveryFailed):
        module.handler(sample(), context)
    first = dict(s3.objects)
    bus.refuses = False
    module.handler(sample(), context)
    assert s3.objects == first
    assert bus.entries[0] == bus.entries[1]
