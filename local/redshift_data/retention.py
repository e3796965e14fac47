"""Statements by id for 24 hours and by client token for 8, within a budget of memory."""

import threading
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local.redshift_data.callers import Caller
from local.redshift_data.errors import ResourceNotFoundException, ValidationException
from local.redshift_data.limits import (
    QUERY_SECONDS,
    RESULT_SECONDS,
    TOKEN_SECONDS,
    Clock,
    Retention,
)
from local.redshift_data.statements import Part, Statement, Target

_MAY_CHANGE = ("WaitTimeSeconds", "ClientToken")
"""Members in which a repeated request may differ from the first."""


class StatementStore:
    """What was submitted; every operation costs the same however much is kept."""

    def __init__(self, clock: Clock, retention: Retention) -> None:
        self._clock = clock
        self._retention = retention
        self._by_number = dict[int, Statement]()
        self._by_id = dict[str, Statement]()
        self._by_token = dict[tuple[str, str], Statement]()
        self._spent = OrderedDict[tuple[str, str], float]()
        """Tokens of forgotten statements, and when those were submitted."""
        self._oldest = 1
        self._latest = 0
        self._active = dict[str, Statement]()
        self._over = deque[Statement]()
        self._results = deque[Part]()
        self._bytes = 0
        self._mutex = threading.Lock()

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def active(self) -> int:
        """How many are not over yet."""
        return len(self._active)

    @property
    def bytes(self) -> int:
        """What is kept of texts and results."""
        return self._bytes

    def replayed(self, request: Mapping[str, Any], caller: Caller) -> Statement | None:
        """Return what the same client token submitted before, failed or not."""
        key = (caller.owner, request.get("ClientToken") or "")
        if self._clock() - self._spent.get(key, float("-inf")) <= TOKEN_SECONDS:
            # To run it again is what the client means to prevent.
            raise ValidationException(
                "The statement of this client token is forgotten: this server remembers so many "
                "only (--retained-statements, --memory-mb)."
            )
        statement = self._by_token.get(key)
        if not statement or self._clock() - statement.created > TOKEN_SECONDS:
            return None
        if _essence(statement.request) != _essence(request):
            raise ValidationException("Client token is already used with different parameters")
        return statement

    def add(
        self,
        request: Mapping[str, Any],
        sqls: Sequence[str],
        caller: Caller,
        target: Target,
        *,
        is_batch: bool,
    ) -> Statement:
        """Keep a new statement, and forget those whose time is over."""
        with self._mutex:
            self._forget()
            self._latest += 1
            statement = Statement(
                clock=self._clock,
                request=request,
                caller=caller,
                target=target,
                parts=[Part(clock=self._clock, sql=sql) for sql in sqls],
                is_batch=is_batch,
                number=self._latest,
            )
            self._by_number[statement.number] = self._by_id[statement.id] = statement
            self._active[statement.id] = statement
            self._bytes += statement.text_bytes
            if token := request.get("ClientToken"):
                self._by_token[caller.owner, token] = statement
        return statement

    def find(self, identifier: str, caller: Caller) -> tuple[Statement, str]:
        """Return the statement and the `n` of `id:n`; raises ResourceNotFoundException.

        The guide says who may act on a statement, not what others are told: that it is not there.
        """
        bare, _, suffix = identifier.partition(":")
        statement = self._by_id.get(bare)
        if not statement or self._is_old(statement) or statement.caller.owner != caller.owner:
            raise ResourceNotFoundException("Query does not exist.", identifier)
        return statement, suffix

    def latest_first(self, start: int | None = None) -> Iterator[Statement]:
        """Yield statements from a number downwards, the newest first."""
        while self._oldest <= self._latest and self._oldest not in self._by_number:
            self._oldest += 1
        for number in range(min(start or self._latest, self._latest), self._oldest - 1, -1):
            statement = self._by_number.get(number)
            if statement and not self._is_old(statement):
                yield statement

    def finish(self, statement: Statement) -> None:
        """Count a statement as over, and make room where it kept too much."""
        with self._mutex:
            del self._active[statement.id]
            self._over.append(statement)
            kept = [part for part in statement.parts if part.result]
            self._results.extend(kept)
            self._bytes += sum(_weight(part) for part in kept)
            self._forget()

    def unfinished(self, *, overdue: bool = False) -> list[Statement]:
        """Return what is not over, or only what has run for as long as a query may."""
        with self._mutex:
            return [s for s in self._active.values() if not overdue or self._is_overdue(s)]

    def _is_overdue(self, statement: Statement) -> bool:
        return self._clock() - statement.created >= QUERY_SECONDS

    def _is_old(self, statement: Statement) -> bool:
        return self._clock() - statement.created > RESULT_SECONDS

    def _forget(self) -> None:
        while self._spent and self._clock() - next(iter(self._spent.values())) > TOKEN_SECONDS:
            self._spent.popitem(last=False)
        while self._over and self._is_old(self._over[0]):
            self._forget_oldest()
        while len(self._results) > 1 and self._bytes > self._retention.bytes:
            self._drop(self._results.popleft())
        while len(self._over) > 1 and self._is_full():
            self._forget_oldest()

    def _is_full(self) -> bool:
        too_many = len(self._over) > self._retention.statements
        return too_many or self._bytes > self._retention.bytes

    def _forget_oldest(self) -> None:
        oldest = self._over.popleft()
        del self._by_number[oldest.number], self._by_id[oldest.id]
        self._bytes -= oldest.text_bytes
        for part in oldest.parts:
            self._drop(part)
        while self._results and self._results[0].result is None:
            self._results.popleft()
        token = (oldest.caller.owner, oldest.request.get("ClientToken") or "")
        if self._by_token.get(token) is oldest:
            del self._by_token[token]
            self._spent[token] = oldest.created

    def _drop(self, part: Part) -> None:
        if part.result:
            self._bytes -= _weight(part)
            part.result = None


def _weight(part: Part) -> int:
    return part.result.weight if part.result else 0


def _essence(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name not in _MAY_CHANGE}
