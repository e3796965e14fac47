"""The Data API's quotas, each of which can be switched off."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.redshift_data.errors import (
    ActiveStatementsExceededException,
    ThrottlingException,
    ValidationException,
)

# "Quotas for the Amazon Redshift Data API", Redshift Management Guide.
CALLS_PER_SECOND = {
    "ExecuteStatement": 30,
    "BatchExecuteStatement": 20,
    "DescribeStatement": 100,
    "GetStatementResult": 20,
    # Not in the table of quotas: taken to be as for its older sister.
    "GetStatementResultV2": 20,
    "CancelStatement": 3,
    "ListStatements": 3,
}
STATEMENTS_PER_BATCH = 40
STATEMENT_BYTES = 200 * 1024
ACTIVE_STATEMENTS = 500
ROW_BYTES = 64 * 1024
RESULT_BYTES = 500 * 1024 * 1024
RETAINED_BYTES = 256 * 1024 * 1024
"""Ours: of all results kept; beyond it the oldest go before their 24 hours are over."""

TOKEN_SECONDS = 8 * 3600
RESULT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Limits:
    """Which quotas are enforced."""

    calls: bool = True
    statements_per_batch: bool = True
    statement_bytes: bool = True
    active_statements: bool = True
    row_bytes: bool = True

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


class Throttle:
    """One token bucket per operation: a second's worth of calls, refilled evenly."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets = {name: (float(rate), clock()) for name, rate in CALLS_PER_SECOND.items()}

    def take(self, operation: str) -> None:
        """Count a call; raises ThrottlingException where it is one too many."""
        rate = CALLS_PER_SECOND.get(operation)
        if rate is None:
            return
        tokens, then = self._buckets[operation]
        now = self._clock()
        tokens = min(float(rate), tokens + (now - then) * rate)
        self._buckets[operation] = (max(tokens - 1, 0.0) if tokens >= 1 else tokens, now)
        if tokens < 1:
            raise ThrottlingException("Rate exceeded")
