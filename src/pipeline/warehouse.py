"""The warehouse: statements through the Redshift Data API, waited for and read in few calls."""

import csv
import io
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, ReadTimeoutError
from botocore.exceptions import ConnectionError as NoConnection

from pipeline.data_api_usage import Meter, Usage
from pipeline.errors import (
    StatementFailed,
    StatementGone,
    WarehouseBusy,
    WarehouseUnavailable,
)

Value = str | int | float

# Long polling: the API answers when the statement ends, at most 30 s later (its own limit).
MAX_WAIT = 30
# The connection must outlast the longest wait.
CONFIG = Config(
    read_timeout=MAX_WAIT + 10,
    connect_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 5},
)
# Somebody waits for a reader: its connections are made within 1 s, and answers come within 1 s of
# what they were told to wait. It waits long while there is time for it, and briefly at the end.
CONNECT_SECONDS = 1
GRACE_SECONDS = 1
LONG_WAIT = 5
BRIEF_WAIT = 1
# One for the token of the budget; the others only after a throttle or a broken connection.
ATTEMPTS = 3
PAUSE_SECONDS = 0.5
NEVER = float("inf")
# A statement created this long before it was asked for was started by an earlier call.
CLOCK_MARGIN = timedelta(seconds=2)
BUSY = frozenset(
    {
        "ThrottlingException",
        "ActiveStatementsExceededException",
        "ActiveSessionsExceededException",
        "ActiveWaitingRequestsExceededException",
    }
)
THROTTLED = "ThrottlingException"
SERVER_FAULT = 500
GONE = "ResourceNotFoundException"
ENDS: Mapping[str, Literal["DONE", "FAILED"]] = {
    "FINISHED": "DONE",
    "FAILED": "FAILED",
    "ABORTED": "FAILED",
}
# Text, names and comments are skipped, so that only a real `:parameter` is found.
TOKENS = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\"[^\"]*\"|(?<!:):([A-Za-z_]\w*)")


class RedshiftDataClient(Protocol):
    """The calls of boto3's redshift-data client that the warehouse makes."""

    def execute_statement(self, **arguments: Any) -> Any:
        """Start one statement."""

    def batch_execute_statement(self, **arguments: Any) -> Any:
        """Start one transaction."""

    def describe_statement(self, **arguments: Any) -> Any:
        """Tell how far a statement is."""

    def cancel_statement(self, **arguments: Any) -> Any:
        """Stop a statement."""

    def get_statement_result(self, **arguments: Any) -> Any:
        """Fetch a page of typed rows."""

    def get_statement_result_v2(self, **arguments: Any) -> Any:
        """Fetch a page of CSV."""


Operation = Literal[
    "execute_statement",
    "batch_execute_statement",
    "describe_statement",
    "get_statement_result",
    "get_statement_result_v2",
]


@dataclass(frozen=True)
class Line:
    """A client, how long its calls are told to wait at most, and how long they last at most.

    Both are in seconds. A call is made only while there is time for all of it; by default the
    client lasts as long as it likes.
    """

    client: RedshiftDataClient
    wait: int = MAX_WAIT
    lasts: float = float("-inf")


@dataclass(frozen=True)
class Statement:
    """A statement that has finished; `replayed` if an earlier call with its token started it."""

    id: str
    replayed: bool = False


@dataclass(frozen=True)
class State:
    """How far a started transaction is.

    `rows` has what each of its statements returned or changed, -1 of those that are not finished.
    `error` is the warehouse's own text, for logs only.
    """

    status: Literal["RUNNING", "DONE", "FAILED"]
    rows: tuple[int, ...] = ()
    error: str = ""


