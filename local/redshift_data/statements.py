"""The life of a statement: submitted, picked, started, and finished, failed or aborted."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from local.redshift_data.callers import Caller
from local.redshift_data.engine import Session
from local.redshift_data.errors import (
    ResourceNotFoundException,
    StatementAborted,
    StatementError,
)
from local.redshift_data.limits import Clock
from local.redshift_data.results import ResultSet

TERMINAL = frozenset({"FINISHED", "FAILED", "ABORTED"})
_FIRST_PROCESS_ID = 1_073_741_824
STATEMENT_BYTES, PART_BYTES = 1_500, 700
"""About what a statement and each of its parts weigh beside their texts."""


@dataclass(frozen=True)
class Target:
    """Where a statement runs and as whom."""

    database: str
    database_user: str
    workgroup: str | None = None
    cluster: str | None = None
    secret: str | None = None

    @property
    def warehouse(self) -> str:
        """The workgroup or cluster."""
        return self.workgroup or self.cluster or ""

    def members(self) -> dict[str, Any]:
        """Return it as answers show it: with a secret the user is not told."""
        shown = {
            "ClusterIdentifier": self.cluster,
            "WorkgroupName": self.workgroup,
            "Database": self.database,
            "SecretArn": self.secret,
            "DbUser": None if self.secret else self.database_user,
        }
        return {name: value for name, value in shown.items() if value}


@dataclass(slots=True, kw_only=True)
class Run:
    """A state with its times, and those who wait for the end of it."""

    clock: Clock
    status: str = "SUBMITTED"
    error: str | None = None
    created: float = field(init=False)
    updated: float = field(init=False)
    _over: Future[None] | None = field(default_factory=Future)

    def __post_init__(self) -> None:
        self.created = self.updated = self.clock()

    @property
    def is_over(self) -> bool:
        """Whether the state is a final one."""
        return self.status in TERMINAL

    def move(self, status: str) -> None:
        """Enter a state; a terminal one wakes who waits."""
        self.status, self.updated = status, self.clock()
        if status in TERMINAL and self._over:
            over, self._over = self._over, None
            over.set_result(None)

    async def wait(self, seconds: int | None) -> None:
        """Return when it is over, or when so many seconds are."""
        over = self._over
        if seconds and over:
            await asyncio.wait({asyncio.wrap_future(over)}, timeout=seconds)


@dataclass(slots=True, kw_only=True)
class Part(Run):
    """One SQL statement of a batch, or the only one."""

    sql: str
    duration: int = -1
    """Nanoseconds, -1 while unknown."""
    result: ResultSet | None = None
    has_result: bool = False
    """Stays true when the rows themselves are forgotten."""

    size: int = 0
    """Bytes of the result."""

    changed: int = 0

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


@dataclass(slots=True, kw_only=True)
class Statement(Run):
    """What one call submitted; `request` is the call's body."""

    request: Mapping[str, Any]
    caller: Caller
    target: Target
    parts: Sequence[Part]
    is_batch: bool
    number: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    session_id: str | None = None
    queued: Future[None] | None = None
    """Its turn on a thread, until it is over."""
    connection: Session | None = None
    """The database session while it runs."""
    waiting: int = 0
    """Requests that wait for its end or a part's."""
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
    def result_format(self) -> str:
        """The format that results were asked for in."""
        return str(self.request.get("ResultFormat") or "JSON")

    @property
    def name(self) -> str:
        """The StatementName, or nothing."""
        return str(self.request.get("StatementName") or "")

    @property
    def text_bytes(self) -> int:
        """About what it weighs in memory without its result."""
        parameters = sum(len(value) for value in self.parameters.values())
        return STATEMENT_BYTES + sum(PART_BYTES + len(part.sql) for part in self.parts) + parameters

    @property
    def process_id(self) -> int:
        """A made-up RedshiftPid, 0 before there is one."""
        return 0 if self.status == "SUBMITTED" else _FIRST_PROCESS_ID + self.number

    @property
    def query_id(self) -> int:
        """A made-up RedshiftQueryId, 0 before it runs and for a batch as a whole."""
        return 0 if self.is_batch or self.status in ("SUBMITTED", "PICKED") else self.number

    @property
    def duration(self) -> int:
        """Nanoseconds that its parts ran, 0 while they run and -1 before."""
        if not self.is_over:
            return 0 if self.status == "STARTED" else -1
        return sum(max(part.duration, 0) for part in self.parts)

    @property
    def has_result_set(self) -> bool:
        """Whether any part returned rows, were it none; as the guide prints it, once it is over."""
        return self.is_over and any(part.has_result for part in self.parts)

    @property
    def result_rows(self) -> int:
        """Rows returned or changed by all parts, -1 while unknown."""
        return self._total([part.result_rows for part in self.parts])

    @property
    def result_size(self) -> int:
        """Bytes of all results, -1 while unknown."""
        return self._total([part.result_size for part in self.parts])

    def _total(self, numbers: Sequence[int]) -> int:
        return sum(n for n in numbers if n > 0) if self.status == "FINISHED" else -1

    def cancel(self) -> None:
        """Ask the thread that runs it to stop."""
        self.cancelled = True
        if connection := self.connection:
            connection.cancel()

    def part(self, suffix: str) -> Part:
        """Return the part that `id:n` means; raises where there is none."""
        number = int(suffix) if suffix else len(self.parts)
        if not 1 <= number <= len(self.parts) or (suffix and not self.is_batch):
            raise ResourceNotFoundException("Query does not exist.", f"{self.id}:{suffix}")
        return self.parts[number - 1]
