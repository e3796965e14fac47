"""Dead letters go back one way for each queue, quarantined events only if they are valid by now."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.recovery.changes import CALL_BYTES, Changes, Range, StreamGone, payloads, read_range
from local.recovery.letters import DeadLetters, Letter
from local.recovery.quarantine import Resent, read_quarantine, rebuild, resend
from local.recovery.redriving import Report, describe, redrive
from local.recovery.table import Missing, TableItems
from local.recovery.ways import ToQueue, detail_of, word_of
from pipeline.catalogue import load_catalogue
from pipeline.event import keep_row, receive_at
from pipeline.exact_json import decode
from pipeline.stage.rows import read_row

CATALOGUE = load_catalogue()
STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026"
RECEIVED = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 1, 9, tzinfo=UTC)


class Sqs:
    """A queue that hides what was received, as SQS does."""

    def __init__(self, bodies: Iterable[str], came_at: float = 0) -> None:
        self.messages = {str(n): (body, came_at) for n, body in enumerate(bodies)}
        self.hidden: set[str] = set()
        self.sent: list[dict[str, Any]] = []

    def receive_message(self, **_: Any) -> Any:
        visible = [name for name in self.messages if name not in self.hidden][:10]
        self.hidden |= set(visible)
        return {"Messages": [self._message(name) for name in visible]}

    def _message(self, name: str) -> dict[str, Any]:
        body, came_at = self.messages[name]
        attributes = {"format": {"DataType": "String", "StringValue": "rows.v1"}}
        return {
            "MessageId": name,
            "Body": body,
            "ReceiptHandle": name,
            "Attributes": {"SentTimestamp": str(int(came_at * 1000))},
            "MessageAttributes": attributes,
        }

    def delete_message_batch(self, **arguments: Any) -> None:
        for entry in arguments["Entries"]:
            del self.messages[entry["ReceiptHandle"]]
            self.hidden.discard(entry["ReceiptHandle"])

    def change_message_visibility_batch(self, **arguments: Any) -> None:
        assert len(arguments["Entries"]) <= 10
        for entry in arguments["Entries"]:
            self.hidden.discard(entry["ReceiptHandle"])

    def send_message(self, **arguments: Any) -> None:
        self.sent.append(arguments)


class Picky:
    """A way that takes no "bad" message, and fails for a "dead" one."""

    done = "sent"

    def __init__(self) -> None:
        self.sent: list[str] = []

    def fault(self, letter: Letter) -> str:
        return "it is bad" if letter.body == "bad" else ""

    def send(self, letters: Sequence[Letter]) -> Mapping[str, str]:
        self.sent += [letter.body for letter in letters]
        return {letter.id: "it is dead" for letter in letters if letter.body == "dead"}


def letter(body: Any, name: str = "m1") -> Letter:
    return Letter(name, body if isinstance(body, str) else json.dumps(body), "handle")


def test_what_went_back_is_deleted_and_all_else_is_visible_again() -> None:
    sqs = Sqs(["good"] * 12 + ["bad", "dead"])
    report = redrive(DeadLetters(sqs, "url"), Picky(), dry_run=False)
    assert (report.found, report.sent) == (14, 12)
    assert report.left == {"12": "it is bad", "13": "it is dead"}
    assert (list(sqs.messages), sqs.hidden) == (["12", "13"], set())


def test_a_dry_run_sends_and_deletes_nothing() -> None:
    sqs, way = Sqs(["good", "bad"] * 11), Picky()
    report = redrive(DeadLetters(sqs, "url"), way, dry_run=True)
    assert (report.found, report.sent, way.sent) == (22, 11, [])
    assert (len(sqs.messages), sqs.hidden) == (22, set())


def test_nothing_is_deleted_unless_it_was_sent() -> None:
    class Broken(Picky):
        def send(self, letters: Sequence[Letter]) -> Mapping[str, str]:  # noqa: ARG002
            raise ClientError({}, "SendMessage")

    sqs = Sqs(["good"])
    with pytest.raises(ClientError):
        redrive(DeadLetters(sqs, "url"), Broken(), dry_run=False)
    assert (len(sqs.messages), sqs.hidden) == (1, set())


def test_what_comes_back_meanwhile_is_left_for_the_next_time() -> None:
    sqs = Sqs(["good"], came_at=time.time() + 60)
    report = redrive(DeadLetters(sqs, "url"), Picky(), dry_run=False)
    assert report == Report()
    assert (len(sqs.messages), sqs.hidden) == (1, set())


def test_a_message_keeps_its_attributes() -> None:
    sqs, other = Sqs(["row"]), Sqs([])
    redrive(DeadLetters(sqs, "url"), ToQueue(other, "there", "EventQueue"), dry_run=False)
    [sent] = other.sent
    assert (sent["QueueUrl"], sent["MessageBody"]) == ("there", "row")
    assert sent["MessageAttributes"]["format"]["StringValue"] == "rows.v1"


def test_reasons_are_told_once_with_the_first_messages() -> None:
    report = Report(5, 1, dict.fromkeys("abcd", "it is bad"))
    assert describe("LoadDlq", Picky(), report, dry_run=False) == (
        "LoadDlq     5 found, 1 sent, 4 left:\n  4 x it is bad: a, b, c and 1 more"
    )
    assert describe("LoadDlq", Picky(), Report(1, 1), dry_run=True).endswith("1 would be sent")
    assert describe("LoadDlq", Picky(), Report(), dry_run=False).endswith("empty")


def test_a_batch_is_found_in_all_that_tells_of_one() -> None:
    detail = {"batch_id": "b"}
    event = {"detail-type": "BatchStaged", "detail": detail}
    for body in (event, {"requestPayload": event}, {"batch": detail, "error": "x"}):
        assert detail_of(json.dumps(body)) == detail
    for text in ("hello", "[]", "{}", '{"detail":5}', '{"requestPayload":5}', "[" * 100_000):
        assert detail_of(text) == {}


def test_a_message_has_one_word_that_fits_into_a_name() -> None:
    words = {word_of(letter("", name)) for name in ("a", "a", "b")}
    assert len(words) == 2
    assert all(len(word) <= 15 for word in words)


# --- stream records


class Streams:
    """A shard of numbered records, five to a page."""

    def __init__(self, numbers: Iterable[int], missing: int = 0) -> None:
        self.numbers, self.missing = list(numbers), missing

    def get_shard_iterator(self, **arguments: str) -> Any:
        if int(arguments["SequenceNumber"]) <= self.missing:
            raise ClientError({"Error": {"Code": "TrimmedDataAccessException"}}, "GetShardIterator")
        return {"ShardIterator": arguments["SequenceNumber"]}

    def get_records(self, **arguments: str) -> Any:
        first = int(arguments["ShardIterator"])
        found = [n for n in self.numbers if first <= n < first + 5]
        records = [{"dynamodb": {"SequenceNumber": str(n)}, "eventName": "INSERT"} for n in found]
        return {"Records": records, "NextShardIterator": str(first + 5)}


def failure(first: int, last: int, stream: str = STREAM) -> Letter:
    info = {
        "shardId": "shard",
        "startSequenceNumber": str(first),
        "endSequenceNumber": str(last),
        "approximateArrivalOfLastRecord": "2026-01-01T00:00:00Z",
        "streamArn": stream,
    }
    return letter({"DDBStreamBatchInfo": info})


def test_a_range_is_read_over_gaps_and_not_beyond_its_end() -> None:
    streams = Streams([3, 4, 30, 31, 32])
    records = read_range(streams, Range.of(failure(3, 31)))
    found = [(r["dynamodb"]["SequenceNumber"], r["eventSourceARN"]) for r in records]
    assert found == [(n, STREAM) for n in ("3", "4", "30", "31")]


@pytest.mark.parametrize("streams", [Streams([9], missing=3), Streams([])])
def test_a_range_that_the_stream_forgot_is_told(streams: Streams) -> None:
    with pytest.raises(StreamGone):
        list(read_range(streams, Range.of(failure(3, 4))))


def test_records_are_written_as_lambda_does_and_fit_into_an_invocation() -> None:
    image = {"b": {"B": b"\xff"}, "s": {"S": "x" * (CALL_BYTES // 2)}}
    created = {"NewImage": image, "ApproximateCreationDateTime": RECEIVED}
    written = [json.loads(text) for text in payloads([{"dynamodb": created}] * 3)]
    assert [len(event["Records"]) for event in written] == [1, 1, 1]
    first = written[0]["Records"][0]["dynamodb"]
    assert first["NewImage"]["b"] == {"B": "/w=="}
    assert first["ApproximateCreationDateTime"] == RECEIVED.timestamp()
    assert list(payloads([])) == []


class Functions:
    """A function that answers the same, whatever it is given."""

    def __init__(self, answer: Any = None, **more: str) -> None:
        self.answer, self.more = answer, more
        self.payloads: list[Any] = []

    def invoke(self, **arguments: Any) -> Any:
        self.payloads.append(json.loads(arguments["Payload"]))
        return {"Payload": BytesIO(json.dumps(self.answer).encode()), **self.more}


class Items:
    """What the table has for a stream that forgot."""

    def __init__(self, found: Missing) -> None:
        self.found = found

    def missing(self, *_: Any) -> Missing:
        return self.found


def changes(functions: Functions, items: Any = None, streams: Any = None) -> Changes:
    return Changes(streams or Streams(range(10)), functions, "function", "t", items)


@pytest.mark.parametrize(
    ("functions", "left"),
    [
        (Functions({"batchItemFailures": []}), False),
        (Functions({"batchItemFailures": [{"itemIdentifier": "3"}]}), True),
        (Functions({"errorType": "E"}, FunctionError="Unhandled"), True),
    ],
)
def test_records_that_are_not_received_stay(functions: Functions, left: bool) -> None:  # noqa: FBT001
    assert bool(changes(functions).send([failure(3, 4)])) == left
    [payload] = functions.payloads
    assert [r["dynamodb"]["SequenceNumber"] for r in payload["Records"]] == ["3", "4"]


def test_items_without_an_id_keep_the_message_where_it_is() -> None:
    functions, gone = Functions(), Streams([])
    way = changes(functions, Items(Missing([{"a": 1}], unidentified=2)), gone)
    [reason] = way.send([failure(3, 4)]).values()
    assert "2 have no id of their own" in reason
    assert functions.payloads == [{"Records": [{"a": 1}]}]
    assert changes(functions, Items(Missing()), gone).send([failure(3, 4)]) == {}


def test_failure_records_of_others_are_not_followed() -> None:
    assert changes(Functions()).fault(failure(1, 2)) == ""
    assert changes(Functions()).fault(failure(1, 2, STREAM.replace("/t/", "/other/")))
    for body in ("hello", {"DDBStreamBatchInfo": None}, {"DDBStreamBatchInfo": {"shardId": "s"}}):
        assert changes(Functions()).fault(letter(body))


class Table:
    """A table of items, for its paginator."""

    def __init__(self, *items: Any) -> None:
        self.items = items

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: str) -> Iterator[Any]:
        yield {"Items": list(self.items)}


class Known:
    """A warehouse that knows the first key that it is asked for."""

    def known_keys(self, keys: Sequence[str]) -> set[str]:
        return set(keys[:1])


def item(**changed: Any) -> dict[str, Any]:
    data = {"M": {"page": {"S": "/"}, "visitor": {"S": "v"}}}
    return {
        "id": {"S": "i"},
        "source": {"S": "/s"},
        "type": {"S": "page.viewed"},
        "data": data,
    } | changed


def test_only_items_that_the_warehouse_lacks_are_received() -> None:
    table = Table(
        item(),
        item(id={"S": "lost"}),
        item(id={"N": "5"}),
        item(id={"S": "bad"}, data={"S": "{}"}),
        item(id={"S": "later"}, time={"S": "2026-02-01T00:00:00Z"}),
    )
    found = TableItems(table, Known, CATALOGUE).missing("t", STREAM, RECEIVED)  # type: ignore[arg-type]
    images = [record["dynamodb"]["NewImage"]["id"]["S"] for record in found.records]
    assert (images, found.unidentified) == (["lost"], 1)


# --- quarantine


def kept(event: Any, **changed: Any) -> dict[str, Any]:
    """The row of an event that was quarantined, when only other types were known."""
    row = decode(keep_row(event, receive_at("request", RECEIVED), {}, "place").line)
    return {**row, "received_at": RECEIVED, "correlation_id": "c1", **changed}


def view(**changed: Any) -> dict[str, Any]:
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "page.viewed"}
    return event | {"data": {"page": "/", "visitor": "v"}} | changed


def test_a_rebuilt_row_is_that_of_the_event_but_received_now() -> None:
    for event in (view(), view(time="2026-01-01T12:09:00Z", subject="s", extra="e")):
        at_first = decode(keep_row(event, receive_at("request", RECEIVED), CATALOGUE, "").line)
        line, fault = rebuild(kept(event), CATALOGUE, NOW)
        assert fault == ""
        assert read_row(line)
        assert decode(line) == at_first | {"received_at": "2026-01-09T00:00:00.000000Z"}
        assert decode(line)["time"] == event.get("time", "2026-01-01T12:00:00.000000Z")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (kept(view(type="no.type")), "UNKNOWN_TYPE"),
        (kept(view(time="2026-01-02T00:00:00Z")), "TIME_RANGE"),
        (kept(view(id=5)), "INVALID"),
        (kept(view(), payload="\\x00"), "SYNTAX"),
        (kept(view(), event_key="0" * 64), "IDENTITY"),
    ],
)
def test_what_is_still_at_fault_stays(row: dict[str, Any], fault: str) -> None:
    line, found = rebuild(row, CATALOGUE, NOW)
    assert line == ""
    assert found == fault or (fault == "SYNTAX" and found)


class Sent:
    """A queue that remembers its rows."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.correlation_ids: list[str] = []

    def send(self, lines: Iterable[str], correlation_id: str = "") -> int:
        self.lines += lines
        self.correlation_ids.append(correlation_id)
        return len(self.lines)


