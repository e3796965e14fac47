"""The life of a statement: submitted, run on a thread, finished, forgotten after 24 hours."""

import asyncio
import threading
import time
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from local.redshift_data.engine import Session
from local.redshift_data.errors import (
    ResourceNotFoundException,
    StatementAborted,
    StatementError,
    ValidationException,
)
from local.redshift_data.limits import RESULT_SECONDS, RETAINED_BYTES, TOKEN_SECONDS
from local.redshift_data.results import ResultSet

TERMINAL = frozenset({"FINISHED", "FAILED", "ABORTED"})
_FIRST_PROCESS_ID = 1_073_741_824


@dataclass
class Part:
    """One SQL statement of a batch, or the only one."""

    sql: str
    status: str = "SUBMITTED"
    error: str | None = None
    duration: int = -1
    """Nanoseconds, -1 while unknown."""
    result: ResultSet | None = None
    has_result: bool = False
    """Stays true when the rows themselves are forgotten."""

    size: int = 0
    """Bytes of the result."""

    changed: int = 0
    updated: float = field(default_factory=time.time)

    def move(self, status: str) -> None:
        """Enter a state."""
        self.status, self.updated = status, time.time()

    def fail(self, error: StatementError) -> None:
        """Enter ABORTED where the cause is a cancellation, else FAILED."""
        self.error = str(error)
        self.move("ABORTED" if isinstance(error, StatementAborted) else "FAILED")

    @property
    def result_rows(self) -> int:
        """Rows returned or changed, -1 while unknown."""
        return self.changed if self.status == "FINISHED" else -1

    @property
    def result_size(self) -> int:
        """Bytes of the result, -1 while unknown."""
        return self.size if self.status == "FINISHED" else -1

    def keep(self, result: ResultSet) -> None:
        """Keep the rows that it returned."""
        self.result, self.size, self.has_result = result, result.size, True


@dataclass
class Statement:
    """What one call submitted; `request` is the call's body."""

    request: Mapping[str, Any]
    parts: Sequence[Part]
    is_batch: bool
    number: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "SUBMITTED"
    error: str | None = None
    duration: int = -1
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    done: Future[None] = field(default_factory=Future)
    session: Session | None = None
    cancelled: bool = False

    @property
    def parameters(self) -> dict[str, str]:
        """Parameter values by name."""
        return {p["name"]: p["value"] for p in self.request.get("Parameters") or ()}

    @property
    def in_one_transaction(self) -> bool:
        """Whether all parts commit together."""
        return bool(self.request.get("ExecutionMode", "TRANSACTION") == "TRANSACTION")

    @property
    def process_id(self) -> int:
        """A made-up RedshiftPid."""
        return _FIRST_PROCESS_ID + self.number

    @property
    def has_result_set(self) -> bool:
        """Whether any part returned rows, were it none."""
        return any(part.has_result for part in self.parts)

    def move(self, status: str) -> None:
        """Enter a state; a terminal one wakes who waits."""
        self.status, self.updated = status, time.time()
        if status in TERMINAL and not self.done.done():
            self.done.set_result(None)

    def cancel(self) -> None:
        """Ask the thread that runs it to stop."""
        self.cancelled = True
        if self.session:
            self.session.cancel()

    async def wait(self, seconds: int | None) -> None:
        """Return when it is over, or when so many seconds are."""
        if seconds and not self.done.done():
            await asyncio.wait({asyncio.wrap_future(self.done)}, timeout=seconds)

    def part(self, suffix: str) -> Part:
        """Return the part that `id:n` means; raises where there is none."""
        number = int(suffix) if suffix else len(self.parts)
        if not 1 <= number <= len(self.parts) or (suffix and not self.is_batch):
            raise ResourceNotFoundException("Query does not exist.", f"{self.id}:{suffix}")
        return self.parts[number - 1]


class StatementStore:
    """Statements by id for 24 hours, and by client token for 8."""

    def __init__(self) -> None:
        self._by_id: dict[str, Statement] = {}
        self._by_token: dict[str, Statement] = {}
        self._count = 0
        self._over = 0
        self._retained: deque[Part] = deque()
        self._retained_bytes = 0
        self._mutex = threading.Lock()

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def active(self) -> int:
        """How many are not over yet."""
        return self._count - self._over

    def replayed(self, request: Mapping[str, Any]) -> Statement | None:
        """Return what the same client token submitted before, failed or not."""
        token = request.get("ClientToken")
        statement = self._by_token.get(token) if token else None
        if not statement or time.time() - statement.created > TOKEN_SECONDS:
            return None
        for member in ("Sql", "Sqls", "Parameters"):
            if statement.request.get(member) != request.get(member):
                raise ValidationException("Client token is already used with different parameters")
        return statement

    def add(self, request: Mapping[str, Any], sqls: Sequence[str], *, is_batch: bool) -> Statement:
        """Keep a new statement, and forget those whose time is over."""
        self._forget_old()
        self._count += 1
        statement = Statement(request, [Part(sql) for sql in sqls], is_batch, self._count)
        statement.done.add_done_callback(lambda _: self._finish(statement))
        self._by_id[statement.id] = statement
        if token := request.get("ClientToken"):
            self._by_token[token] = statement
        return statement

    def find(self, identifier: str) -> tuple[Statement, str]:
        """Return the statement and the `n` of `id:n`; raises ResourceNotFoundException."""
        bare, _, suffix = identifier.partition(":")
        statement = self._by_id.get(bare)
        if not statement or time.time() - statement.created > RESULT_SECONDS:
            raise ResourceNotFoundException("Query does not exist.", identifier)
        return statement, suffix

    def latest_first(self) -> list[Statement]:
        """Return all statements, the newest first."""
        return list(reversed(self._by_id.values()))

    def _finish(self, statement: Statement) -> None:
        with self._mutex:
            self._over += 1
            kept = [part for part in statement.parts if part.result]
            self._retained.extend(kept)
            self._retained_bytes += sum(part.size for part in kept)
            while len(self._retained) > 1 and self._oldest_must_go():
                oldest = self._retained.popleft()
                self._retained_bytes -= oldest.size
                oldest.result = None

    def _oldest_must_go(self) -> bool:
        return self._retained_bytes > RETAINED_BYTES or self._retained[0].result is None

    def _forget_old(self) -> None:
        oldest = time.time() - RESULT_SECONDS
        while self._by_id:
            first = next(iter(self._by_id.values()))
            if first.created > oldest or not first.done.done():
                return
            del self._by_id[first.id]
            for part in first.parts:
                part.result = None
            token = first.request.get("ClientToken")
            if token and self._by_token.get(token) is first:
                del self._by_token[token]
