"""Sessions that outlive a statement: one statement at a time, idle only so long, a day at most."""

import threading
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from local.redshift_data.callers import Caller
from local.redshift_data.engine import Session
from local.redshift_data.errors import ResourceNotFoundException, ValidationException
from local.redshift_data.limits import SESSION_SECONDS, Clock, Limits
from local.redshift_data.statements import Statement, Target

_CLOSED_SESSIONS = 10_000
"""How many are remembered at most, of the last 24 hours."""


@dataclass(slots=True)
class KeptSession:
    """One session of the Data API, and the database session behind it."""

    caller: Caller
    target: Target
    keep_alive: int
    created: float
    number: int
    updated: float = field(init=False)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "BUSY"
    statement: Statement | None = None
    """What runs in it."""
    connection: Session | None = None

    def __post_init__(self) -> None:
        self.updated = self.created

    @property
    def last_moment(self) -> float:
        """When it is closed whatever runs in it."""
        return self.created + SESSION_SECONDS

    @property
    def ends_at(self) -> float:
        """When it will be closed if nothing is run in it from now on; its end once it is."""
        if self.status == "CLOSED":
            return self.updated
        return min(self.updated + self.keep_alive, self.last_moment)

    def is_over(self, now: float) -> bool:
        """Whether its time is over."""
        return now >= (self.last_moment if self.status == "BUSY" else self.ends_at)


class SessionStore:
    """Sessions by id, kept for 24 hours after they were created."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._by_id = dict[str, KeptSession]()
        self._open = dict[str, KeptSession]()
        self._closed = deque[KeptSession]()
        self._latest = 0
        self._mutex = threading.RLock()

    def check_room(self, target: Target) -> None:
        """Raise ActiveSessionsExceededException where one more session would be too many."""
        here = [s for s in self._open.values() if s.target.warehouse == target.warehouse]
        self._limits.check_sessions(len(here))

    def open(self, statement: Statement, keep_alive: int) -> KeptSession:
        """Open a session for its first statement."""
        with self._mutex:
            self._forget_old()
            self._latest += 1
            session = KeptSession(
                statement.caller, statement.target, keep_alive, self._clock(), self._latest
            )
            self._by_id[session.id] = self._open[session.id] = session
            self._occupy(session, statement)
            return session

    def usable(self, identifier: str, caller: Caller) -> KeptSession:
        """Return a session that can take a statement; raises ValidationException."""
        session = self._by_id.get(identifier)
        if not session or session.caller.owner != caller.owner:
            raise ValidationException(f"Session with Id: {identifier} is invalid")
        if session.status != "AVAILABLE" or session.is_over(self._clock()):
            # AWS says the same of a busy session and of one that was closed.
            raise ValidationException("Session is not available")
        return session

    def reuse(self, session: KeptSession, statement: Statement, keep_alive: int | None) -> None:
        """Give a usable session its next statement."""
        with self._mutex:
            if keep_alive is not None:
                session.keep_alive = keep_alive
            self._occupy(session, statement)

    def release(self, statement: Statement) -> None:
        """Make a statement's session available again."""
        session = self._open.get(statement.session_id or "")
        if session:
            with self._mutex:
                session.statement = None
                session.status, session.updated = "AVAILABLE", self._clock()

    def of(self, statement: Statement) -> KeptSession | None:
        """Return the open session that a statement runs in, if it is to be kept."""
        return self._open.get(statement.session_id or "")

    def overdue(self) -> list[Statement]:
        """Return what still runs in sessions that are over; they close when it has ended."""
        now = self._clock()
        busy = [session for session in self._open.values() if session.is_over(now)]
        return [session.statement for session in busy if session.statement]

    def close_what_is_over(self, *, everything: bool = False) -> list[KeptSession]:
        """Close idle sessions whose time is over; their connections are the caller's to close."""
        now = self._clock()
        with self._mutex:
            over = [s for s in self._open.values() if everything or s.is_over(now)]
            closed = [session for session in over if not session.statement]
            for session in closed:
                session.updated = min(session.ends_at, now)
                session.status = "CLOSED"
                del self._open[session.id]
                self._closed.append(session)
        return closed

    def get(self, identifier: str, caller: Caller) -> KeptSession:
        """Return a session, open or closed; raises ResourceNotFoundException."""
        session = self._by_id.get(identifier)
        if not session or self._is_old(session) or session.caller.owner != caller.owner:
            raise ResourceNotFoundException("Session does not exist.", identifier)
        return session

    def all_from(self, number: int) -> Iterator[KeptSession]:
        """Yield sessions of the last 24 hours from a number on, the oldest first."""
        for session in list(self._by_id.values()):
            if session.number >= number and not self._is_old(session):
                yield session

    def _occupy(self, session: KeptSession, statement: Statement) -> None:
        session.statement, statement.session_id = statement, session.id
        session.status, session.updated = "BUSY", self._clock()

    def _is_old(self, session: KeptSession) -> bool:
        return self._clock() - session.created > SESSION_SECONDS

    def _forget_old(self) -> None:
        while self._closed and (
            len(self._closed) > _CLOSED_SESSIONS or self._is_old(self._closed[0])
        ):
            del self._by_id[self._closed.popleft().id]
