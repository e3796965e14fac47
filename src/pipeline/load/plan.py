"""What to load: announcements read from the queue, and how they share transactions."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.announcements import BATCH_STAGED, FACTS_STAGED, SOURCE
from pipeline.catalogue import EventType
from pipeline.errors import MalformedAnnouncement

EVENTS = "events"
FACTS = "facts:"
# Whatever matches goes into a COPY statement or a manifest, which take no parameters.
OBJECT_KEY = re.compile(r"(?:batches|facts)/[\w=./-]{1,900}\.jsonl\.gz\Z", re.ASCII)
BATCH_ID = re.compile(r"[\w.:-]{1,128}\Z", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z\Z", re.ASCII)
MAX_ROWS = 100_000_000

# A transaction has 40 statements at most (quota of the Data API): 9 for any load, 7 more for
# events, 10 for each type of facts.
TYPES_WITH_EVENTS = 2
TYPES_ALONE = 3
# Each pointer takes five parameters of about 250 bytes in all; 200 KB is the limit of a call.
MAX_POINTERS = 100


@dataclass(frozen=True, order=True)
class Pointer:
    """One object of the lake to load: `kind` is `events` or `facts:<type>`.

    `announced_at` (RFC 3339, or empty) is when the bus got to know of it, `received_at` when the
    first event of the batch came in; both are only told.
    """

    kind: str
    batch_id: str
    key: str
    rows: int
    announced_at: str = field(default="", compare=False)
    received_at: str = field(default="", compare=False)


@dataclass(frozen=True)
class Announcement:
    """The pointers of one message, and which event of the bus and message brought them."""

    message_id: str
    event_id: str
    pointers: tuple[Pointer, ...]


def read_announcement(
    record: Mapping[str, Any], bucket: str, catalogue: Mapping[str, EventType]
) -> Announcement:
    """Read an SQS record that carries BatchStaged or FactsStaged.

    Raises MalformedAnnouncement when it carries anything else, names an object of another bucket
    or a type that the catalogue lacks.
    """
    try:
        event = json.loads(record["body"])
        detail = event["detail"]
        _demand(event["source"] == SOURCE, "it comes from elsewhere")
        _demand(detail["bucket"] == bucket, "it names another bucket")
        _demand(bool(BATCH_ID.match(detail["batch_id"])), "batch_id is malformed")
        announced_at, received_at = _moment(event.get("time")), _moment(detail.get("received_at"))
        pointers = [
            replace(pointer, announced_at=announced_at, received_at=received_at)
            for pointer in _pointers(event["detail-type"], detail, catalogue)
        ]
        return Announcement(record["messageId"], str(event.get("id", "")), tuple(pointers))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as fault:
        raise MalformedAnnouncement("the message is not an announcement") from fault


def _moment(text: Any) -> str:
    return text if isinstance(text, str) and MOMENT.match(text) else ""


def _pointers(
    kind: str, detail: Mapping[str, Any], catalogue: Mapping[str, EventType]
) -> Iterator[Pointer]:
    batch_id = detail["batch_id"]
    if kind == BATCH_STAGED:
        yield _pointer(EVENTS, batch_id, detail)
    elif kind == FACTS_STAGED:
        for facts in detail["facts"]:
            _demand(facts["type"] in catalogue, "it names an unknown type")
            if facts["rows"] != 0:
                yield _pointer(FACTS + facts["type"], batch_id, facts)
    else:
        raise MalformedAnnouncement("its detail-type is unknown")


def _pointer(kind: str, batch_id: str, described: Mapping[str, Any]) -> Pointer:
    key, rows = described["key"], described["rows"]
    folder = "batches/" if kind == EVENTS else f"facts/type={kind.removeprefix(FACTS)}/"
    _demand(bool(OBJECT_KEY.match(key)), "an object's key is malformed")
    _demand(key.startswith(folder), "an object lies where its kind does not")
    # An integer may arrive as 5.0: Step Functions' JSONata knows one kind of number.
    _demand(not isinstance(rows, bool) and rows == int(rows), "rows is not an integer")
    _demand(0 < rows <= MAX_ROWS, "rows is out of range")
    return Pointer(kind, batch_id, key, int(rows))


def _demand(holds: bool, fault: str) -> None:  # noqa: FBT001 (an assertion with a reason)
    if not holds:
        raise MalformedAnnouncement(fault)


def split_transactions(announcements: Iterable[Announcement]) -> list[list[Pointer]]:
    """Spread the pointers, each once, over transactions that keep the quotas: events first."""
    pointers = sorted({pointer for one in announcements for pointer in one.pointers})
    transactions: list[list[Pointer]] = []
    for pointer in pointers:
        if not (transactions and _has_room(transactions[-1], pointer)):
            transactions.append([])
        transactions[-1].append(pointer)
    return transactions


def _has_room(transaction: list[Pointer], pointer: Pointer) -> bool:
    last = transaction[-1]
    if (last.kind, last.batch_id) == (pointer.kind, pointer.batch_id):
        return False  # one batch announced as two objects: rows are told apart by batch
    kinds = {known.kind for known in transaction}
    types = len((kinds | {pointer.kind}) - {EVENTS})
    return len(transaction) < MAX_POINTERS and types <= (
        TYPES_WITH_EVENTS if EVENTS in kinds else TYPES_ALONE
    )


def load_name(announcements: Iterable[Announcement], transaction: Iterable[Pointer]) -> str:
    """Name a load by its objects and the bus events that announced them, in 64 characters.

    Redelivered messages give the same name; a later announcement of the same objects, which is
    how a replay starts, gives another.
    """
    names = sorted({one.event_id for one in announcements} | {p.key for p in transaction})
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def first_token(load: str, statements: Sequence[str], parameters: Mapping[str, Any]) -> str:
    """Name the first attempt at a load, in 64 characters.

    After a deploy the same load may have other statements, and the API need not take those with a
    token that it knows.
    """
    text = json.dumps([load, list(statements), sorted(parameters.items())])
    return hashlib.sha256(text.encode()).hexdigest()


def next_token(token: str, statement_id: str) -> str:
    """Name the attempt after one whose outcome is known, so that it is not merely looked up."""
    return hashlib.sha256(f"{token}\n{statement_id}".encode()).hexdigest()
