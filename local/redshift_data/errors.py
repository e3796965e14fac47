"""What can go wrong: API errors with their wire code, SQL errors with Redshift's text."""

import re
from typing import Any

import duckdb

RAISED_BY_US = "redshift> "
"""Marks an error() that our own macros raise, so that its text passes unchanged."""


class ApiError(Exception):
    """An answer other than 200; the class name is the code on the wire."""

    status = 400

    def __init__(self, message: str, **members: str) -> None:
        super().__init__(message)
        self.members = members

    def body(self) -> dict[str, Any]:
        """Return the error as the AWS JSON 1.1 protocol writes it."""
        return {"__type": type(self).__name__, "Message": str(self), **self.members}


class ValidationException(ApiError):
    """The request breaks the service's rules."""


class ThrottlingException(ApiError):
    """More calls a second than the quota of this operation."""


class ActiveStatementsExceededException(ApiError):
    """More statements are queued or running than the quota."""


class ActiveSessionsExceededException(ApiError):
    """More sessions are open in a cluster or workgroup than the quota."""


class ActiveWaitingRequestsExceededException(ApiError):
    """More requests wait for one statement than the quota."""


class MissingAuthenticationTokenException(ApiError):
    """The request is not signed."""


class SerializationException(ApiError):
    """The body is no JSON object, or a member has the wrong type."""


class RequestEntityTooLargeException(ApiError):
    """The body is larger than any valid request."""

    status = 413


class UnknownOperationException(ApiError):
    """The target names no operation that this server has."""


class InternalServerException(ApiError):
    """A defect in this server."""

    status = 500


class ResourceNotFoundException(ApiError):
    """No such statement, or no result to it."""

    def __init__(self, message: str, resource: str) -> None:
        super().__init__(message, ResourceId=resource)


class StatementError(Exception):
    """A statement failed; the text is what Redshift puts in the Error member."""

    def __init__(self, message: str) -> None:
        super().__init__(f"ERROR: {message}")


class NotEmulated(StatementError):
    """Valid on Redshift or not: this server does not know how it behaves there."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not emulated locally: {what}")


class StatementAborted(StatementError):
    """The statement was cancelled."""

    def __init__(self) -> None:
        super().__init__("Query cancelled on user's request")


def serialization_failure() -> StatementError:
    """Return the error of a transaction that another one's commit leaves no place for."""
    return StatementError("1023 DETAIL: Serializable isolation violation on table in Redshift")


_CONFLICT = re.compile(r"[Cc]onflict|has been altered|has been dropped|has been removed")
_TRANSLATIONS = (
    (r"Table with name \"?([^\"\s]+)\"? does not exist", 'relation "{0}" does not exist'),
    (r"Table with name \"?([^\"\s]+)\"? already exists", 'Relation "{0}" already exists'),
    (r"NOT NULL constraint failed: .*?\.?\"?([^\".\s]+)\"?$", "Cannot insert a NULL value into column {0}"),
    (r"affect the same target row more than once", "Found multiple matches to update the same tuple."),
    (r"Unknown TimeZone '(.*)'", 'time zone "{0}" not recognized'),
    (r"not in timestamp range|Timestamp microseconds out of range", "timestamp out of range"),
    (r"[Dd]ivision by zero", "division by zero"),
    (r"Overflow in (\w+) of DECIMAL\(38\)", "128 bit numeric data overflow ({0})"),
    (r"destination type INT16", "smallint out of range"),
    (r"destination type INT32", "integer out of range"),
    (r"Type (?!INT128).*destination type INT64", "bigint out of range"),
    (r"(?:cast value|Casting value) .* to (?:type )?DECIMAL", "Numeric data overflow (result precision)"),
    (r"Overflow in (\w+) of", "Numeric data overflow ({0})"),
    (r"column \"?([^\"]+)\"? must appear in the GROUP BY clause", 'column "{0}" must appear in the GROUP BY clause or be used in an aggregate function'),
    (r"More than one row returned by a subquery", "more than one row returned by a subquery used as an expression"),
    (r"Could not convert string '(.*)' to (?:TIMESTAMP|DATE)", 'invalid input syntax for a date or time: "{0}"'),
    (r"(?:timestamp field (?:format|value)|date field value).*?: \"([^\"]*)\"", 'date/time field value out of range: "{0}"'),
    (r"out of range|Could not cast value|Could not convert string", "Numeric data overflow (result out of range)"),
)  # fmt: skip


def statement_error(error: duckdb.Error) -> StatementError:
    """Say DuckDB's error in Redshift's words; what has no translation keeps its own."""
    if isinstance(error, duckdb.InterruptException):
        return StatementAborted()
    first_line = str(error).split("\n", maxsplit=1)[0]
    _, marked, ours = first_line.partition(RAISED_BY_US)
    if marked:
        return StatementError(ours)
    if isinstance(error, duckdb.TransactionException) and _CONFLICT.search(first_line):
        return serialization_failure()
    for pattern, message in _TRANSLATIONS:
        if found := re.search(pattern, first_line):
            return StatementError(message.format(*found.groups()))
    return StatementError(first_line)