class Warehouse:
    """Runs statements in one database of one Redshift Serverless workgroup.

    Every method that waits takes the seconds that it may last and raises WarehouseUnavailable when
    they are over or the API cannot be reached (the fate of the statement is then unknown),
    WarehouseBusy when a quota is used up, and StatementFailed when the warehouse refused the statement. Queries
    (`rows`, `csv`) whose time is over are cancelled; other statements run on.

    By default the SDK's client repeats calls, and its timeouts are its own. Over `lines`, the
    longest first, a query takes no more than its seconds with all that belongs to it, and then a
    call to cancel it, which lasts as long as one of the last line.
    """

    def __init__(
        self,
        workgroup: str,
        database: str,
        client: RedshiftDataClient | None = None,
        secret_arn: str | None = None,
        *,
        lines: Sequence[Line] = (),
    ) -> None:
        self._target = {"WorkgroupName": workgroup, "Database": database}
        if secret_arn:
            self._target["SecretArn"] = secret_arn
        patient = () if lines else (Line(client or boto3.client("redshift-data", config=CONFIG)),)
        self._lines = (*lines, *patient)
        self._attempts = ATTEMPTS if lines else 1
        self._meter = Meter(BUSY)
        for line in self._lines:
            self._meter.watch(line.client)

    def take_usage(self) -> Usage:
        """Tell what was asked of the warehouse since this was asked last."""
        return self._meter.take()

    def execute(
        self, sql: str, parameters: Mapping[str, Value] | None = None, *, seconds: float
    ) -> Statement:
        """Run one statement to its end."""
        arguments = {**self._target, "Sql": sql, **bound([sql], parameters or {})}
        return self._run("execute_statement", time.monotonic() + seconds, arguments)

    def execute_batch(
        self,
        statements: Sequence[str],
        parameters: Mapping[str, Value] | None = None,
        *,
        seconds: float,
        token: str | None = None,
    ) -> Statement:
        """Run up to 40 statements as one transaction to its end.

        The token (at most 64 characters) lets a call with the same statements find the statement
        of an earlier one instead of starting it again; the API keeps it for 8 hours.
        """
        arguments = {**self._target, "Sqls": list(statements)}
        arguments |= bound(statements, parameters or {})
        if token:
            arguments["ClientToken"] = token
        return self._run("batch_execute_statement", time.monotonic() + seconds, arguments)

    def start_batch(
        self,
        statements: Sequence[str],
        parameters: Mapping[str, Value] | None = None,
        *,
        wait: int = 0,
    ) -> str:
        """Start up to 40 statements as one transaction; returns its id, which `state` understands.

        It goes on when the caller is gone: at most so many seconds are waited for its end.
        """
        arguments = {**self._target, "Sqls": list(statements)}
        arguments |= bound(statements, parameters or {})
        arguments["ClientToken"] = str(uuid4())
        waiting = {"WaitTimeSeconds": wait} if wait else {}
        return str(self._call("batch_execute_statement", NEVER, {**arguments, **waiting})["Id"])

    def state(self, statement_id: str) -> State:
        """Ask once how far a transaction is, without waiting; the API knows it for 24 hours.

        Raises StatementGone after that.
        """
        try:
            answer = self._call("describe_statement", NEVER, {"Id": statement_id})
        except ClientError as fault:
            if fault.response.get("Error", {}).get("Code") == GONE:
                raise StatementGone(statement_id) from fault
            raise
        rows = tuple(
            part.get("ResultRows", -1) if part.get("Status") == "FINISHED" else -1
            for part in answer.get("SubStatements", ())
        )
        return State(ENDS.get(answer["Status"], "RUNNING"), rows, str(answer.get("Error", "")))

    def result(self, statement_id: str) -> list[dict[str, Any]]:
        """Fetch the rows of a finished statement (`<id>:<n>` is the n-th of a transaction).

        Timestamps are aware datetimes; NUMERIC is int without decimals, else Decimal.
        """
        return self._result(statement_id, NEVER)

    def rows(
        self, sql: str, parameters: Mapping[str, Value] | None = None, *, seconds: float
    ) -> list[dict[str, Any]]:
        """Run one query and return its rows by column name; for few rows with many types."""
        deadline = time.monotonic() + seconds
        return self._result(self._ask(sql, parameters, deadline, "JSON").id, deadline)

    def csv(
        self, sql: str, parameters: Mapping[str, Value] | None = None, *, seconds: float
    ) -> Iterator[list[str]]:
        """Run one query and yield its rows as text; NULL and the empty string look alike.

        For many rows: a thousand cost 1 ms to read where typed rows cost 31 ms.
        """
        deadline = time.monotonic() + seconds
        statement = self._ask(sql, parameters, deadline, "CSV")
        names: list[str] | None = None
        for page in self._pages("get_statement_result_v2", statement.id, deadline):
            lines = csv.reader(io.StringIO(_csv_text(page["Records"]), newline=""))
            if names is None:
                names = [column["name"] for column in page.get("ColumnMetadata", ())]
                yield from _without_header(lines, names)
            else:
                yield from lines

    def _ask(
        self, sql: str, parameters: Mapping[str, Value] | None, deadline: float, result_format: str
    ) -> Statement:
        """Run one query to its end, or to the end of its time: nobody looks for it later."""
        arguments = {**self._target, "Sql": sql, **bound([sql], parameters or {})}
        # A second attempt finds the statement of the first, if that came through.
        arguments |= {"ResultFormat": result_format, "ClientToken": str(uuid4())}
        return self._run("execute_statement", deadline, arguments, self._cancel)

    def _run(
        self,
        submit: Operation,
        deadline: float,
        arguments: Mapping[str, Any],
        give_up: Callable[[str], None] = lambda _: None,
    ) -> Statement:
        asked_at = datetime.now(UTC)
        with self._meter.timing():
            answer = self._call(submit, deadline, arguments, waits=True)
            created_at = answer.get("CreatedAt", asked_at)
            replayed = created_at < asked_at - CLOCK_MARGIN
            try:
                self._settle(answer, deadline, replayed=replayed)
            except WarehouseUnavailable:
                give_up(answer["Id"])
                raise
        return Statement(answer["Id"], replayed)

    def _cancel(self, statement_id: str) -> None:
        # It may end by itself meanwhile, and the quota is 3 a second: what runs on only costs.
        with suppress(ClientError, HTTPClientError, NoConnection):
            self._lines[-1].client.cancel_statement(Id=statement_id)

    def _settle(self, answer: Mapping[str, Any], deadline: float, *, replayed: bool) -> None:
        statement_id, status = answer["Id"], answer.get("Status")
        while status not in ENDS:
            answer = self._call("describe_statement", deadline, {"Id": statement_id}, waits=True)
            status = answer["Status"]
        if status != "FINISHED":
            error = self._error(answer, statement_id, deadline)
            raise StatementFailed(statement_id, error, replayed)

    def _error(self, answer: Mapping[str, Any], statement_id: str, deadline: float) -> str:
        if "Error" not in answer:
            answer = self._call("describe_statement", deadline, {"Id": statement_id})
        return str(answer.get("Error", answer.get("Status", "")))

    def _result(self, statement_id: str, deadline: float) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in self._pages("get_statement_result", statement_id, deadline):
            columns = page["ColumnMetadata"]
            found.extend(_typed_row(columns, record) for record in page["Records"])
        return found

    def _pages(self, fetch: Operation, statement_id: str, deadline: float) -> Iterator[Any]:
        token: dict[str, str] = {}
        while True:
            page = self._call(fetch, deadline, {"Id": statement_id, **token})
            yield page
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _call(
        self,
        operation: Operation,
        deadline: float,
        arguments: Mapping[str, Any],
        *,
        waits: bool = False,
    ) -> Any:
        """Make a call in the time that is left, again where that may help."""
        for attempt in range(1, self._attempts):
            pause = random.uniform(0, PAUSE_SECONDS * 2**attempt)  # noqa: S311 (spreads callers)
            try:
                return self._attempt(operation, deadline, arguments, waits=waits)
            except WarehouseUnavailable as fault:
                if not (_passes(fault) and self._line(deadline - time.monotonic() - pause)):
                    raise
            time.sleep(pause)
        return self._attempt(operation, deadline, arguments, waits=waits)

    def _attempt(
        self, operation: Operation, deadline: float, arguments: Mapping[str, Any], *, waits: bool
    ) -> Any:
        left = deadline - time.monotonic()
        line = self._line(left)
        if line is None or (waits and left < 1):
            raise WarehouseUnavailable("no answer before the deadline")
        waiting = {"WaitTimeSeconds": min(int(left), line.wait)} if waits else {}
        with _told():
            return getattr(line.client, operation)(**waiting, **arguments)

    def _line(self, left: float) -> Line | None:
        return next((line for line in self._lines if line.lasts <= left), None)


