"""Loading around failures: halves, tokens, deadlines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipeline.catalogue import load_catalogue
from pipeline.errors import StatementFailed, WarehouseUnavailable
from pipeline.load.plan import EVENTS, FACTS, Announcement, Pointer
from pipeline.load.statements import Copying
from pipeline.load.transactions import MAX_ATTEMPTS, Loader
from pipeline.warehouse import Statement

ROLE = "arn:aws:iam::123456789012:role/copy"


@dataclass
class FakeLake:
    """Keeps manifests."""

    written: dict[str, Any] = field(default_factory=dict)

    def write_json(self, key: str, value: Any) -> None:
        self.written[key] = value

    def uri(self, key: str) -> str:
        return f"s3://lake/{key}"


@dataclass
class FakeWarehouse:
    """Loads what it is told unless `verdict` raises; remembers batches and tokens."""

    verdict: Callable[[set[str], int], None] = lambda *_: None
    missing: int = 0
    replays: int = 0
    loads: list[set[str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    tallies: list[dict[str, Any]] = field(default_factory=list)

    def execute_batch(
        self, statements: Sequence[str], parameters: Any, *, seconds: float, token: str
    ) -> Statement:
        assert seconds > 0
        assert statements
        batches = {v for name, v in parameters.items() if name.startswith("batch_")}
        self.tokens.append(token)
        self.loads.append(batches)
        self.verdict(batches, len(self.loads))
        kinds = {v for name, v in parameters.items() if name.startswith("kind_")}
        counts = dict.fromkeys(("duplicates", "conflicts", "quarantined"), 0)
        replayed = self.replays >= len(self.loads)
        missing = self.missing if (replayed or not self.replays) else 0
        self.tallies = [
            {"kind": kind, "batch_id": batch, "loaded": 1, "missing": missing, **counts}
            for kind in kinds
            for batch in batches
        ]
        return Statement(f"s-{len(self.loads)}", replayed)

    def result(self, statement_id: str) -> list[dict[str, Any]]:
        assert ":" in statement_id
        return self.tallies


def batch(name: str, kind: str = EVENTS) -> Announcement:
    pointer = Pointer(kind, name, f"batches/{name}.jsonl.gz", 1)
    return Announcement(f"message-{name}", f"event-{name}", (pointer,))


def loader(warehouse: FakeWarehouse, left: Callable[[], float] = lambda: 60) -> Loader:
    return Loader(warehouse, FakeLake(), load_catalogue(), ROLE, left)


def poison(*names: str) -> Callable[[set[str], int], None]:
    def verdict(batches: set[str], number: int) -> None:
        if batches & set(names):
            raise StatementFailed(f"s-{number}", "division by zero")

    return verdict


def test_all_batches_share_one_transaction() -> None:
    warehouse = FakeWarehouse()
    outcome = loader(warehouse).load([batch("a"), batch("b")])
    assert warehouse.loads == [{"a", "b"}]
    assert not outcome.failed
    assert len(outcome.loads) == 1


def test_nothing_announced_is_nothing_done() -> None:
    warehouse = FakeWarehouse()
    assert not loader(warehouse).load([]).failed
    assert not warehouse.loads


@pytest.mark.parametrize("bad", ["a", "d", "h"])
def test_only_the_poison_fails(bad: str) -> None:
    warehouse = FakeWarehouse(poison(bad))
    outcome = loader(warehouse).load([batch(name) for name in "abcdefgh"])
    assert set(outcome.failed) == {f"message-{bad}"}
    assert {t["batch_id"] for load in outcome.loads for t in load.tallies} == set("abcdefgh") - {
        bad
    }
    assert len(warehouse.loads) == 7
    assert outcome.loads_failed == 1


def test_the_reason_of_a_failure_is_for_the_log() -> None:
    outcome = loader(FakeWarehouse(poison("a"))).load([batch("a")])
    assert "division by zero" in outcome.failed["message-a"]


def test_after_an_unknown_fate_everything_comes_again() -> None:
    def lose(batches: set[str], number: int) -> None:
        if number > 1:
            raise WarehouseUnavailable("no answer")
        poison("a")(batches, number)

    warehouse = FakeWarehouse(lose)
    outcome = loader(warehouse).load([batch(name) for name in "abcd"])
    assert set(outcome.failed) == {f"message-{name}" for name in "abcd"}
    assert len(warehouse.loads) == 2
    assert outcome.loads_failed == 1


def test_the_token_stays_while_the_fate_is_unknown() -> None:
    def lose(*_: object) -> None:
        raise WarehouseUnavailable("no answer")

    warehouse = FakeWarehouse(lose)
    loader(warehouse).load([batch("a")])
    loader(warehouse).load([batch("a")])
    assert warehouse.tokens[0] == warehouse.tokens[1]


def test_a_known_failure_of_an_earlier_call_is_run_anew() -> None:
    def fail_once(_: set[str], number: int) -> None:
        if number == 1:
            raise StatementFailed("s-1", "deadlock", replayed=True)

    warehouse = FakeWarehouse(fail_once)
    outcome = loader(warehouse).load([batch("a")])
    assert not outcome.failed
    assert len(set(warehouse.tokens)) == 2


def test_the_chain_of_earlier_attempts_ends() -> None:
    def fail(_: set[str], number: int) -> None:
        raise StatementFailed(f"s-{number}", "deadlock", replayed=True)

    warehouse = FakeWarehouse(fail)
    assert loader(warehouse).load([batch("a")]).failed
    assert len(warehouse.loads) == MAX_ATTEMPTS


def test_facts_without_their_events_come_again() -> None:
    warehouse = FakeWarehouse(missing=1)
    outcome = loader(warehouse).load([batch("a", FACTS + "page.viewed")])
    assert set(outcome.failed) == {"message-a"}
    assert (outcome.early, outcome.loads_failed) == (1, 0)


def test_facts_that_came_early_before_are_loaded_anew() -> None:
    warehouse = FakeWarehouse(missing=1, replays=1)
    outcome = loader(warehouse).load([batch("a", FACTS + "page.viewed")])
    assert not outcome.failed
    assert len(set(warehouse.tokens)) == 2


def test_no_load_is_started_without_time_to_end() -> None:
    warehouse = FakeWarehouse()
    outcome = loader(warehouse, left=lambda: 5).load([batch("a")])
    assert set(outcome.failed) == {"message-a"}
    assert not warehouse.loads


def test_a_manifest_names_every_object_as_mandatory() -> None:
    lake = FakeLake()
    Loader(FakeWarehouse(), lake, load_catalogue(), ROLE, lambda: 60).load([batch("a"), batch("b")])
    ((key, manifest),) = lake.written.items()
    assert key.startswith("manifests/")
    assert manifest["entries"] == [
        {"url": f"s3://lake/batches/{name}.jsonl.gz", "mandatory": True} for name in "ab"
    ]


@pytest.mark.parametrize(
    ("role", "uri"),
    [
        ("arn:aws:iam::1:role/x", "s3://lake/manifests/m"),
        (ROLE + "' x", "s3://lake/manifests/m"),
        (ROLE, "s3://lake/manifests/m' CREDENTIALS 'x"),
        (ROLE, "https://lake/m"),
        (ROLE, "s3://lake/m\n"),
    ],
)
def test_nothing_else_gets_into_a_copy(role: str, uri: str) -> None:
    with pytest.raises(ValueError, match="COPY"):
        Copying(role, {EVENTS: uri}).statement(EVENTS, "staged_events")
