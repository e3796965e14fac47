"""Runs submitted statements on threads, batches as one transaction or one by one."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from local.redshift_data.engine import Engine, Session
from local.redshift_data.errors import StatementAborted, StatementError
from local.redshift_data.limits import Limits
from local.redshift_data.results import result_set
from local.redshift_data.statements import Part, Statement

_READERS = 16
_WRITERS = 64
"""Threads; writers mostly wait for their turn, and must not keep readers from theirs."""

_log = logging.getLogger(__name__)


class Executor:
    """Gives each statement a thread and a session of its own."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="reader")
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="writer")

    def submit(self, statement: Statement) -> None:
        """Queue a statement."""
        reads = all(self._engine.only_reads(part.sql) for part in statement.parts)
        (self._readers if reads else self._writers).submit(self._run, statement)

    def close(self) -> None:
        """Wait for what runs or is queued; cancel statements first to be quick."""
        self._readers.shutdown()
        self._writers.shutdown()

    def _run(self, statement: Statement) -> None:
        statement.move("PICKED")
        started = time.perf_counter_ns()
        try:
            with self._engine.open_session() as session:
                statement.session = session
                session.cancelled = statement.cancelled
                self._run_parts(statement, session)
        except StatementError as error:
            statement.error = statement.error or str(error)
            aborted = isinstance(error, StatementAborted)
            self._over(statement, started, "ABORTED" if aborted else "FAILED")
        except Exception as error:  # noqa: BLE001 - a defect must end the statement too
            _log.exception("a defect while running statement %s", statement.id)
            statement.error = f"ERROR: defect in the local server: {error!r}"
            self._over(statement, started, "FAILED")
        else:
            failed = any(part.status != "FINISHED" for part in statement.parts)
            self._over(statement, started, "FAILED" if failed else "FINISHED")

    def _over(self, statement: Statement, started: int, status: str) -> None:
        statement.session = None
        statement.duration = time.perf_counter_ns() - started
        for part in statement.parts:
            if part.status not in ("FINISHED", "FAILED", "ABORTED"):
                part.error = "Connection or an prior query failed."
                part.move("ABORTED")
        statement.move(status)

    def _run_parts(self, statement: Statement, session: Session) -> None:
        if statement.in_one_transaction:
            sqls = [part.sql for part in statement.parts]
            with session.transaction(sqls, block=statement.is_batch):
                statement.move("STARTED")
                for number, part in enumerate(statement.parts, start=1):
                    with _blamed(statement, number):
                        self._run_part(statement, part, session)
            return
        for number, part in enumerate(statement.parts, start=1):
            try:
                with _blamed(statement, number), session.transaction([part.sql], block=False):
                    statement.move("STARTED")
                    self._run_part(statement, part, session)
            except StatementAborted:
                raise
            except StatementError:
                # AUTO_COMMIT: one failure does not stop the rest.
                continue

    def _run_part(self, statement: Statement, part: Part, session: Session) -> None:
        part.move("STARTED")
        started = time.perf_counter_ns()
        try:
            outcome = session.run(part.sql, statement.parameters)
            if outcome.columns is not None:
                part.keep(result_set(outcome.columns, outcome.rows, self._limits))
            part.changed = outcome.changed
            part.move("FINISHED")
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
