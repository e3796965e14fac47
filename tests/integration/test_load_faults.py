"""Exactly once, whatever is delivered in which order and whatever breaks on the way."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import WarehouseUnavailable
from pipeline.load.plan import EVENTS, read_announcement
from pipeline.load.transactions import Loader
from tests.integration.warehousing import BUCKET, ROLE, Message, Row, World, event, facts_of

TABLES = ("events", "quarantine", "loads", "facts_page_viewed")
VERDICTS = ("loaded", "duplicates", "conflicts", "quarantined")
FAULTS = ("none", "unsent", "refused", "refusal lost", "answer lost", "result lost")
ROUNDS = 4  # of deliveries without a fault, after which nothing but poison is left

Batches = Mapping[str, Sequence[Row]]


@dataclass(frozen=True)
class Delivery:
    """Which messages come at once, what breaks at each transaction, and whether all is reported."""

    messages: frozenset[int]
    faults: tuple[str, ...]
    reported: bool


def row_of(number: int, version: int, received: int, *, bad: bool) -> Row:
    data = {"page": f"/{version}", "visitor": "v", "duration_ms": version}
    row = event(number, data=data, received_at=f"2013-01-01T10:00:0{received}.000000Z")
    return row | {"reason": "SCHEMA", "path": "$.data"} if bad else row


ROWS = st.builds(
    row_of,
    st.integers(0, 3),
    st.integers(0, 1),
    st.integers(0, 2),
    bad=st.sampled_from((False, False, True)),
)
BATCHES = st.dictionaries(
    st.sampled_from("abcd"), st.lists(ROWS, min_size=1, max_size=5), min_size=2, max_size=4
)
DELIVERIES = st.lists(
    st.builds(
        Delivery,
        st.frozensets(st.integers(0, 16), min_size=1, max_size=8),
        st.tuples(*[st.sampled_from(FAULTS)] * 3),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@dataclass
class Book:
    """What must be in the warehouse, by the rules alone."""

    standing: dict[str, str] = field(default_factory=dict)
    quarantine: set[tuple[str, str, str]] = field(default_factory=set)
    ledger: dict[str, Counter[str]] = field(default_factory=dict)

    def enter(self, batches: Batches) -> None:
        """Account for the batches that one transaction brought."""
        self.ledger |= {name: Counter() for name in batches}
        rows = (
            (row["received_at"], name, position)
            for name, rows in batches.items()
            for position, row in enumerate(rows)
        )
        for _, name, position in sorted(rows):
            self.ledger[name][self._judge(batches[name][position])] += 1

    def _judge(self, row: Row) -> str:
        key, fingerprint, reason = row["event_key"], row["fingerprint"], row.get("reason")
        if not reason and key not in self.standing:
            self.standing[key] = fingerprint
            return "loaded"
        if not reason and self.standing[key] == fingerprint:
            return "duplicates"
        held = (key, fingerprint, reason or "ID_CONFLICT")
        if held in self.quarantine:
            return "duplicates"
        self.quarantine.add(held)
        return "quarantined" if reason else "conflicts"


@dataclass
class BreakingWarehouse:
    """Breaks as told, and keeps the book of what every transaction brought."""

    world: World
    batches: Batches
    book: Book = field(default_factory=Book)
    faults: list[str] = field(default_factory=list)
    fault: str = "none"

    def execute_batch(self, statements: Sequence[str], parameters: Any, **named: Any) -> Any:
        self.fault = self.faults.pop() if self.faults else "none"
        if self.fault == "unsent":
            raise WarehouseUnavailable(self.fault)
        objects = dict(self.world.bucket.objects)
        if self.fault in ("refused", "refusal lost"):
            self.world.bucket.objects.clear()
        try:
            return self.world.warehouse.execute_batch(statements, parameters, **named)
        finally:
            self.world.bucket.objects.update(objects)
            self._enter_new_batches()
            if self.fault in ("refusal lost", "answer lost"):
                raise WarehouseUnavailable(self.fault)

    def result(self, statement_id: str) -> Any:
        if self.fault == "result lost":
            raise WarehouseUnavailable(self.fault)
        return self.world.warehouse.result(statement_id)

    def _enter_new_batches(self) -> None:
        rows = self.world.query(f"SELECT batch_id FROM loads WHERE kind = '{EVENTS}'")
        new = {row["batch_id"] for row in rows} - self.book.ledger.keys()
        self.book.enter({name: self.batches[name] for name in new})


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as built, pytest.MonkeyPatch.context() as patch:
        # There is one clock here, so statements of earlier calls are known at once.
        patch.setattr("pipeline.warehouse.CLOCK_MARGIN", timedelta(0))
        yield built


def empty(world: World) -> None:
    world.bucket.objects.clear()
    world.warehouse.execute_batch([f"DELETE FROM {table}" for table in TABLES], seconds=20)


def announce(world: World, batches: Batches) -> list[Message]:
    """Stage everything; all is announced twice, as a replay does."""
    messages = []
    for name, rows in batches.items():
        good = [facts_of(row) for row in rows if "reason" not in row]
        for _ in range(2):
            messages.append(world.stage(name, rows))
            if good:
                messages.append(world.stage_facts(name, page__viewed=good))
    return messages


def deliver(
    breaking: BreakingWarehouse, messages: Mapping[str, Message], names: set[str]
) -> set[str]:
    """Load these messages; returns the names of those that must come again."""
    world = breaking.world
    loader = Loader(breaking, world.lake, world.catalogue, ROLE, lambda: 60)
    read = [read_announcement(messages[name], BUCKET, world.catalogue) for name in sorted(names)]
    return set(loader.load(read).failed)


@settings(max_examples=15, deadline=None)
@given(batches=BATCHES, deliveries=DELIVERIES)
def test_every_event_counts_once(
    world: World, batches: Batches, deliveries: Sequence[Delivery]
) -> None:
    empty(world)
    poison = world.poison("poison")
    messages = {m["messageId"]: m for m in (*announce(world, batches), poison)}
    waiting, names = set(messages), list(messages)
    breaking = BreakingWarehouse(world, batches)
    for delivery in deliveries:
        breaking.faults = list(delivery.faults)
        now = {names[number % len(names)] for number in delivery.messages}
        again = deliver(breaking, messages, now)
        if delivery.reported:
            waiting = (waiting - now) | again
    breaking.faults = []
    for _ in range(ROUNDS):
        waiting = deliver(breaking, messages, waiting)
    assert waiting == {poison["messageId"]}
    check_events(world, batches, breaking.book)
    check_facts(world)


def check_events(world: World, batches: Batches, book: Book) -> None:
    stored = world.query("SELECT event_key, fingerprint FROM events")
    assert sorted(row["event_key"] for row in stored) == sorted(book.standing)
    assert {row["event_key"]: row["fingerprint"] for row in stored} == book.standing
    held = world.query("SELECT event_key, fingerprint, reason FROM quarantine")
    assert sorted(tuple(row.values()) for row in held) == sorted(book.quarantine)
    ledger = world.query(f"SELECT * FROM loads WHERE kind = '{EVENTS}'")
    assert sorted(row["batch_id"] for row in ledger) == sorted(batches)
    for row in ledger:
        assert row["row_count"] == sum(row[name] for name in VERDICTS)
        assert {n: row[n] for n in VERDICTS if row[n]} == book.ledger[row["batch_id"]]


def check_facts(world: World) -> None:
    rows = world.query(
        "SELECT events.fingerprint AS standing, events.batch_id AS owner, data_text, facts.*"
        " FROM events FULL OUTER JOIN facts_page_viewed AS facts"
        " ON events.event_key = facts.event_key"
    )
    assert len({row["event_key"] for row in rows}) == len(rows)
    for row in rows:
        assert (row["fingerprint"], row["batch_id"]) == (row["standing"], row["owner"])
        assert f'"duration_ms": {row["duration_ms"]}}}' in row["data_text"]
    ledger = world.query(f"SELECT * FROM loads WHERE kind <> '{EVENTS}'")
    assert len({row["batch_id"] for row in ledger}) == len(ledger)
    assert all(row["row_count"] == sum(row[name] for name in VERDICTS) for row in ledger)
