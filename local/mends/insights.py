"""A query of Logs Insights is run as it is written, or refused.

AWS finds the members of a JSON message as fields, filters, groups and sorts by them, and refuses
what it doesn't understand. Stock ministack knows five fields and three forms of filter; it passes
over any other filter and over statistics, and answers as if they were not there.
"""

import json
from http import HTTPStatus
from typing import Any

from ministack.core.responses import error_response_json, get_account_id
from ministack.services import cloudwatch_logs

from local.insights.language import Query
from local.insights.parsing import parse
from local.insights.running import Row, event_record, run
from local.insights.values import Record
from local.mends.seams import seam
from local.tokens import MalformedQuery

_stock = seam(__name__, cloudwatch_logs, "_start_query")
_groups = seam(__name__, cloudwatch_logs, "_resolve_query_log_groups")
_collect = seam(__name__, cloudwatch_logs, "_collect_query_records")
_queries = seam(__name__, cloudwatch_logs, "_queries")

Members = dict[str, Any]


def apply() -> None:
    """Run queries with the project's evaluator; stock keeps them and hands out their rows."""
    cloudwatch_logs._start_query = _start


def _start(request: Members) -> Any:
    try:
        query = parse(request["queryString"])
    except MalformedQuery as error:
        return _refuse(error)
    status, headers, body = _stock({**request, "queryString": "limit 1"})
    if status == HTTPStatus.OK:
        _queries[json.loads(body)["queryId"]].update(_ran(query, request))
    return status, headers, body


def _refuse(error: MalformedQuery) -> Any:
    place = {"startCharOffset": error.start, "endCharOffset": error.end}
    about = {"queryCompileError": {"location": place, "message": str(error)}}
    return error_response_json("MalformedQueryException", str(error), 400, about)


def _ran(query: Query, request: Members) -> Members:
    """Return what stock keeps of a query that was run."""
    found = _collect(_groups(request), request["startTime"], request["endTime"])
    answer = run(query, map(_record, found), request.get("limit"))
    return {
        "queryString": request["queryString"],
        "results": [_pairs(row) for row in answer.rows],
        "statistics": {
            "recordsMatched": float(answer.matched),
            "recordsScanned": float(len(found)),
            "bytesScanned": float(sum(len(one["@message"].encode()) for one in found)),
        },
    }


def _record(kept: Members) -> Record:
    return event_record(
        kept["@message"],
        kept["_timestamp_ms"],
        ptr=kept["@ptr"],
        logStream=kept["@logStream"],
        log=f"{get_account_id()}:{kept['@log']}",
    )


def _pairs(row: Row) -> list[dict[str, str]]:
    return [{"field": name, "value": value} for name, value in row.items()]
