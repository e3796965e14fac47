"""The budget of warehouse reads: so many a second, shared by every container that reads."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.errors import BudgetSpent, TableUnavailable
from pipeline.shared_table import SharedTable, Watch

# The item of a second is of no use after it; the rest is margin for clocks.
KEPT_SECONDS = 600
# Those who wait come back over this part of the next second.
SPREAD_SECONDS = 0.5
LONGEST_RETRY_AFTER = 5


@dataclass
class Lease:
    """What a container holds of one second: unused tokens, and how many it asks for next."""

    second: int
    left: int = 0
    size: int = 1
    over: bool = False


class Budget:
    """Grants at most `per_second` tokens in a second, whoever else takes from the same table.

    A second begins and ends by the clock of each container. Clocks that differ by some
    milliseconds, as Lambda's do, move some tokens over the border of a second: `per_second` below
    the quota leaves room for that, and the few attempts of the warehouse stand behind it.

    Without the table (unreachable or throttling) every token is granted, and `report` is told why,
    once a token. One container answers one question at a time: this is not for several threads.
    """

    def __init__(
        self,
        table: SharedTable,
        per_second: int,
        *,
        report: Callable[[str], None] = lambda _: None,
        watch: Watch | None = None,
    ) -> None:
        if per_second < 1:
            raise ValueError("a budget grants at least one token a second")
        self._table = table
        self._per_second = per_second
        self._report = report
        self._watch = watch or Watch()
        self._lease = Lease(second=0)

    def take(self, *, seconds: float) -> None:
        """Take one token of this second or, within so many seconds, of a later one.

        Raises BudgetSpent if there is none, as soon as waiting cannot help. An unreachable table
        may take 5 s on top.
        """
        deadline = self._watch.now() + seconds
        while not self._taken():
            self._wait(deadline)

    def _taken(self) -> bool:
        now = self._watch.now()
        if self._lease.second != int(now):
            self._lease = Lease(int(now))  # unused tokens lapse with their second
        try:
            return self._taken_from(self._lease)
        except TableUnavailable as fault:
            self._report(str(fault))
            return True

    def _taken_from(self, lease: Lease) -> bool:
        if not lease.left:
            self._renew(lease)
        # The table may have answered late: a token of a second that is over is none.
        if not lease.left or int(self._watch.now()) != lease.second:
            return False
        lease.left -= 1
        return True

    def _renew(self, lease: Lease) -> None:
        """Lease twice as much as the last time, so that a busy container makes few calls."""
        while not lease.over:
            if self._granted(lease.second, lease.size):
                lease.left = lease.size
                lease.size = min(2 * lease.size, self._per_second)
                return
            lease.over = lease.size == 1  # nobody gives tokens back
            lease.size = 1

    def _granted(self, second: int, size: int) -> bool:
        # If the SDK asks again after a lost answer, tokens are counted twice: too few, never more.
        return self._table.update(
            str(second),
            "ADD used :size SET expires_at = :expires_at",
            {":size": size, ":most": self._per_second - size, ":expires_at": second + KEPT_SECONDS},
            condition="attribute_not_exists(used) OR used <= :most",
        )

    def _wait(self, deadline: float) -> None:
        now = self._watch.now()
        following = self._lease.second + 1
        if following > deadline:
            # Those who are refused together are sent away for different times.
            raise BudgetSpent(1 + int(self._watch.chance() * LONGEST_RETRY_AFTER))
        back = min(following + self._watch.chance() * SPREAD_SECONDS, deadline)
        self._watch.sleep(max(0.0, back - now))
