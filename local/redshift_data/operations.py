"""The API's operations: each takes a request's body and returns the answer's."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from local.redshift_data.errors import (
    InternalServerException,
    ResourceNotFoundException,
    UnknownOperationException,
    ValidationException,
)
from local.redshift_data.execution import Executor
from local.redshift_data.limits import Limits, Throttle
from local.redshift_data.results import ResultSet
from local.redshift_data.statements import TERMINAL, Part, Statement, StatementStore
from local.redshift_data.validation import (
    check_connection,
    check_id,
    check_members,
    check_parameters,
)

Body = Mapping[str, Any]
Answer = dict[str, Any]
_ECHOED = ("ClusterIdentifier", "WorkgroupName", "Database", "SecretArn", "DbUser")
_STATEMENTS_PER_PAGE = 100


class Operations:
    """The service: operation names are its table's keys."""

    def __init__(self, executor: Executor, limits: Limits) -> None:
        self._executor = executor
        self._limits = limits
        self._throttle = Throttle()
        self._stopping = False
        self.statements = StatementStore()
        self._table: dict[str, Callable[[Body], Awaitable[Answer]]] = {
            "ExecuteStatement": self._execute,
            "BatchExecuteStatement": self._batch_execute,
            "DescribeStatement": self._describe,
            "GetStatementResult": self._result_as_json,
            "GetStatementResultV2": self._result_as_csv,
            "CancelStatement": self._cancel,
            "ListStatements": self._list,
        }

    async def stop(self) -> None:
        """Take no more statements, and cancel those that are not over."""
        self._stopping = True
        for statement in self.statements.latest_first():
            if not statement.done.done():
                statement.cancel()

    async def call(self, operation: str, body: Body) -> Answer:
        """Answer a call; raises ApiError."""
        if operation not in self._table:
            raise UnknownOperationException(f"{operation} is not emulated locally")
        if self._limits.calls:
            self._throttle.take(operation)
        check_members(body)
        return await self._table[operation](body)

    async def _execute(self, body: Body) -> Answer:
        if not isinstance(body.get("Sql"), str):
            raise ValidationException("Sql is required")
        return await self._submit(body, [body["Sql"]], is_batch=False)

    async def _batch_execute(self, body: Body) -> Answer:
        sqls = body.get("Sqls")
        if not isinstance(sqls, list) or not sqls or not all(isinstance(s, str) for s in sqls):
            raise ValidationException("Sqls must have at least 1 member")
        return await self._submit(body, sqls, is_batch=True)

    async def _submit(self, body: Body, sqls: Sequence[str], *, is_batch: bool) -> Answer:
        check_connection(body)
        self._limits.check_statements(sqls)
        if not all(sql.strip() for sql in sqls):
            raise ValidationException("A statement must not be empty")
        check_parameters(body, sqls)
        statement = self.statements.replayed(body)
        if not statement:
            if self._stopping:
                raise InternalServerException("the local server is stopping")
            self._limits.check_active(self.statements.active)
            statement = self.statements.add(body, sqls, is_batch=is_batch)
            self._executor.submit(statement)
        await statement.wait(body.get("WaitTimeSeconds"))
        return _receipt(statement, waited=bool(body.get("WaitTimeSeconds")))

    async def _describe(self, body: Body) -> Answer:
        identifier = check_id(body)
        statement, suffix = self.statements.find(identifier)
        await statement.wait(body.get("WaitTimeSeconds"))
        if suffix:
            return {**_describe_part(statement.part(suffix), statement), "Id": identifier}
        return _describe_whole(statement)

    async def _result_as_json(self, body: Body) -> Answer:
        return (await self._result(body, "JSON")).json_page(body.get("NextToken"))

    async def _result_as_csv(self, body: Body) -> Answer:
        return (await self._result(body, "CSV")).csv_page(body.get("NextToken"))

    async def _result(self, body: Body, format_: str) -> ResultSet:
        identifier = check_id(body)
        statement, suffix = self.statements.find(identifier)
        await statement.wait(body.get("WaitTimeSeconds"))
        submitted_as = statement.request.get("ResultFormat", "JSON")
        if submitted_as != format_:
            raise ValidationException(f"The result format of this statement is {submitted_as}")
        part = statement.part(suffix)
        readable = statement if statement.in_one_transaction else part
        whole_batch = statement.is_batch and not suffix
        if whole_batch or readable.status != "FINISHED" or part.result is None:
            raise ResourceNotFoundException(
                "Query does not have result. Please check query status with DescribeStatement.",
                identifier,
            )
        return part.result

    async def _cancel(self, body: Body) -> Answer:
        statement, _ = self.statements.find(check_id(body))
        if statement.status in TERMINAL:
            raise ValidationException(
                f"Could not cancel a query that is already in {statement.status} state "
                f"with ID: {statement.id}"
            )
        statement.cancel()
        return {"Status": True}

    async def _list(self, body: Body) -> Answer:
        status, name = body.get("Status", "FINISHED"), body.get("StatementName", "")
        found = [
            _listed(statement)
            for statement in self.statements.latest_first()
            if status in ("ALL", statement.status)
            and str(statement.request.get("StatementName", "")).startswith(name)
        ]
        start = _page_start(body)
        end = start + (body.get("MaxResults") or _STATEMENTS_PER_PAGE)
        page: Answer = {"Statements": found[start:end]}
        return {**page, "NextToken": str(end)} if end < len(found) else page


