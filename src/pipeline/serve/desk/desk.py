"""Answers questions: from memory, from the warehouse within its budget, or with the last good answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Protocol

from pipeline import telemetry
from pipeline.budget import Budget
from pipeline.claims import Claims
from pipeline.errors import WarehouseBusy
from pipeline.lake import brief_lake
from pipeline.serve.desk.answering import (
    Event,
    Inquiry,
    conditional,
    report,
    respond_with,
    wants_fresh,
)
from pipeline.serve.desk.kept import KeptAnswers
from pipeline.serve.telling import problems
from pipeline.serve.telling.problems import Response
from pipeline.shared_table import SharedTable

# Waiting for another asker, for the budget, and the read stay below the functions' 28 s together,
# and so below the 29 s after which API Gateway gives up.
AWAIT_SECONDS = 5
BUDGET_SECONDS = 3
READ_SECONDS = 17
# As long a question is one asker's, who may have died.
CLAIM_SECONDS = 25
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

    def shared(self, key: str, seconds: float) -> Response | None:
        """Return any container's answer that is younger than so many seconds."""

    def fresh(self, key: str, seconds: float) -> Response | None:
        """Return an answer of this process that is younger than so many seconds."""

    def last(self, key: str) -> Response | None:
        """Return the last good answer, marked as stale."""


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

    def respond(self, event: Event, ask: Callable[[], Inquiry]) -> Response:
        """Answer an API Gateway event; `ask` reads the question off it.

        When the warehouse is down, or too much is asked of it, the last good answer is given,
        marked as stale; the caller is told of a problem only where there is none.
        """
        try:
            asked = ask()
            return conditional(event, self._answer(asked, fresh=wants_fresh(event)))
        except problems.EXPECTED as fault:
            report(fault)
            return problems.problem(fault)

    def _answer(self, asked: Inquiry, *, fresh: bool) -> Response:
        if not fresh and (found := self.kept.fresh(asked.key, self.max_age)):
            return found
        try:
            shared = asked.common and self.max_age and not fresh
            return self._read_once(asked) if shared else self._read_alone(asked)
        except problems.PASSING as fault:
            last = self.kept.last(asked.key)
            if last is None:
                raise
            report(fault)
            telemetry.count("StaleAnswers", 1)
            return last

    def _read_alone(self, asked: Inquiry) -> Response:
        response = self._read(asked)
        self.kept.keep(asked.key, response)
        return response

    def _read_once(self, asked: Inquiry) -> Response:
        """Ask the warehouse, unless another container does: then take its answer."""
        if found := self._claimed_or_answered(asked.key):
            return found
        found_by_others = False
        try:
            response = self._read(asked)
            found_by_others = self.kept.keep(asked.key, response, awaited=True)
            return response
        finally:
            if not found_by_others:
                self.claims.release(asked.key)

    def _claimed_or_answered(self, key: str) -> Response | None:
        """Return None once the question is ours to ask, or another's answer."""
        seconds = min(self.max_age, CLAIM_SECONDS)
        waited, looks = 0.0, chain(LOOK_SECONDS, repeat(LOOK_SECONDS[-1]))
        while not self.claims.take(key, seconds):
            if found := self.kept.shared(key, self.max_age):
                return found
            if waited >= AWAIT_SECONDS:
                raise WarehouseBusy("another container has been asking this for long")
            self.sleep(pause := next(looks))
            waited += pause
        return None

    def _read(self, asked: Inquiry) -> Response:
        self.budget.take(seconds=BUDGET_SECONDS)
        return respond_with(asked.read(), asked.key, self.max_age)


def open_desk(
    bucket: str, budget_table: str, reads_per_second: int, cache_ttl_seconds: int
) -> Desk:
    """Make the desk of a reading function, once for all of its invocations."""
    table = SharedTable(budget_table)
    return Desk(
        Budget(table, reads_per_second, report=telemetry.warn),
        Claims(table, report=telemetry.warn),
        KeptAnswers(brief_lake(bucket), report=telemetry.warn),
        cache_ttl_seconds,
    )
