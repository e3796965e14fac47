"""A session: one connection, its settings and temporary tables, and the transaction it runs."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

import duckdb

from local.redshift_data.catalog import Catalog
from local.redshift_data.dialect.parameters import DEFAULTS, schemas_of
from local.redshift_data.dialect.plans import Outcome, Select, Values
from local.redshift_data.errors import (
    StatementAborted,
    StatementError,
    serialization_failure,
    statement_error,
)
from local.redshift_data.locks import Claim

if TYPE_CHECKING:
    from local.redshift_data.engine import Engine


class Session:
    """Runs transactions one after another; only `cancel` may be called by another thread."""

    def __init__(
        self, engine: "Engine", connection: duckdb.DuckDBPyConnection, user: str, database: str
    ) -> None:
        self._engine = engine
        self._user = user
        self._is_as_new = True
        self._begun = False
        self._claim = Claim({})
        self._mutex = threading.Lock()
        self._running = False
        self._committing = False
        self._timed_out = False
        self._since = 0.0
        self._lasting_settings: Mapping[str, str | None] = DEFAULTS
        self.connection = connection
        self.objects = engine.objects
        self.catalog = self._base = replace(engine.catalog, user=user, database=database)
        self._origin = Catalog()
        self.settings: Mapping[str, str | None] = DEFAULTS
        """Each parameter's value as SHOW prints it; None is a variable's that was reset."""
        self.number = 0
        """The query's number, as errors show it."""
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
        self.close()

    def close(self) -> None:
        """End the session and, with it, its temporary tables."""
        self._engine.interrupter.forget(self._interrupt)
        if self._is_as_new and not self._begun:
            self._engine.take_back(self.connection, self._user)
        else:
            self.connection.close()

    def run(self, sql: str, values: Values) -> Outcome:
        """Run one statement in the open transaction; raises StatementError."""
        with self._timed():
            self._since = 0.0
            self.check()
            try:
                plan = self._engine.translations.plan(sql, self.catalog)
                self.check()
                if not self._begun:
                    if isinstance(plan, Select) and (outcome := self._run_alone(plan, values)):
                        return outcome
                    self._begin()
                    plan = self._engine.translations.plan(sql, self.catalog)
                return plan.run(self, values)
            except duckdb.Error as error:
                raise statement_error(error) from error

    def _run_alone(self, plan: Select, values: Values) -> Outcome | None:
        """Run a query as its own transaction; None where the catalog changed meanwhile.

        A catalog that is the same before and after describes DuckDB's snapshot in between.
        """
        try:
            outcome = plan.run(self, values)
        except duckdb.Error:
            if self._engine.changing or self._engine.catalog is not self._origin:
                return None
            raise
        same = not self._engine.changing and self._engine.catalog is self._origin
        return outcome if same else None

    def check(self) -> None:
        """Raise StatementAborted where the statement must not go on; for loops of long work."""
        if self.cancelled or self._timed_out:
            raise StatementAborted

    def cancel(self) -> bool:
        """Stop what runs or waits; returns whether nothing of this transaction is committed."""
        with self._mutex:
            self.cancelled = True
            if self._committing:
                return False
            if self._running:
                self._engine.interrupter.at(time.monotonic(), self._interrupt)
        return True

    def configure(self, settings: Mapping[str, str | None], *, local: bool = False) -> None:
        """Change settings, until the end of the session or, where `local`, the transaction."""
        self._take_settings({**self.settings, **settings})
        if not local:
            self._lasting_settings = {**self._lasting_settings, **settings}

    def commit(self) -> None:
        """Commit what the transaction did so far and go on in a new one, its locks still held.

        For what commits the transaction that it is part of, as TRUNCATE does.
        """
        self._commit()
        self._begin()

    @contextmanager
    def transaction(self, statements: Sequence[str], *, block: bool = True) -> Iterator[None]:
        """Commit what runs inside, or roll it back where it raises.

        The locks that all the statements need come before the snapshot: what an earlier writer
        committed is seen. With `block` false the one statement commits itself, which some
        statements demand.
        """
        self.in_block = block
        self._since = time.monotonic()
        self._claim = Claim(self._engine.needs(statements, self.catalog))
        with self._mutex:
            self._running = True
            self._committing = False
        try:
            with self._timed():
                self.check()
                self._engine.locks.wait_for(self._claim)
            alone = len(statements) == 1 and self._engine.only_reads(statements[0])
            self._is_as_new = self._is_as_new and all(map(self._engine.only_reads, statements))
            with self._snapshot(deferred=alone):
                yield
        finally:
            self._let_be()
            self._engine.locks.release(self._claim)

    def _let_be(self) -> None:
        with self._mutex:
            self._running = False
        self._engine.interrupter.forget(self._interrupt)

    def _interrupt(self) -> None:
        self._timed_out = not self.cancelled
        self._engine.locks.give_up(self._claim)
        # It may just have come to its end by itself.
        with suppress(duckdb.Error):
            self.connection.interrupt()

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Stop what takes longer than statement_timeout, which counts waiting too."""
        milliseconds = int(self.settings["statement_timeout"] or 0)
        if not milliseconds:
            yield
            return
        started = self._since or time.monotonic()
        self._engine.interrupter.at(started + milliseconds / 1000, self._interrupt)
        try:
            yield
        except StatementAborted:
            if self.cancelled:
                raise
            raise StatementError(f"Query ({self.number}) canceled on user's request") from None
        finally:
            if not self.cancelled:
                self._engine.interrupter.forget(self._interrupt)
            self._timed_out = False

    @contextmanager
    def _snapshot(self, *, deferred: bool) -> Iterator[None]:
        self._take_catalog()
        if not deferred:
            self._begin()
        try:
            yield
            self._commit()
        except BaseException:
            self._let_be()
            self._is_as_new = False
            self._roll_back()
            self._lasting_settings = self._settings_before
            self.catalog = self._engine.catalog.for_session(self._base)
            raise
        finally:
            self._take_settings(self._lasting_settings)

    def _begin(self) -> None:
        # A commit must not fall between DuckDB's snapshot and the catalog that describes it.
        with self._engine.boundary:
            self._begun = True
            try:
                self.connection.execute(self._engine.begin)
                self.connection.execute(self._engine.touch)
            except duckdb.Error as error:  # cancelled just now
                self._roll_back()
                raise statement_error(error) from error
            self._take_catalog()

    def _take_catalog(self) -> None:
        if self._origin is not self._engine.catalog or self.catalog is not self._base:
            self._origin = self._engine.catalog
            self.catalog = self._base = self._origin.for_session(self.catalog)
        self._settings_before = self._lasting_settings
        self._committing = False

    def _commit(self) -> None:
        with self._mutex:
            self.check()
            self._committing = True
        lasting = self._origin if self.catalog is self._base else self.catalog.lasting()
        if lasting != self._origin:
            with self._engine.boundary:
                self._publish(lasting)
        elif self._begun:
            self._end()

    def _publish(self, lasting: Catalog) -> None:
        if self._engine.catalog is not self._origin:
            raise serialization_failure()
        self._engine.changing = True
        try:
            self._end()
            self._engine.catalog = lasting
        finally:
            self._engine.changing = False

    def _end(self) -> None:
        try:
            self.connection.execute(self._engine.commit)
        except duckdb.Error as error:
            raise statement_error(error) from error
        self._begun = False

    def _roll_back(self) -> None:
        if not self._begun:
            return
        self._begun = False
        try:
            self.connection.execute("ROLLBACK")
        except duckdb.Error as error:
            # A failed COMMIT has already ended the transaction.
            if "no transaction is active" not in str(error):
                raise StatementError(str(error)) from error

    def _take_settings(self, settings: Mapping[str, str | None]) -> None:
        if settings is self.settings:
            return
        if settings["search_path"] != self.settings["search_path"]:
            self.catalog = self.catalog.with_path(schemas_of(settings["search_path"] or ""))
        case_of_attributes = settings.get("enable_case_sensitive_super_attribute")
        self.catalog = self.catalog.with_case_sensitive_super(case_of_attributes)
        self.settings = settings
