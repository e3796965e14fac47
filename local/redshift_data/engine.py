"""Runs statements on DuckDB: one writer at a time, readers beside it, all in transactions."""

import threading
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from local.redshift_data import catalog
from local.redshift_data.catalog import Catalog, Table
from local.redshift_data.dialect.gate import only_reads, translate
from local.redshift_data.dialect.macros import MACROS
from local.redshift_data.dialect.plans import ObjectStore, Outcome, Plan, Values
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.errors import StatementAborted, StatementError, statement_error

_SETTINGS = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL integer_division = true",
    "SET GLOBAL default_null_order = 'nulls_last_on_asc_first_on_desc'",
    "SET GLOBAL ieee_floating_point_ops = false",
    "SET GLOBAL autoinstall_known_extensions = false",
    "SET GLOBAL autoload_known_extensions = false",
)
_TRANSLATIONS_KEPT = 1_000
_LONGEST_TEXT_KEPT = 20_000
"""Characters, as for parsed texts."""


class WriterLock:
    """Lets one transaction write at a time, first come first served."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()

    def acquire(self, owner: "Session") -> None:
        """Wait for the turn; raises StatementAborted where the owner is cancelled meanwhile."""
        with self._changed:
            self._queue.append(owner)
            self._changed.wait_for(lambda: self._queue[0] is owner or owner.cancelled)
            if owner.cancelled:
                self._leave(owner)
                raise StatementAborted

    def release(self, owner: "Session") -> None:
        """Let the next one in."""
        with self._changed:
            self._leave(owner)

    def wake(self) -> None:
        """Have those who wait look whether they were cancelled."""
        with self._changed:
            self._changed.notify_all()

    def _leave(self, owner: "Session") -> None:
        self._queue.remove(owner)
        self._changed.notify_all()


class Translations:
    """Plans by statement text, for as long as the tables they use stay the same."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Plan, Reads]] = OrderedDict()
        self._mutex = threading.Lock()

    def plan(self, sql: str, current: Catalog) -> Plan:
        """Return the plan for a statement against this catalog."""
        with self._mutex:
            kept = self._kept.get(sql)
        if kept and kept[1].still_hold(current):
            return kept[0]
        plan, reads = translate(sql, current)
        if len(sql) <= _LONGEST_TEXT_KEPT:
            self._keep(sql, plan, reads)
        return plan

    def _keep(self, sql: str, plan: Plan, reads: Reads) -> None:
        with self._mutex:
            self._kept[sql] = (plan, reads)
            self._kept.move_to_end(sql)
            if len(self._kept) > _TRANSLATIONS_KEPT:
                self._kept.popitem(last=False)


class Engine:
    """The database: one DuckDB file and the catalog that its last commit left."""

    def __init__(self, file: Path | str, objects: ObjectStore) -> None:
        self._root = duckdb.connect(str(file))
        for statement in (*_SETTINGS, *MACROS):
            self._root.execute(statement)
        catalog.prepare_storage(self._root)
        self.catalog = catalog.load(self._root)
        self.objects = objects
        self.writing = WriterLock()
        self.translations = Translations()
        self.boundary = threading.Lock()

    def only_reads(self, sql: str) -> bool:
        """Whether a statement can run beside a writer; an unreadable one fails there."""
        try:
            return only_reads(sql)
        except StatementError:
            return True

    def open_session(self) -> "Session":
        """Return a session with temporary tables of its own."""
        return Session(self, self._root.cursor())

    def close(self) -> None:
        """Close the file; sessions must be closed before."""
        self._root.close()


class Session:
    """One connection; it runs transactions one after another."""

    def __init__(self, engine: Engine, connection: duckdb.DuckDBPyConnection) -> None:
        self._engine = engine
        self.connection = connection
        self.objects = engine.objects
        self.catalog = engine.catalog
        self.cancelled = False
        self.in_block = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    def run(self, sql: str, values: Values) -> Outcome:
        """Run one statement in the open transaction; raises StatementError."""
        if self.cancelled:
            raise StatementAborted
        try:
            plan = self._engine.translations.plan(sql, self.catalog)
            return plan.run(self, values)
        except duckdb.Error as error:
            raise statement_error(error) from error

    def cancel(self) -> None:
        """Stop what runs or waits here, from another thread."""
        self.cancelled = True
        self._engine.writing.wake()
        # It may just have come to its end by itself.
        with suppress(duckdb.Error):
            self.connection.interrupt()

    @contextmanager
    def transaction(self, statements: Sequence[str], *, block: bool = True) -> Iterator[None]:
        """Commit what runs inside, or roll it back where it raises.

        With a statement that writes, the writer's turn comes before the snapshot: what
        an earlier writer committed is seen, and LOCK holds until the end. With `block` false
        the one statement commits itself, which some statements demand.
        """
        self.in_block = block
        if all(self._engine.only_reads(sql) for sql in statements):
            with self._snapshot():
                yield
            return
        self._engine.writing.acquire(self)
        try:
            with self._snapshot():
                yield
        finally:
            self._engine.writing.release(self)

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        temporary = self.catalog.temporary
        self._begin(temporary)
        try:
            yield
            self._commit()
        except BaseException:
            self._roll_back()
            self.catalog = replace(self._engine.catalog, temporary=temporary)
            raise

    def _begin(self, temporary: Mapping[str, Table]) -> None:
        # A commit must not fall between DuckDB's snapshot and the catalog that describes it.
        with self._engine.boundary:
            try:
                self.connection.execute("BEGIN")
                self.connection.execute("SELECT 1 FROM redshift.users LIMIT 0")
            except duckdb.Error as error:  # cancelled just now
                raise statement_error(error) from error
            self.catalog = replace(self._engine.catalog, temporary=temporary)
        self._base = self.catalog

    def _commit(self) -> None:
        lasting = replace(self.catalog, temporary={})
        changed = lasting != replace(self._base, temporary={})
        with self._engine.boundary if changed else nullcontext():
            try:
                self.connection.execute("COMMIT")
            except duckdb.Error as error:
                raise statement_error(error) from error
            if changed:
                self._engine.catalog = lasting

    def _roll_back(self) -> None:
        try:
            self.connection.execute("ROLLBACK")
        except duckdb.Error as error:
            # A failed COMMIT has already ended the transaction.
            if "no transaction is active" not in str(error):
                raise StatementError(str(error)) from error