def hurried_warehouse(workgroup: str, database: str) -> Warehouse:
    """Open a warehouse for somebody who waits: its queries end within their seconds."""
    return Warehouse(workgroup, database, lines=[hurried_line(LONG_WAIT), hurried_line(BRIEF_WAIT)])


def hurried_line(wait: int) -> Line:
    """Make a client whose calls are each made once, and end soon after what they wait for."""
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=wait + GRACE_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},
    )
    client = boto3.client("redshift-data", config=config)
    return Line(client, wait, CONNECT_SECONDS + wait + GRACE_SECONDS)


def bound(statements: Iterable[str], parameters: Mapping[str, Value]) -> dict[str, Any]:
    """Make the API's `Parameters` of those that the statements use: it refuses any other.

    Raises ValueError for an empty value, which the API cannot bind.
    """
    used = {name for sql in statements for name in TOKENS.findall(sql) if name}
    entries = [
        {"name": name, "value": str(value)} for name, value in parameters.items() if name in used
    ]
    if empty := [entry["name"] for entry in entries if not entry["value"]]:
        raise ValueError(f"empty parameters: {', '.join(empty)}")
    return {"Parameters": entries} if entries else {}


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ClientError as fault:
        code = fault.response.get("Error", {}).get("Code", "")
        status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in BUSY:
            raise WarehouseBusy(code) from fault
        if status >= SERVER_FAULT:
            raise WarehouseUnavailable(code) from fault
        raise
    except (HTTPClientError, NoConnection) as fault:
        raise WarehouseUnavailable(type(fault).__name__) from fault


