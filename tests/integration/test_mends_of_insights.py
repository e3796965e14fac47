"""Queries of Logs Insights: stock passes over what it doesn't know, the mended runs or refuses it."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud

GROUP = "/asked"
NOW = int(time.time())
EVENTS = [
    (NOW - 7200, {"level": "ERROR", "function": "Old"}),
    (NOW - 30, {"level": "INFO", "function": "Load", "took": [3]}),
    (NOW - 20, {"level": "ERROR", "function": "Load", "took": [12.5]}),
    (NOW - 10, {"level": "ERROR", "function": "Read", "took": [4]}),
]
Row = dict[str, str]


@pytest.fixture(scope="module", autouse=True)
def _logs(mended: LocalCloud, stock: LocalCloud) -> None:
    """Put the events into a log of both clouds."""
    events = [{"timestamp": at * 1000, "message": json.dumps(told)} for at, told in EVENTS]
    for cloud in (mended, stock):
        logs = cloud.client("logs")
        logs.create_log_group(logGroupName=GROUP)
        logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
        logs.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=events)


def answer(cloud: LocalCloud, query: str, **request: Any) -> dict[str, Any]:
    asked = {"logGroupNames": [GROUP], "startTime": NOW - 3600, "endTime": NOW, **request}
    logs = cloud.client("logs")
    started = logs.start_query(queryString=query, **asked)
    told: dict[str, Any] = logs.get_query_results(queryId=started["queryId"])
    assert told["status"] == "Complete"
    return told


def rows(cloud: LocalCloud, query: str, **request: Any) -> list[Row]:
    results = answer(cloud, query, **request)["results"]
    return [{one["field"]: one["value"] for one in row} for row in results]


def test_members_of_a_message_are_fields(mended: LocalCloud, stock: LocalCloud) -> None:
    query = 'filter level = "ERROR" and took.0 > 5 | fields function, took.0 as took'
    (row,) = rows(mended, query)
    assert (row["function"], row["took"]) == ("Load", "12.5")
    assert len(rows(stock, query)) == 3


def test_statistics_are_computed(mended: LocalCloud, stock: LocalCloud) -> None:
    query = "stats count(*) as n, sum(took.0) as took by function | sort n desc"
    assert rows(mended, query) == [
        {"function": "Load", "n": "2", "took": "15.5"},
        {"function": "Read", "n": "1", "took": "4"},
    ]
    assert all("n" not in row for row in rows(stock, query))


def test_events_are_sorted_by_any_field(mended: LocalCloud, stock: LocalCloud) -> None:
    query = "fields @message | sort took.0 desc"
    assert [json.loads(row["@message"])["took"] for row in rows(mended, query)] == [
        [12.5],
        [4],
        [3],
    ]
    assert [json.loads(row["@message"])["took"] for row in rows(stock, query)] == [[3], [12.5], [4]]


def test_what_is_not_understood_is_refused_with_its_place(
    mended: LocalCloud, stock: LocalCloud
) -> None:
    query = "fields @message | dedup level"
    with pytest.raises(ClientError) as refused:
        answer(mended, query)
    told = refused.value.response
    assert told["Error"]["Code"] == "MalformedQueryException"
    assert "'dedup' at character 19" in told["Error"]["Message"]
    assert told["queryCompileError"]["location"] == {"startCharOffset": 18, "endCharOffset": 23}
    assert len(rows(stock, query)) == 3


def test_time_and_limit_are_those_of_the_request(mended: LocalCloud) -> None:
    def functions(**request: Any) -> list[str]:
        found = rows(mended, "fields function | sort @timestamp", **request)
        return [row["function"] for row in found]

    assert functions() == ["Load", "Load", "Read"]
    assert functions(startTime=NOW - 7200) == ["Old", "Load", "Load", "Read"]
    assert functions(startTime=NOW - 20, endTime=NOW - 20) == ["Load"]
    assert functions(limit=1) == ["Load"]


def test_an_answer_tells_what_was_read_and_leads_to_the_events(mended: LocalCloud) -> None:
    told = answer(mended, 'fields @log | filter level = "ERROR" | limit 1')
    statistics = told["statistics"]
    assert (statistics["recordsScanned"], statistics["recordsMatched"]) == (3, 2)
    assert statistics["bytesScanned"] == sum(len(json.dumps(one)) for _, one in EVENTS[1:])
    (row,) = told["results"]
    assert [one["field"] for one in row] == ["@log", "@ptr"]
    assert row[0]["value"].endswith(f":{GROUP}")
    pointed = mended.client("logs").get_log_record(logRecordPointer=row[1]["value"])
    assert json.loads(pointed["logRecord"]["@message"])["function"] == "Read"


def test_a_log_that_there_is_not_is_told(mended: LocalCloud) -> None:
    with pytest.raises(ClientError, match="does not exist: /nowhere"):
        answer(mended, "limit 1", logGroupNames=["/nowhere"])
