"""Answers questions: from memory, from the warehouse within its budget, or with the last good answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pipeline import telemetry
from pipeline.budget import Budget
from pipeline.lake import brief_lake
from pipeline.serve import problems
from pipeline.serve.answering import (
    Event,
    Inquiry,
    conditional,
    report,
    respond_with,
    wants_fresh,
)
from pipeline.serve.kept import KeptAnswers
from pipeline.serve.problems import Response

# An unreachable budget (5 s), the read and an unreachable shelf (5 s) stay below the functions'
# 28 s together, and so below the 29 s after which API Gateway gives up.
BUDGET_SECONDS = 3
READ_SECONDS = 17


class Tokens(Protocol):
    """What is used of the budget."""

    def take(self, *, seconds: float) -> None:
        """Take a token, or raise BudgetSpent."""


class Keeper(Protocol):
    """What is used of the kept answers."""

    def keep(self, key: str, answer: Response) -> None:
        """Remember a good answer."""

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
    kept: Keeper
    max_age: int

    def respond(self, event: Event, ask: Callable[[], Inquiry]) -> Response:
        """Answer an API Gateway event; `ask` reads the question off it.

        When the warehouse is down, or too much is asked of it, the last good answer is given,
        marked as stale; the caller is told of a problem only where there is none.
        """
        try:
            asked = ask()
            found = None if wants_fresh(event) else self.kept.fresh(asked.key, self.max_age)
            return conditional(event, found or self._read(asked))
        except problems.EXPECTED as fault:
            report(fault)
            return problems.problem(fault)

    def _read(self, asked: Inquiry) -> Response:
        try:
            self.budget.take(seconds=BUDGET_SECONDS)
            response = respond_with(asked.read(), asked.key, self.max_age)
        except problems.PASSING as fault:
            last = self.kept.last(asked.key)
            if last is None:
                raise
            report(fault)
            telemetry.count("StaleAnswers", 1)
            return last
        self.kept.keep(asked.key, response)
        return response


def open_desk(
    bucket: str, budget_table: str, reads_per_second: int, cache_ttl_seconds: int
) -> Desk:
    """Make the desk of a reading function, once for all of its invocations."""
    return Desk(
        Budget(budget_table, reads_per_second, report=telemetry.warn),
        KeptAnswers(brief_lake(bucket), report=telemetry.warn),
        cache_ttl_seconds,
    )