def test_of_several_versions_of_an_event_the_first_valid_one_goes() -> None:
    later = datetime(2026, 1, 3, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        kept(view(data={"page": "/3", "visitor": "v"}), received_at=later),
        kept(view(data={"page": "/2", "visitor": "v"})),
        kept(view(data={"page": "/1"}), received_at=datetime(2025, 1, 1, tzinfo=UTC)),
    ]
    queue = Sent()
    *_, tally = resend(rows, CATALOGUE, queue, NOW)
    assert (tally.found, tally.sent, sum(tally.left.values())) == (3, 1, 2)
    [line] = queue.lines
    assert decode(decode(line)["data"])["page"] == "/2"


def test_what_came_in_together_stays_together() -> None:
    ids = ["c1", "c2", "c1", None]
    rows = [kept(view(id=str(n)), correlation_id=one) for n, one in enumerate(ids)]
    queue = Sent()
    *_, tally = resend(rows, CATALOGUE, queue, NOW)
    assert (tally.sent, queue.correlation_ids) == (4, ["c1", "c2", ""])


def test_without_a_queue_it_is_only_counted() -> None:
    *_, tally = resend([kept(view())], CATALOGUE, None, NOW)
    assert tally == Resent(1, 1)


def test_the_quarantine_is_read_page_by_page_to_its_end() -> None:
    class Pages:
        def quarantined(self, after: str, filters: Mapping[str, str], limit: int) -> list[Any]:
            assert (dict(filters), limit) == ({"type": "t"}, 500)
            return [{"place": place} for place in "bcdef" if place > after][:2]

    assert [row["place"] for row in read_quarantine(Pages(), {"type": "t"})] == list("bcdef")
