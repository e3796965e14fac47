"""The budget: never more tokens a second than it has, few calls, and no help no hindrance."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.brief import BRIEF
from pipeline.budget import KEPT_SECONDS, Budget
from pipeline.errors import BudgetSpent
from pipeline.shared_table import BLIND_SECONDS, SharedTable, Watch

START = 1_357_000_000.0


class Clock:
    """A wall clock that moves when somebody sleeps; its half is the chance of every wait."""

    def __init__(self, now: float = START) -> None:
        self.time = now
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def watch(self, chance: float = 0.5) -> Watch:
        return Watch(lambda: self.time, self.sleep, lambda: chance)


class FakeTable:
    """One table that keeps the condition and counts under a lock, as DynamoDB does per item."""

    def __init__(self) -> None:
        self.used: Counter[str] = Counter()
        self.asked: list[int] = []
        self.items: dict[str, dict[str, Any]] = {}
        self.faults: list[Exception] = []
        self.answering: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def update_item(self, **arguments: Any) -> Any:
        self.asked.append(int(arguments["ExpressionAttributeValues"][":size"]["N"]))
        if self.faults:
            raise self.faults.pop(0)
        with self._lock:
            self._update(**arguments)
        self.answering()

    def _update(self, **arguments: Any) -> None:
        values = {k: int(v["N"]) for k, v in arguments["ExpressionAttributeValues"].items()}
        assert arguments["UpdateExpression"] == "ADD used :size SET expires_at = :expires_at"
        assert arguments["ConditionExpression"] == ("attribute_not_exists(used) OR used <= :most")
        second = arguments["Key"]["name"]["S"]
        if second in self.used and self.used[second] > values[":most"]:
            raise refused("ConditionalCheckFailedException")
        self.used[second] += values[":size"]
        self.items[second] = {"table": arguments["TableName"], "until": values[":expires_at"]}


def refused(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "UpdateItem")


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[str]:
    return []


def open_budget(
    table: FakeTable,
    watch: Watch,
    per_second: int = 15,
    report: Callable[[str], None] = lambda _: None,
) -> Budget:
    shared = SharedTable("table", table, watch=watch)
    return Budget(shared, per_second, report=report, watch=watch)


@pytest.fixture
def budget(table: FakeTable, clock: Clock, told: list[str]) -> Budget:
    return open_budget(table, clock.watch(), report=told.append)


def taken(budget: Budget, most: int) -> int:
    """Take without waiting until there is none, or `most` are taken."""
    for number in range(most):
        try:
            budget.take(seconds=0)
        except BudgetSpent:
            return number
    return most


def test_a_token_is_counted_in_the_item_of_its_second(budget: Budget, table: FakeTable) -> None:
    budget.take(seconds=1)
    second = int(START)
    assert table.items == {str(second): {"table": "table", "until": second + KEPT_SECONDS}}


def test_a_busy_container_makes_few_calls(budget: Budget, table: FakeTable) -> None:
    assert taken(budget, 100) == 15
    assert table.asked == [1, 2, 4, 8, 15, 1]


def test_a_quiet_container_leases_one_token_a_second(
    budget: Budget, table: FakeTable, clock: Clock
) -> None:
    for _ in range(5):
        budget.take(seconds=0)
        clock.time += 1
    assert table.asked == [1] * 5


def test_unused_tokens_lapse_with_their_second(
    budget: Budget, table: FakeTable, clock: Clock
) -> None:
    assert taken(budget, 2) == 2  # one of the lease of two is left
    clock.time += 1
    budget.take(seconds=0)
    assert table.asked == [1, 2, 1]


def test_who_cannot_have_many_asks_for_one(budget: Budget, table: FakeTable) -> None:
    budget.take(seconds=0)
    table.used[str(int(START))] = 14
    budget.take(seconds=0)
    assert table.asked == [1, 2, 1]


def test_a_second_that_is_spent_is_not_asked_about_again(budget: Budget, table: FakeTable) -> None:
    table.used[str(int(START))] = 15
    assert taken(budget, 1) == 0
    assert taken(budget, 1) == 0
    assert table.asked == [1]


def test_who_finds_none_waits_for_a_part_of_the_next_second(
    budget: Budget, table: FakeTable, clock: Clock
) -> None:
    table.used[str(int(START))] = 15
    clock.time += 0.25
    budget.take(seconds=5)
    assert clock.slept == [1.0]  # 0.75 s to the next second and half of the spread
    assert table.used[str(int(START) + 1)] == 1


def test_waiting_ends_when_no_second_begins_in_time(
    budget: Budget, table: FakeTable, clock: Clock
) -> None:
    table.used.update(dict.fromkeys(map(str, range(int(START), int(START) + 10)), 15))
    clock.time += 0.5
    with pytest.raises(BudgetSpent) as caught:
        budget.take(seconds=2)
    assert caught.value.retry_after == 3
    assert clock.time == START + 2.25  # the next second would begin after the deadline
    assert "3 s" in str(caught.value)


def test_a_wait_is_never_longer_than_allowed(table: FakeTable, clock: Clock) -> None:
    table.used[str(int(START))] = 15
    open_budget(table, clock.watch(chance=0.9)).take(seconds=1.125)
    assert clock.slept == [1.125]


def test_there_is_no_wait_that_cannot_help(budget: Budget, table: FakeTable, clock: Clock) -> None:
    table.used[str(int(START))] = 15
    with pytest.raises(BudgetSpent):
        budget.take(seconds=0.9)
    assert clock.slept == []


@pytest.mark.parametrize(("chance", "seconds"), [(0, 1), (0.999, 5)])
def test_callers_are_sent_away_for_different_times(
    table: FakeTable, clock: Clock, chance: float, seconds: int
) -> None:
    table.used[str(int(START))] = 15
    with pytest.raises(BudgetSpent) as caught:
        open_budget(table, clock.watch(chance)).take(seconds=0)
    assert caught.value.retry_after == seconds


def test_a_lease_that_comes_too_late_is_not_used(
    budget: Budget, table: FakeTable, clock: Clock
) -> None:
    def late() -> None:
        table.answering = lambda: None
        clock.time += 1

    table.answering = late
    budget.take(seconds=5)
    assert table.used == {str(int(START)): 1, str(int(START) + 1): 1}


@pytest.mark.parametrize(
    "fault",
    [
        refused("ThrottlingException"),
        refused("ProvisionedThroughputExceededException"),
        refused("InternalServerError", 500),
    ],
)
def test_a_table_that_is_throttled_does_not_stop_reads(
    budget: Budget, table: FakeTable, told: list[str], fault: ClientError
) -> None:
    table.faults = [fault]
    budget.take(seconds=0)
    assert told == [fault.response["Error"]["Code"]]
    budget.take(seconds=0)
    assert table.used[str(int(START))] == 1


@pytest.mark.parametrize(
    "fault", [ConnectTimeoutError(endpoint_url="x"), ReadTimeoutError(endpoint_url="x")]
)
def test_a_table_that_is_out_of_reach_is_left_alone_for_a_while(
    budget: Budget, table: FakeTable, clock: Clock, told: list[str], fault: Exception
) -> None:
    table.faults = [fault]
    assert taken(budget, 100) == 100
    assert table.asked == [1]
    assert len(told) == 100
    clock.time += BLIND_SECONDS
    assert taken(budget, 100) == 15
    assert len(told) == 100


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_mistake_of_the_deployment_is_loud(budget: Budget, table: FakeTable, code: str) -> None:
    table.faults = [refused(code)]
    with pytest.raises(ClientError, match=code):
        budget.take(seconds=0)


def test_an_unreachable_table_costs_little() -> None:
    attempts = BRIEF.retries["total_max_attempts"]
    assert attempts * (BRIEF.connect_timeout + BRIEF.read_timeout) <= 4


def test_a_budget_of_nothing_is_refused(table: FakeTable) -> None:
    with pytest.raises(ValueError, match="at least one"):
        open_budget(table, Watch(), 0)


STEPS = st.tuples(
    st.integers(0, 4),  # which container
    st.floats(0, 1.5).map(lambda pause: pause if pause > 1 else 0.0),  # before it asks
    st.sampled_from([0.0, 0.0, 0.02, 0.4, 1.1]),  # how long the table takes
    st.sampled_from([0.0, 0.0, 0.0, 1.0, 2.5]),  # how long it may wait
)


@given(st.integers(1, 20), st.lists(STEPS, max_size=120))
def test_no_second_has_more_tokens_than_the_budget(
    per_second: int, steps: list[tuple[int, float, float, float]]
) -> None:
    clock, table = Clock(), FakeTable()
    containers = [open_budget(table, clock.watch(), per_second) for _ in range(5)]
    granted: Counter[int] = Counter()
    for container, pause, latency, seconds in steps:
        clock.time += pause
        table.answering = partial(clock.sleep, latency)
        with suppress(BudgetSpent):
            containers[container].take(seconds=seconds)
            granted[int(clock.time)] += 1
    assert max(granted.values(), default=0) <= per_second


@pytest.mark.parametrize("takes", [1, 7])
def test_containers_at_the_same_time_share_one_budget(table: FakeTable, takes: int) -> None:
    counts: list[int] = []
    begin = threading.Barrier(30)

    def run() -> None:
        budget = open_budget(table, Clock().watch())
        begin.wait()
        counts.append(taken(budget, takes))

    threads = [threading.Thread(target=run) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 30
    assert 0 < sum(counts) <= 15
    assert takes > 1 or sum(counts) == 15
