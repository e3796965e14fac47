"""What answers tell of statements and sessions."""

from typing import Any

from local.redshift_data.sessions import KeptSession
from local.redshift_data.statements import Part, Run, Statement

Answer = dict[str, Any]


def receipt(statement: Statement, *, waited: bool) -> Answer:
    """Return the answer to a submission; only after a wait does it tell how it went."""
    told: Answer = {
        **statement.target.members(),
        "Id": statement.id,
        "CreatedAt": moment(statement.created),
    }
    if statement.session_id:
        told["SessionId"] = statement.session_id
    if waited:
        told["Status"] = statement.status
        told["HasResultSet"] = statement.has_result_set
        told["RedshiftPid"] = statement.process_id
    return told


def whole(statement: Statement, only: str = "") -> Answer:
    """Return the description of a statement, of a batch with all its parts or with `only` one."""
    told: Answer = {
        **statement.target.members(),
        **_state(statement),
        "Id": statement.id,
        "Duration": statement.duration,
        "HasResultSet": statement.has_result_set,
        "RedshiftPid": statement.process_id,
        "RedshiftQueryId": statement.query_id,
        "ResultFormat": statement.result_format,
        "ResultRows": statement.result_rows,
        "ResultSize": statement.result_size,
        **_optional(statement),
    }
    if not statement.is_batch:
        return {**told, "QueryString": statement.parts[0].sql}
    told["ExecutionMode"] = statement.request.get("ExecutionMode") or "TRANSACTION"
    told["SubStatements"] = [
        _part(part, f"{statement.id}:{number}")
        for number, part in enumerate(statement.parts, start=1)
        if not only or number == int(only)
    ]
    return told


def listed(statement: Statement) -> Answer:
    """Return a statement's entry in a list."""
    told: Answer = {
        **_state(statement),
        "Id": statement.id,
        "IsBatchStatement": statement.is_batch,
        "ResultFormat": statement.result_format,
        **_optional(statement),
    }
    told.pop("Error", None)
    if statement.name:
        told["StatementName"] = statement.name
    if statement.target.secret:
        told["SecretArn"] = statement.target.secret
    if statement.is_batch:
        return {**told, "QueryStrings": [part.sql for part in statement.parts]}
    return {**told, "QueryString": statement.parts[0].sql}


def session(kept: KeptSession) -> Answer:
    """Return a session's entry in a list."""
    told: Answer = {
        **kept.target.members(),
        "SessionId": kept.id,
        "Status": kept.status,
        "CreatedAt": moment(kept.created),
        "UpdatedAt": moment(kept.updated),
        "SessionAliveSeconds": kept.keep_alive,
        "SessionTtl": moment(kept.ends_at),
    }
    told.pop("SecretArn", None)
    if kept.statement:
        told["CurrentStatementId"] = kept.statement.id
    return told


def moment(seconds: float) -> float:
    """Return a time with the milliseconds that AWS tells."""
    return round(seconds, 3)


def _part(part: Part, identifier: str) -> Answer:
    return {
        **_state(part),
        "Id": identifier,
        "QueryString": part.sql,
        "Duration": part.duration,
        "HasResultSet": part.has_result,
        "ResultRows": part.result_rows,
        "ResultSize": part.result_size,
        # The guide prints -1 for every part of a batch.
        "RedshiftQueryId": -1 if part.is_over else 0,
    }


def _state(run: Run) -> Answer:
    told: Answer = {
        "Status": run.status,
        "CreatedAt": moment(run.created),
        "UpdatedAt": moment(run.updated),
    }
    return {**told, "Error": run.error} if run.error else told


def _optional(statement: Statement) -> Answer:
    given = {
        "QueryParameters": statement.request.get("Parameters"),
        "SessionId": statement.session_id,
    }
    return {name: value for name, value in given.items() if value}
