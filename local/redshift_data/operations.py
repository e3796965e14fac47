"""The API's operations on statements and sessions: a request's body in, the answer's out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from local.redshift_data import descriptions
from local.redshift_data.callers import Caller
from local.redshift_data.engine import Engine
from local.redshift_data.errors import (
    InternalServerException,
    ResourceNotFoundException,
    UnknownOperationException,
    ValidationException,
)
from local.redshift_data.execution import Executor
from local.redshift_data.limits import Throttle
from local.redshift_data.metadata_operations import MetadataOperations
from local.redshift_data.results import ResultSet, offset_of, token_of
from local.redshift_data.retention import StatementStore
from local.redshift_data.sessions import KeptSession, SessionStore
from local.redshift_data.settings import Settings
from local.redshift_data.statements import Part, Run, Statement
from local.redshift_data.usage import Usage
from local.redshift_data.validation import (
    Body,
    check_either_target,
    check_members,
    check_parameters,
    check_session_alone,
    matches_target,
    target_of,
)

Answer = dict[str, Any]
_ENTRIES_PER_PAGE = 100
_LARGE_RESULT = 1024 * 1024


class Operations:
    """The service: operation names are its table's keys."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._limits = settings.limits
        self._settings = settings
        self._events = settings.events
        self._throttle = Throttle()
        self._stopping = False
        self.statements = StatementStore(settings.clock, settings.retention)
        self.sessions = SessionStore(settings.clock, settings.limits)
        self.usage = Usage(settings.clock)
        self.executor = Executor(engine, self.sessions, settings.limits, self._ended, self.usage)
        metadata = MetadataOperations(engine)
        self._table: dict[str, Callable[[Body, Caller], Awaitable[Answer]]] = {
            "ExecuteStatement": self._execute,
            "BatchExecuteStatement": self._batch_execute,
            "DescribeStatement": self._describe,
            "GetStatementResult": self._result_as_json,
            "GetStatementResultV2": self._result_as_csv,
            "CancelStatement": self._cancel,
            "ListStatements": self._list_statements,
            "ListSessions": self._list_sessions,
            "ListDatabases": metadata.list_databases,
            "ListSchemas": metadata.list_schemas,
            "ListTables": metadata.list_tables,
            "DescribeTable": metadata.describe_table,
        }

    async def stop(self) -> None:
        """Take no more statements, and cancel those that are not over."""
        self._stopping = True
        for statement in self.statements.unfinished():
            self.executor.cancel(statement)

    def close(self) -> None:
        """Wait for the end of what was cancelled, and close all sessions."""
        self.executor.close()
        for session in self.sessions.close_what_is_over(everything=True):
            if session.connection:
                session.connection.close()

    def tidy(self) -> None:
        """End statements and sessions whose time is over; to be called every now and then."""
        for statement in (*self.statements.unfinished(overdue=True), *self.sessions.overdue()):
            self.executor.cancel(statement)
        for session in self.sessions.close_what_is_over():
            self.executor.close_session(session)

    async def call(self, operation: str, body: Mapping[str, Any], caller: Caller) -> Answer:
        """Answer a call; raises ApiError."""
        if operation not in self._table:
            raise UnknownOperationException(f"{operation or 'no operation'} is not known")
        if self._limits.calls:
            self._throttle.take(operation)
        request = {name: value for name, value in body.items() if value is not None}
        check_members(operation, request, self._limits)
        return await self._table[operation](request, caller)

    async def _execute(self, body: Body, caller: Caller) -> Answer:
        return await self._submit(body, [body["Sql"]], caller, is_batch=False)

    async def _batch_execute(self, body: Body, caller: Caller) -> Answer:
        return await self._submit(body, body["Sqls"], caller, is_batch=True)

    async def _submit(
        self, body: Body, sqls: Sequence[str], caller: Caller, *, is_batch: bool
    ) -> Answer:
        self._limits.check_statements(sqls)
        if not all(sql.strip() for sql in sqls):
            raise ValidationException("A statement must not be empty")
        check_parameters(body, sqls)
        if body.get("WithEvent") and not self._events:
            raise ValidationException(
                "not emulated locally: WithEvent without --events-endpoint, the EventBridge to use"
            )
        statement = self.statements.replayed(body, caller)
        if not statement:
            statement = self._start(body, sqls, caller, is_batch=is_batch)
        await self._wait(statement, statement, body)
        return descriptions.receipt(statement, waited=bool(body.get("WaitTimeSeconds")))

    def _start(
        self, body: Body, sqls: Sequence[str], caller: Caller, *, is_batch: bool
    ) -> Statement:
        session = self._session_of(body, caller)
        target = session.target if session else target_of(body, caller)
        keep_alive = body.get("SessionKeepAliveSeconds")
        if self._stopping:
            raise InternalServerException("the local server is stopping")
        self._limits.check_active(self.statements.active)
        if keep_alive is not None and not session:
            self.tidy()
            self.sessions.check_room(target)
        statement = self.statements.add(body, sqls, caller, target, is_batch=is_batch)
        if session:
            self.sessions.reuse(session, statement, keep_alive)
        elif keep_alive is not None:
            self.sessions.open(statement, keep_alive)
        self.executor.submit(statement)
        return statement

    def _session_of(self, body: Body, caller: Caller) -> KeptSession | None:
        if "SessionId" not in body:
            return None
        check_session_alone(body)
        return self.sessions.usable(body["SessionId"], caller)

    def _ended(self, statement: Statement, status: str) -> None:
        self.statements.finish(statement)
        if self._events and statement.request.get("WithEvent"):
            self._events.announce(statement, status)

    async def _describe(self, body: Body, caller: Caller) -> Answer:
        statement, suffix = self.statements.find(body["Id"], caller)
        waited_for = statement.part(suffix) if suffix else statement
        await self._long_poll(statement, waited_for, body)
        return descriptions.whole(statement, only=suffix)

    async def _result_as_json(self, body: Body, caller: Caller) -> Answer:
        result = await self._result(body, caller, "JSON")
        return await _beside(result, result.json_page, body)

    async def _result_as_csv(self, body: Body, caller: Caller) -> Answer:
        result = await self._result(body, caller, "CSV")
        return await _beside(result, result.csv_page, body)

    async def _result(self, body: Body, caller: Caller, format_: str) -> ResultSet:
        statement, suffix = self.statements.find(body["Id"], caller)
        if statement.result_format != format_:
            raise ValidationException(
                f"The result format of this statement is {statement.result_format}"
            )
        part = statement.part(suffix)
        await self._long_poll(statement, part if suffix else statement, body)
        if part.has_result and part.result is None:
            raise ResourceNotFoundException(
                "The result was dropped: this server keeps so many results only (--memory-mb).",
                body["Id"],
            )
        if not _is_readable(statement, part, suffix) or part.result is None:
            raise ResourceNotFoundException(
                "Query does not have result. Please check query status with DescribeStatement.",
                body["Id"],
            )
        return part.result

    async def _long_poll(self, statement: Statement, run: Run, body: Body) -> None:
        if body.get("WaitTimeSeconds") and not run.is_over:
            self._limits.check_waiting(statement.waiting, self._settings.waiting_requests)
        await self._wait(statement, run, body)

    async def _wait(self, statement: Statement, run: Run, body: Body) -> None:
        statement.waiting += 1
        try:
            await run.wait(body.get("WaitTimeSeconds"))
        finally:
            statement.waiting -= 1

    async def _cancel(self, body: Body, caller: Caller) -> Answer:
        statement, _ = self.statements.find(body["Id"], caller)
        if statement.is_over:
            raise ValidationException(
                f"Could not cancel a query that is already in {statement.status} state "
                f"with ID: {statement.id}"
            )
        self.executor.cancel(statement)
        return {"Status": True}

    async def _list_statements(self, body: Body, caller: Caller) -> Answer:
        check_either_target(body)
        wanted = body.get("Status") or "FINISHED"
        start = offset_of(body.get("NextToken"))
        found = (
            statement
            for statement in self.statements.latest_first(start or None)
            if wanted in ("ALL", statement.status)
            and statement.name.startswith(body.get("StatementName") or "")
            and _is_of(caller, statement.caller, body)
            and matches_target(body, statement.target)
        )
        page, more = _page(found, body)
        told: Answer = {"Statements": [descriptions.listed(statement) for statement in page]}
        return {**told, "NextToken": token_of(more.number)} if more else told

    async def _list_sessions(self, body: Body, caller: Caller) -> Answer:
        self.tidy()
        if "SessionId" in body:
            others = ("Status", "ClusterIdentifier", "WorkgroupName", "Database")
            if given := [member for member in others if member in body]:
                raise ValidationException(f"{', '.join(given)} can't be specified with SessionId.")
            kept = self.sessions.get(body["SessionId"], caller)
            return {"Sessions": [descriptions.session(kept)]}
        check_either_target(body)
        wanted = [body["Status"]] if body.get("Status") else ["AVAILABLE", "BUSY"]
        found = (
            session
            for session in self.sessions.all_from(offset_of(body.get("NextToken")))
            if session.status in wanted
            and _is_of(caller, session.caller, body)
            and matches_target(body, session.target)
        )
        page, more = _page(found, body)
        told: Answer = {"Sessions": [descriptions.session(session) for session in page]}
        return {**told, "NextToken": token_of(more.number)} if more else told


async def _beside(result: ResultSet, page: Callable[[str | None], Answer], body: Body) -> Answer:
    """Return a result's page; other calls go on where that takes time."""
    if result.size < _LARGE_RESULT:
        return page(body.get("NextToken"))
    return await asyncio.to_thread(page, body.get("NextToken"))


def _page(found: Iterator[Any], body: Body) -> tuple[list[Any], Any]:
    """Return as many as are asked for, and the next one if there is one."""
    page = list(islice(found, body.get("MaxResults") or _ENTRIES_PER_PAGE))
    return page, next(found, None)


def _is_of(caller: Caller, owner: Caller, body: Body) -> bool:
    """Whether the caller's role owns it; without RoleLevel, whether its very IAM session does."""
    if body.get("RoleLevel", True):
        return owner.owner == caller.owner
    return owner.access_key == caller.access_key


def _is_readable(statement: Statement, part: Part, suffix: str) -> bool:
    if statement.is_batch and not suffix:
        return False
    if statement.is_batch and not statement.is_over:
        return part.status == "FINISHED"
    # What a rolled-back transaction read is not shown.
    whole: Run = statement if statement.in_one_transaction else part
    return whole.status == "FINISHED"
