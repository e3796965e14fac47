"""The Data API's quotas, each of which can be switched off, and what this server keeps."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.redshift_data.errors import (
    ActiveSessionsExceededException,
    ActiveStatementsExceededException,
    ActiveWaitingRequestsExceededException,
    ThrottlingException,
    ValidationException,
)

Clock = Callable[[], float]
"""Seconds since 1970."""

# "Quotas for the Amazon Redshift Data API", Redshift Management Guide.
CALLS_PER_SECOND = {
    "ExecuteStatement": 30,
    "BatchExecuteStatement": 20,
    "DescribeStatement": 100,
    "GetStatementResult": 20,
    "CancelStatement": 3,
    "ListStatements": 3,
    "ListDatabases": 3,
    "ListSchemas": 3,
    "ListTables": 3,
    "DescribeTable": 3,
    # Not in the table of quotas: taken to be as for their older sisters.
    "GetStatementResultV2": 20,
    "ListSessions": 3,
}
STATEMENTS_PER_BATCH = 40
STATEMENT_BYTES = 200 * 1024
ACTIVE_STATEMENTS = 500
ACTIVE_SESSIONS = 500
ROW_BYTES = 64 * 1024
RESULT_BYTES = 500 * 1024 * 1024
WAITING_REQUESTS = 10
"""Of one statement. AWS has such a quota and does not publish it: this number is made up."""

QUERY_SECONDS = 24 * 3600
TOKEN_SECONDS = 8 * 3600
RESULT_SECONDS = 24 * 3600
SESSION_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Limits:
    """Which quotas are enforced."""

    calls: bool = True
    statements_per_batch: bool = True
    statement_bytes: bool = True
    active_statements: bool = True
    active_sessions: bool = True
    waiting_requests: bool = True
    row_bytes: bool = True
    result_bytes: bool = True
    parameter_values: bool = True
    csv_bytes: bool = True

    def check_statements(self, sqls: Sequence[str]) -> None:
        """Raise ValidationException for a batch or a text that is too large."""
        if self.statements_per_batch and len(sqls) > STATEMENTS_PER_BATCH:
            raise ValidationException(
                f"Sqls must have at most {STATEMENTS_PER_BATCH} members, not {len(sqls)}"
            )
        if self.statement_bytes and any(len(sql.encode()) > STATEMENT_BYTES for sql in sqls):
            raise ValidationException("Cannot process query string larger than 200kB")

    def check_active(self, active: int) -> None:
        """Raise ActiveStatementsExceededException where one more would be too many."""
        if self.active_statements and active >= ACTIVE_STATEMENTS:
            raise ActiveStatementsExceededException(
                f"Active statements exceeded the allowed quota ({ACTIVE_STATEMENTS})."
            )

    def check_sessions(self, active: int) -> None:
        """Raise ActiveSessionsExceededException where one more would be too many."""
        if self.active_sessions and active >= ACTIVE_SESSIONS:
            raise ActiveSessionsExceededException(
                f"Active sessions exceeded the allowed quota ({ACTIVE_SESSIONS})."
            )

    def check_waiting(self, waiting: int, allowed: int = WAITING_REQUESTS) -> None:
        """Raise ActiveWaitingRequestsExceededException where one more would be too many."""
        if self.waiting_requests and waiting >= allowed:
            raise ActiveWaitingRequestsExceededException(
                f"Active waiting requests exceeded the allowed quota ({allowed})."
            )


@dataclass(frozen=True)
class Retention:
    """How much this server keeps of what AWS keeps for 24 hours; ours, not AWS's."""

    bytes: int = 256 * 1024 * 1024
    """Of results and of the texts of statements; beyond it the oldest go."""

    statements: int = 100_000


class Throttle:
    """One token bucket per operation: a second's worth of calls, refilled evenly."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._buckets = {name: (float(rate), clock()) for name, rate in CALLS_PER_SECOND.items()}

    def take(self, operation: str) -> None:
        """Count a call; raises ThrottlingException where it is one too many."""
        rate = CALLS_PER_SECOND[operation]
        tokens, then = self._buckets[operation]
        now = self._clock()
        tokens = min(float(rate), tokens + (now - then) * rate)
        self._buckets[operation] = (tokens - 1 if tokens >= 1 else tokens, now)
        if tokens < 1:
            raise ThrottlingException("Rate exceeded")