def _page_start(body: Body) -> int:
    token = str(body.get("NextToken") or 0)
    if not token.isdigit():
        raise ValidationException("Invalid NextToken")
    return int(token)


def _echo(statement: Statement) -> Answer:
    return {name: statement.request[name] for name in _ECHOED if statement.request.get(name)}


def _receipt(statement: Statement, *, waited: bool) -> Answer:
    receipt = {**_echo(statement), "Id": statement.id, "CreatedAt": statement.created}
    if waited:
        receipt["Status"] = statement.status
        receipt["HasResultSet"] = statement.has_result_set
        receipt["RedshiftPid"] = statement.process_id
    return receipt


def _describe_whole(statement: Statement) -> Answer:
    answer: Answer = {
        **_describe_part(statement.parts[-1], statement),
        "Id": statement.id,
        "Status": statement.status,
        "Duration": statement.duration,
        "UpdatedAt": statement.updated,
        "HasResultSet": statement.has_result_set,
        "ResultFormat": statement.request.get("ResultFormat", "JSON"),
        "RedshiftPid": statement.process_id,
        **_echo(statement),
    }
    answer.pop("Error", None)
    if statement.error:
        answer["Error"] = statement.error
    if statement.request.get("Parameters"):
        answer["QueryParameters"] = statement.request["Parameters"]
    if statement.is_batch:
        del answer["QueryString"]
        answer["ExecutionMode"] = statement.request.get("ExecutionMode", "TRANSACTION")
        answer["SubStatements"] = [
            {**_describe_part(part, statement), "Id": f"{statement.id}:{number}"}
            for number, part in enumerate(statement.parts, start=1)
        ]
    return answer


def _describe_part(part: Part, statement: Statement) -> Answer:
    answer: Answer = {
        "Status": part.status,
        "QueryString": part.sql,
        "Duration": part.duration,
        "HasResultSet": part.has_result,
        "ResultRows": part.result_rows,
        "ResultSize": part.result_size,
        "RedshiftQueryId": statement.number if part.status != "SUBMITTED" else 0,
        "CreatedAt": statement.created,
        "UpdatedAt": part.updated,
    }
    return {**answer, "Error": part.error} if part.error else answer


def _listed(statement: Statement) -> Answer:
    answer: Answer = {
        "Id": statement.id,
        "Status": statement.status,
        "CreatedAt": statement.created,
        "UpdatedAt": statement.updated,
        "IsBatchStatement": statement.is_batch,
        "ResultFormat": statement.request.get("ResultFormat", "JSON"),
    }
    for member in ("StatementName", "SecretArn"):
        if statement.request.get(member):
            answer[member] = statement.request[member]
    if statement.request.get("Parameters"):
        answer["QueryParameters"] = statement.request["Parameters"]
    if statement.is_batch:
        return {**answer, "QueryStrings": [part.sql for part in statement.parts]}
    return {**answer, "QueryString": statement.parts[0].sql}
