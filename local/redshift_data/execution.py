"""Runs submitted statements on threads, batches as one transaction or one by one."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from local.redshift_data.engine import Engine, Session
from local.redshift_data.errors import StatementAborted, StatementError
from local.redshift_data.interruption import InterruptibleObjects
from local.redshift_data.limits import ACTIVE_STATEMENTS, Limits
from local.redshift_data.results import result_set
from local.redshift_data.sessions import KeptSession, SessionStore
from local.redshift_data.statements import Part, Statement
from local.redshift_data.usage import Usage

_THREADS = ACTIVE_STATEMENTS
"""So many that statements wait for locks and never for threads; the engine runs fewer at a time."""
_FETCHERS = 64

_log = logging.getLogger(__name__)


class Executor:
    """Gives each statement a thread, and a database session of its own or a kept one."""

    def __init__(
        self,
        engine: Engine,
        sessions: SessionStore,
        limits: Limits,
        ended: Callable[[Statement, str], None],
        usage: Usage,
    ) -> None:
        """Tell `ended` of a statement and its final state just before that shows."""
        self._usage = usage
        self._engine = engine
        self._sessions = sessions
        self._limits = limits
        self._ended = ended
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="statement")
        self._fetchers = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="fetcher")
        self._fetching = dict[str, InterruptibleObjects]()

    def submit(self, statement: Statement) -> None:
        """Queue a statement."""
        statement.queued = self._threads.submit(self._run, statement)
        if statement.is_over:
            statement.queued = None

    def cancel(self, statement: Statement) -> None:
        """Have a statement end as ABORTED, unless it is about to have committed."""
        if (queued := statement.queued) and queued.cancel():
            statement.error = str(StatementAborted())
            self._over(statement, "ABORTED")
            return
        statement.cancel()
        if fetching := self._fetching.get(statement.id):
            fetching.stop()

    def close_session(self, session: KeptSession) -> None:
        """Roll back and close the connection of a session that is over, on a thread."""
        if connection := session.connection:
            session.connection = None
            self._threads.submit(connection.close)

    def close(self) -> None:
        """Wait for what runs or is queued; cancel statements first to be quick."""
        self._threads.shutdown()
        self._fetchers.shutdown(wait=False, cancel_futures=True)

    def _run(self, statement: Statement) -> None:
        statement.move("PICKED")
        try:
            with (
                self._usage.running(statement.target.warehouse),
                self._connected(statement) as connection,
            ):
                self._run_parts(statement, connection)
        except StatementError as error:
            statement.error = statement.error or str(error)
            self._over(statement, "ABORTED" if isinstance(error, StatementAborted) else "FAILED")
        except Exception as error:  # noqa: BLE001 - a defect must end the statement too
            _log.exception("a defect while running statement %s", statement.id)
            statement.error = f"ERROR: defect in the local server: {error!r}"
            self._over(statement, "FAILED")
        else:
            failed = any(part.status != "FINISHED" for part in statement.parts)
            self._over(statement, "FAILED" if failed else "FINISHED")

    def _over(self, statement: Statement, status: str) -> None:
        statement.queued = None
        for part in statement.parts:
            if not part.is_over:
                part.error = "Connection or an prior query failed."
                part.move("ABORTED")
        self._sessions.release(statement)
        self._ended(statement, status)
        statement.move(status)

    @contextmanager
    def _connected(self, statement: Statement) -> Iterator[Session]:
        kept = self._sessions.of(statement)
        connection = kept.connection if kept else None
        if not connection:
            connection = self._open(statement)
        if kept:
            kept.connection = connection
        try:
            with self._watched(statement, connection):
                yield connection
        finally:
            if not kept:
                connection.close()

    def _open(self, statement: Statement) -> Session:
        target = statement.target
        return self._engine.open_session(target.database_user, target.database)

    @contextmanager
    def _watched(self, statement: Statement, connection: Session) -> Iterator[None]:
        """Let the statement be cancelled while it runs."""
        objects = InterruptibleObjects(self._engine.objects, self._fetchers)
        connection.objects = self._fetching[statement.id] = objects
        connection.number = statement.number
        # In this order: who cancels meanwhile finds the connection, or is found out here.
        statement.connection = connection
        connection.cancelled = statement.cancelled
        try:
            yield
        finally:
            statement.connection = None
            del self._fetching[statement.id]

    def _run_parts(self, statement: Statement, connection: Session) -> None:
        # Waiting for a lock is a part of running: Redshift takes locks while it runs.
        statement.move("STARTED")
        if statement.in_one_transaction:
            self._run_as_one(statement, connection)
        else:
            self._run_one_by_one(statement, connection)

    def _run_as_one(self, statement: Statement, connection: Session) -> None:
        values = statement.parameters
        sqls = [part.sql for part in statement.parts]
        with connection.transaction(sqls, block=statement.is_batch):
            for number, part in enumerate(statement.parts, start=1):
                with _blamed(statement, number):
                    self._run_part(part, values, connection)
                part.move("FINISHED")

    def _run_one_by_one(self, statement: Statement, connection: Session) -> None:
        values = statement.parameters
        for number, part in enumerate(statement.parts, start=1):
            try:
                with _blamed(statement, number), connection.transaction([part.sql], block=False):
                    self._run_part(part, values, connection)
            except StatementError as error:
                if not part.is_over:
                    part.fail(error)
                if isinstance(error, StatementAborted):
                    raise
                # AUTO_COMMIT: one failure does not stop the rest.
            else:
                part.move("FINISHED")

    def _run_part(self, part: Part, values: Mapping[str, str], connection: Session) -> None:
        part.move("STARTED")
        started = time.perf_counter_ns()
        try:
            outcome = connection.run(part.sql, values)
            if outcome.columns is not None:
                part.keep(result_set(outcome.columns, outcome.rows, self._limits))
            part.changed = outcome.changed
        except StatementError as error:
            part.fail(error)
            raise
        finally:
            part.duration = time.perf_counter_ns() - started


@contextmanager
def _blamed(statement: Statement, number: int) -> Iterator[None]:
    """Note the first failure as the whole statement's error, in a batch with its number."""
    try:
        yield
    except StatementError as error:
        blame = f"Query #{number} failed with " if statement.is_batch else ""
        statement.error = statement.error or f"{blame}{error}"
        raise
