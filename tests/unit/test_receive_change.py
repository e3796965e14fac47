"""DynamoDB streams: inserted items are events, exact, and no item blocks its shard."""

import importlib
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.catalogue import load_catalogue
from pipeline.errors import DeliveryFailed, MalformedEvent
from pipeline.event import make_row, receive_at
from pipeline.exact_json import decode, write
from pipeline.receive.dynamodb import make_change_row, plain

EVENTS = Path(__file__).parents[2] / "events"
CATALOGUE = load_catalogue()


class Queue:
    """Keeps rows and counts the calls, or refuses."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.calls = 0
        self.correlation_ids: list[str] = []
        self.refuses = False

    def send(self, lines: Iterable[str], correlation_id: str) -> int:
        self.calls += 1
        self.correlation_ids.append(correlation_id)
        if self.refuses:
            raise DeliveryFailed("refused")
        self.rows.extend(json.loads(line) for line in lines)
        return len(self.rows)


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENT_QUEUE_URL", "https://sqs.example/queue")
        yield importlib.import_module("pipeline.receive.change")


@pytest.fixture
def queue(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Queue:
    fake = Queue()
    monkeypatch.setattr(module, "queue", fake)
    return fake


def sample() -> Any:
    return json.loads((EVENTS / "receive_change.json").read_text())


def record_with(**attributes: Any) -> Any:
    record = sample()["Records"][0]
    record["dynamodb"]["NewImage"].update(attributes)
    return record


def row_of(record: Any) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(make_change_row(record, CATALOGUE).line)
    return row


def test_inserted_items_are_events(module: ModuleType, queue: Queue, context: object) -> None:
    assert module.handler(sample(), context) == {"batchItemFailures": []}
    own, minted = queue.rows
    assert (own["source"], own["entrance"]) == ("/airports/EWR", "change")
    assert minted["source"] == "dynamodb:EventTable"
    assert minted["id"] == sample()["Records"][1]["eventID"]
    assert queue.calls == 1


def test_what_came_together_has_the_id_of_its_first_record(
    module: ModuleType, queue: Queue, context: Any, log: list[dict[str, Any]]
) -> None:
    event = sample()
    module.handler(event, context)
    first = event["Records"][0]["eventID"]
    assert queue.correlation_ids == [first]
    assert [(line["correlation_id"], line["received"]) for line in log] == [(first, 2)]
    event["Records"][0]["eventID"] = "a name of somebody"
    module.handler(event, context)
    assert queue.correlation_ids[1:] == [context.aws_request_id]


def test_the_record_tells_when_it_was_received() -> None:
    assert row_of(sample()["Records"][0])["received_at"] == "2026-01-01T10:17:01.000000Z"


def test_a_record_delivered_again_gives_the_same_line() -> None:
    lines = {make_change_row(record, CATALOGUE).line for record in sample()["Records"][:1] * 2}
    assert len(lines) == 1


def test_an_item_has_the_fingerprint_of_its_json() -> None:
    record = sample()["Records"][0]
    data = {"flight_date": "2013-01-01", "carrier": "UA", "flight": 1.0, "origin": "EWR",
            "dest": "IAH", "scheduled": "2013-01-01T10:15:00Z", "distance": 1400,
            "dep_delay": -2, "ratio": decode("0.1234567890123456789"), "tailnum": None}  # fmt: skip
    typed = {name: typed_value(value) for name, value in data.items()}
    record["dynamodb"]["NewImage"]["data"] = {"M": typed}
    row = row_of(record)
    event = {name: row[name] for name in ("source", "id", "type", "time")}
    text = write({**event, "specversion": "1.0", "data": data})
    same = make_row(decode(text), receive_at("request", datetime.now(UTC)), CATALOGUE)
    assert json.loads(same.line)["fingerprint"] == row["fingerprint"]
    assert "reason" not in row


def typed_value(value: Any) -> dict[str, Any]:
    if value is None:
        return {"NULL": True}
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ({"S": ""}, ""),
        ({"N": "39.0"}, 39),
        ({"N": "1E+2"}, 100),
        ({"N": "9007199254740993"}, 9007199254740993),
        ({"BOOL": False}, False),
        ({"NULL": True}, None),
        ({"SS": ["b", "a"]}, ["a", "b"]),
        ({"NS": ["10", "9", "1.5"]}, [1.5, 9, 10]),
        ({"L": [{"S": "x"}, {"M": {"a": {"N": "1"}}}]}, ["x", {"a": 1}]),
        ({"M": {}}, {}),
    ],
)
def test_typed_values_become_plain(typed: dict[str, Any], value: Any) -> None:
    assert plain(typed) == value


def test_numbers_keep_all_38_digits() -> None:
    digits = "1.2345678901234567890123456789012345678"
    assert write(plain({"N": digits})) == digits


@pytest.mark.parametrize(
    "typed",
    [{"B": "AAE="}, {"BS": ["AAE="]}, {"X": 1}, {}, {"S": "a", "N": "1"}, "x", {"N": "NaN"},
     {"N": "1" * 39}],
)  # fmt: skip
def test_values_that_json_cannot_hold_are_faults(typed: Any) -> None:
    with pytest.raises(MalformedEvent):
        plain(typed)


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"data": {"B": "AAE="}}, "BINARY"),
        ({"data": {"M": {"x": {"BS": ["AAE="]}}}}, "BINARY"),
        ({"data": {"S": "text"}}, "INVALID"),
        ({"data": {"NULL": True}}, "MISSING"),
        ({"data": {"M": {}}}, "SCHEMA"),
        ({"data": {"M": {"x": {"S": "a\0b"}}}}, "NUL"),
        ({"data": {"M": {"x": {"S": "\ud800"}}}}, "LONE_SURROGATE"),
        ({"data": {"M": {"x": deep(80)}}}, "TOO_DEEP"),
        ({"data": {"M": {"x": {"N": "x"}}}}, "NOT_A_NUMBER"),
        ({"id": {"N": "7"}}, "INVALID"),
        ({"id": {"S": "a\nb"}}, "INVALID"),
        ({"type": {"S": "unknown"}}, "UNKNOWN_TYPE"),
        ({"time": {"S": "noon"}}, "INVALID"),
        ({"type": {"L": []}}, "INVALID"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_poison_becomes_a_quarantined_row(attributes: Any, reason: str) -> None:
    row = row_of(record_with(**attributes))
    assert row["reason"] == reason
    assert len(row["event_key"]) == 64


def test_a_poison_in_the_middle_does_not_stop_the_rest(
    module: ModuleType, queue: Queue, context: object
) -> None:
    records = [sample()["Records"][0], record_with(data={"B": "AAE="}), sample()["Records"][1]]
    assert module.handler({"Records": records}, context) == {"batchItemFailures": []}
    assert ["reason" in row for row in queue.rows] == [False, True, False]


def test_a_record_without_image_is_quarantined() -> None:
    record = sample()["Records"][0]
    del record["dynamodb"]["NewImage"]
    assert row_of(record)["reason"] == "NO_IMAGE"


def test_why_items_were_quarantined_is_logged(
    module: ModuleType, queue: Queue, context: object, reasons: Callable[[], list[tuple[Any, ...]]]
) -> None:
    record = sample()["Records"][0]
    del record["dynamodb"]["NewImage"]
    module.handler({"Records": [record]}, context)
    assert len(queue.rows) == 1
    assert reasons() == [("change", "other", "NO_IMAGE", 1)]


def test_other_changes_are_counted_and_ignored(
    module: ModuleType, queue: Queue, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [
        {**r, "eventName": name} for r in sample()["Records"][:1] for name in ("MODIFY", "REMOVE")
    ]
    module.handler({"Records": records}, context)
    assert not queue.rows
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["ChangesIgnored"] == [2.0]


def test_while_the_queue_refuses_the_stream_waits_at_its_first_record(
    module: ModuleType, queue: Queue, context: object
) -> None:
    queue.refuses = True
    first = sample()["Records"][0]["dynamodb"]["SequenceNumber"]
    assert module.handler(sample(), context) == {"batchItemFailures": [{"itemIdentifier": first}]}
