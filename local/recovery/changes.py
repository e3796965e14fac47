"""The way back for stream records: read again while the stream has them, else from the table."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from botocore.exceptions import ClientError

from local.recovery.letters import Letter
from local.recovery.table import TableItems
from local.recovery.ways import read
from pipeline.receive.dynamodb import inserts

Record = dict[str, Any]

# A synchronous invocation takes 6 MB, and a record may have 400 KB.
CALL_BYTES = 5_000_000
# A read of an open shard may find nothing and still have more; so many in a row mean the end.
EMPTY_READS = 20
GONE = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException"})


class StreamGone(Exception):
    """The stream holds these records no longer: it keeps them for 24 hours."""


@dataclass(frozen=True)
class Range:
    """The records that a failure record tells of; they are not in it themselves."""

    stream: str
    shard: str
    first: str
    last: str
    latest_arrival: datetime

    @classmethod
    def of(cls, letter: Letter) -> Self:
        """Read Lambda's failure record; raises KeyError, TypeError or ValueError for others."""
        info = read(letter.body)["DDBStreamBatchInfo"]
        int(info["startSequenceNumber"]), int(info["endSequenceNumber"])
        return cls(
            str(info["streamArn"]),
            str(info["shardId"]),
            str(info["startSequenceNumber"]),
            str(info["endSequenceNumber"]),
            datetime.fromisoformat(info["approximateArrivalOfLastRecord"]),
        )


@dataclass(frozen=True)
class Changes:
    """Hands the records of a failed stream batch to the function once more."""

    streams: Any
    functions: Any
    function: str
    table: str
    items: TableItems
    done = "received again"

    def fault(self, letter: Letter) -> str:
        """Let failure records of this table's streams go."""
        try:
            stream = Range.of(letter).stream
        except (KeyError, TypeError, ValueError):
            return "it is no failure record of a stream"
        return "" if f":table/{self.table}/" in stream else "it tells of another table"

    def send(self, letters: Sequence[Letter]) -> Mapping[str, str]:
        """Receive each range again; those that are gone from the stream share a scan."""
        faults: dict[str, str] = {}
        gone: list[Letter] = []
        for letter in letters:
            try:
                records = list(read_range(self.streams, Range.of(letter)))
            except StreamGone:
                gone.append(letter)
            else:
                if fault := self._receive(inserts(records)):
                    faults[letter.id] = fault
        if gone and (fault := self._receive_items([Range.of(letter) for letter in gone])):
            faults |= dict.fromkeys((letter.id for letter in gone), fault)
        return faults

    def _receive_items(self, ranges: Sequence[Range]) -> str:
        latest = max(one.latest_arrival for one in ranges)
        found = self.items.missing(self.table, ranges[0].stream, latest)
        if fault := self._receive(found.records):
            return fault
        if found.unidentified:
            return (
                "the stream has forgotten them, and of the table's items"
                f" {found.unidentified:,} have no id of their own by which to know them"
            )
        return ""

    def _receive(self, records: Iterable[Record]) -> str:
        """Invoke the function; says what went wrong, empty if nothing did."""
        for payload in payloads(records):
            answer = self.functions.invoke(FunctionName=self.function, Payload=payload)
            told = json.loads(answer["Payload"].read() or b"null")
            if answer.get("FunctionError"):
                return f"{self.function} failed"
            if told and told.get("batchItemFailures"):
                return "the event queue took nothing"
        return ""


def read_range(streams: Any, wanted: Range) -> Iterator[Record]:
    """Yield the records of a range as Lambda gets them; raises StreamGone."""
    with_source = {"eventSourceARN": wanted.stream}
    empty = 0
    iterator = _told(
        streams.get_shard_iterator,
        StreamArn=wanted.stream,
        ShardId=wanted.shard,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=wanted.first,
    )["ShardIterator"]
    while iterator and empty < EMPTY_READS:
        page = _told(streams.get_records, ShardIterator=iterator)
        for record in page["Records"]:
            number = int(record["dynamodb"]["SequenceNumber"])
            if number <= int(wanted.last):
                yield {**record, **with_source}
            if number >= int(wanted.last):
                return
        empty = 0 if page["Records"] else empty + 1
        iterator = page.get("NextShardIterator")
    raise StreamGone(wanted.shard)


def payloads(records: Iterable[Record]) -> Iterator[bytes]:
    """Write records as Lambda's events, as many to an event as an invocation takes."""
    texts: list[str] = []
    size = 0
    for record in records:
        text = json.dumps(record, default=_as_lambda_writes)
        if texts and size + len(text) > CALL_BYTES:
            yield _event(texts)
            texts, size = [], 0
        texts.append(text)
        size += len(text)
    if texts:
        yield _event(texts)


def _event(texts: Sequence[str]) -> bytes:
    return f'{{"Records":[{",".join(texts)}]}}'.encode()


def _as_lambda_writes(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)


def _told(call: Callable[..., Any], **arguments: str) -> Any:
    try:
        return call(**arguments)
    except ClientError as fault:
        if fault.response.get("Error", {}).get("Code") in GONE:
            raise StreamGone(str(fault)) from fault
        raise
