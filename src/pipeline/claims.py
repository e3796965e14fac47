"""Claims to questions: of all containers that are asked the same, one asks the warehouse."""

from collections.abc import Callable

from pipeline.budget import KEPT_SECONDS
from pipeline.errors import TableUnavailable
from pipeline.shared_table import SharedTable, Watch

PREFIX = "asked/"
MILLISECONDS = 1_000
CHANGE = "SET claimed_until = :until, expires_at = :expires_at"
FREE = "attribute_not_exists(claimed_until) OR claimed_until <= :now"


class Claims:
    """Grants a question to one asker at a time, in the table that the budget counts in.

    Without the table (unreachable or throttling) every claim is granted, and `report` is told why.
    """

    def __init__(
        self,
        table: SharedTable,
        *,
        report: Callable[[str], None] = lambda _: None,
        watch: Watch | None = None,
    ) -> None:
        self._table = table
        self._report = report
        self._watch = watch or Watch()

    def take(self, key: str, seconds: float) -> bool:
        """Claim a question for so many seconds; False while somebody else's claim lasts."""
        now = self._watch.now()
        values = {**_until(now + seconds), ":now": _milliseconds(now)}
        try:
            return self._table.update(PREFIX + key, CHANGE, values, condition=FREE)
        except TableUnavailable as fault:
            self._report(str(fault))
            return True

    def release(self, key: str) -> None:
        """Let go of a claim whose answer did not come; if it cannot be, it ends by itself."""
        try:
            self._table.update(PREFIX + key, CHANGE, _until(self._watch.now()))
        except TableUnavailable as fault:
            self._report(str(fault))


def _until(moment: float) -> dict[str, int]:
    return {":until": _milliseconds(moment), ":expires_at": int(moment) + KEPT_SECONDS}


def _milliseconds(moment: float) -> int:
    return int(moment * MILLISECONDS)
