"""Answers questions: from memory, from the warehouse within its budget, or with the last good answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Protocol

from pipeline import telemetry
from pipeline.budget import Budget
from pipeline.claims import Claims
from pipeline.errors import WarehouseBusy
from pipeline.lake import Lake
from pipeline.serve.desk.answering import (
    READ_SECONDS,
    Event,
    Inquiry,
    conditional,
    content_of,
    report,
    respond_with,
    wants_fresh,
)
from pipeline.serve.desk.kept import KeptAnswers
from pipeline.serve.telling import problems
from pipeline.serve.telling.problems import Response
from pipeline.shared_table import SharedTable

# The functions' time, below the 29 s after which API Gateway gives up; Lambda tells what is left.
FUNCTION_SECONDS = 28
# Kept back of it: 3 s to cancel a statement, 5 s for a lake that does not answer when the last good
# answer is looked for, and 1 s to write it. The rest is for the other asker, the budget, the read.
RESERVE_SECONDS = 9
AWAIT_SECONDS = 5
BUDGET_SECONDS = 3
# As long a question is one asker's, who may have died.
CLAIM_SECONDS = 25
# Whoever asks past the caches gets an answer that is no older than this. Without it one question,
# asked so again and again, would take the reads of all; with it, it takes one read in 2 s.
PAST_CACHES_SECONDS = 2
PAST_CACHES = "/past-caches"  # such askers have a claim of their own, and wait for no older answer
LOOK_SECONDS = (0.05, 0.1, 0.2, 0.4)  # between looks for another's answer, the last again and again


class Tokens(Protocol):
    """What is used of the budget."""

    def take(self, *, seconds: float) -> None:
        """Take a token, or raise BudgetSpent."""


class Claimed(Protocol):
    """What is used of the claims."""

    def take(self, key: str, seconds: float) -> bool:
        """Claim a question; False while somebody else's claim lasts."""

    def release(self, key: str) -> None:
        """Let go of a claim."""


class Keeper(Protocol):
    """What is used of the kept answers."""

    def keep(self, key: str, answer: Response, *, awaited: bool = False) -> bool:
        """Remember a good answer; tell whether others find it. They may wait for it."""

    def shared(self, key: str, seconds: float, max_age: int) -> Response | None:
        """Return any container's answer that is younger than so many seconds."""

    def fresh(self, key: str, seconds: float, max_age: int) -> Response | None:
        """Return an answer of this process that is younger than so many seconds."""

    def last(self, key: str) -> Response | None:
        """Return the last good answer, marked as stale."""


@dataclass(frozen=True)
class Turn:
    """One question's turn: what is asked, and when it must be answered.

    `seconds` is how old its answer may be, and `max_age` for how long it is good, at most.
    """

    asked: Inquiry
    seconds: int
    max_age: int
    claim: str
    deadline: float


@dataclass(frozen=True)
class Desk:
    """Answers inquiries: from what was answered a moment ago, or by the warehouse within its budget.

    `max_age` is the cache's time to live in seconds: as long, an answer of this process stands in
    for one that the gateway would keep under another spelling.
    """

    budget: Tokens
    claims: Claimed
    kept: Keeper
    max_age: int
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def respond(
        self, event: Event, ask: Callable[[], Inquiry], seconds: float = FUNCTION_SECONDS
    ) -> Response:
        """Answer an API Gateway event in so many seconds; `ask` reads the question off it.

        When the warehouse is down, or too much is asked of it, the last good answer is given,
        marked as stale; the caller is told of a problem only where there is none.
        """
        deadline = self.clock() + seconds - RESERVE_SECONDS
        try:
            turn = self._turn(ask(), deadline, fresh=wants_fresh(event))
            return conditional(event, self._answer(turn))
        except problems.EXPECTED as fault:
            report(fault)
            return problems.problem(fault)

    def _turn(self, asked: Inquiry, deadline: float, *, fresh: bool) -> Turn:
        max_age = min(self.max_age, asked.lasts)
        if fresh:
            seconds = min(max_age, PAST_CACHES_SECONDS)
            return Turn(asked, seconds, max_age, asked.key + PAST_CACHES, deadline)
        return Turn(asked, max_age, max_age, asked.key, deadline)

    def _answer(self, turn: Turn) -> Response:
        key = turn.asked.key
        if found := self.kept.fresh(key, turn.seconds, turn.max_age):
            _tell("memory", "AnswersKept")
            return found
        try:
            shared = turn.asked.common and turn.seconds
            return self._read_once(turn) if shared else self._read_alone(turn)
        except problems.PASSING as fault:
            last = self.kept.last(key)
            if last is None:
                raise
            report(fault)
            _tell("stale", "StaleAnswers")
            return last

    def _read_alone(self, turn: Turn) -> Response:
        response = self._read(turn)
        self.kept.keep(turn.asked.key, response)
        return response

    def _read_once(self, turn: Turn) -> Response:
        """Ask the warehouse, unless another container does: then take its answer."""
        if found := self._claimed_or_answered(turn):
            return found
        found_by_others = False
        try:
            response = self._read(turn)
            found_by_others = self.kept.keep(turn.asked.key, response, awaited=True)
            return response
        finally:
            if not found_by_others:
                self.claims.release(turn.claim)

    def _claimed_or_answered(self, turn: Turn) -> Response | None:
        """Return None once the question is ours to ask, or another's answer."""
        seconds = min(turn.seconds, CLAIM_SECONDS)
        until = min(self.clock() + AWAIT_SECONDS, turn.deadline)
        looks = chain(LOOK_SECONDS, repeat(LOOK_SECONDS[-1]))
        while not self.claims.take(turn.claim, seconds):
            if found := self.kept.shared(turn.asked.key, turn.seconds, turn.max_age):
                _tell("shelf", "AnswersKept")
                return found
            if self.clock() >= until:
                raise WarehouseBusy("another container has been asking this for long")
            self.sleep(next(looks))
        return None

    def _read(self, turn: Turn) -> Response:
        self.budget.take(seconds=min(BUDGET_SECONDS, self._left(turn)))
        written = turn.asked.read(min(READ_SECONDS, self._left(turn)))
        _tell("warehouse", "AnswersFromWarehouse")
        name = turn.asked.key if turn.asked.versioned else content_of(written)
        return respond_with(written, name, turn.max_age)

    def _left(self, turn: Turn) -> float:
        return turn.deadline - self.clock()


def _tell(source: str, metric: str) -> None:
    """Say where an answer came from: in the request's line of the log, and as a count."""
    telemetry.log_keys(source=source)
    telemetry.count(metric, 1)


def seconds_left(context: Any) -> float:
    """Tell how long Lambda lets an invocation go on; the functions' time where it does not say."""
    tell = getattr(context, "get_remaining_time_in_millis", None)
    return tell() / 1000 if tell else FUNCTION_SECONDS


def open_desk(lake: Lake, budget_table: str, reads_per_second: int, cache_ttl_seconds: int) -> Desk:
    """Make the desk of a reading function, once for all of its invocations."""
    table = SharedTable(budget_table)
    return Desk(
        Budget(table, reads_per_second, report=telemetry.warn),
        Claims(table, report=telemetry.warn),
        KeptAnswers(lake, report=telemetry.warn),
        cache_ttl_seconds,
    )