def _passes(fault: WarehouseUnavailable) -> bool:
    """Tell whether the same call may succeed in a moment; who was silent will be silent again."""
    cause = fault.__cause__
    if isinstance(cause, ClientError):
        code = cause.response.get("Error", {}).get("Code", "")
        return code == THROTTLED or not isinstance(fault, WarehouseBusy)
    return cause is not None and not isinstance(cause, ReadTimeoutError)


def _csv_text(records: Iterable[Mapping[str, str]]) -> str:
    texts = (record["CSVRecords"] for record in records)
    return "".join(text if text.endswith("\n") else text + "\n" for text in texts if text)


def _without_header(lines: Iterator[list[str]], names: list[str]) -> Iterator[list[str]]:
    # Whether the first line names the columns is not documented; both are understood.
    first = next(lines, None)
    if first is not None and first != names:
        yield first
    yield from lines


def _typed_row(columns: Sequence[Mapping[str, Any]], record: Sequence[Any]) -> dict[str, Any]:
    return {
        column["name"]: _typed(column, field) for column, field in zip(columns, record, strict=True)
    }


def _typed(column: Mapping[str, Any], field: Mapping[str, Any]) -> Any:
    if field.get("isNull"):
        return None
    ((_, value),) = ((name, value) for name, value in field.items() if name != "isNull")
    kind = column.get("typeName", "")
    if kind == "timestamptz":
        return datetime.fromisoformat(value)
    if kind == "numeric":
        number = Decimal(value)
        return number if column.get("scale") else int(number)
    return value
