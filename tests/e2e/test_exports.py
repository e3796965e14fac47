"""Exports of a deployed stack: files that anybody with their address reads, and what GET answers."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from local.stack import Stack
from pipeline.serve.exporting.exporter import URL_SECONDS
from tests.exported_files import READERS

Row = dict[str, Any]
Poll = Callable[[Callable[[], bool], str], None]
Export = Callable[..., list[Row]]
TYPE = "flight.departed"
DELAYS = {"measure": "dep_delay", "stat": "avg", "interval": "day", "timezone": "America/New_York",
          "group_by": "carrier", "filter": "origin:JFK|LGA", "order": "-value"}  # fmt: skip
SPAN = {"from": "2013-01-01", "to": "2013-01-08", "filter": "entrance:upload"}
METRICS = {"of": "metrics", "type": TYPE}


def start(stack: Stack, body: str | bytes, **headers: str) -> requests.Response:
    own = {"x-api-key": stack.api_key, "Content-Type": "application/json", **headers}
    return stack.session.post(f"{stack.url}/v1/exports", data=body, headers=own, timeout=35)


def look(stack: Stack, export_id: str, **headers: str) -> requests.Response:
    url = f"{stack.url}/v1/exports/{export_id}"
    return stack.session.get(url, headers={"x-api-key": stack.api_key, **headers}, timeout=35)


def finish(stack: Stack, until: Poll, **wanted: str) -> Row:
    """Start an export and look after it until it is over."""
    started = start(stack, json.dumps(wanted))
    assert started.status_code == requests.codes.accepted, started.text
    told: Row = {}

    def is_over() -> bool:
        told.update(look(stack, started.json()["id"]).json())
        return bool(told["status"] != "running")

    until(is_over, "the export is over")
    return told


@pytest.fixture
def exported(flown: Stack, until: Poll, tmp_path: Path) -> Export:
    """Export, fetch the one file with nothing but its address, and read its rows."""

    def rows(**wanted: str) -> list[Row]:
        told = finish(flown, until, **wanted)
        assert told["status"] == "done", told
        (file,) = told["files"]
        fetched = requests.get(file["url"], timeout=35)
        assert (fetched.status_code, len(fetched.content)) == (200, file["bytes"])
        found = READERS[wanted["format"]](fetched.content, tmp_path)
        assert told["rows"] == len(found)
        return found

    return rows


def as_answered(row: Row) -> Row:
    """Write an exported event as GET does: no absent members, JSON instead of Parquet's text."""
    given = {name: value for name, value in row.items() if value is not None}
    texts = [name for name in ("extensions", "data") if isinstance(given.get(name), str)]
    return {**given, **{name: json.loads(given[name]) for name in texts}}


def ask(stack: Stack, path: str, question: dict[str, str]) -> requests.Response:
    headers = {"x-api-key": stack.api_key}
    return stack.session.get(f"{stack.url}{path}", params=question, headers=headers, timeout=35)


def pages(stack: Stack, question: dict[str, str]) -> list[Row]:
    """Read all events of a question, page by page."""
    found: list[Row] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(stack, "/v1/events", {"limit": "1000", **question, **cursor}).json()
        found += page["events"]
        if not page["next"]:
            return found
        cursor = {"cursor": page["next"]}


def test_a_csv_of_a_statistic_holds_the_rows_of_its_answer(flown: Stack, exported: Export) -> None:
    answer = ask(flown, f"/v1/metrics/{TYPE}", {**DELAYS, "format": "csv"})
    wanted = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    found = exported(**METRICS, **DELAYS, format="csv")
    assert len(found) > 20
    assert [with_number(row) for row in found] == [with_number(row) for row in wanted]
    assert list(found[0]) == ["bucket", "carrier", "count", "value", "values"]


def with_number(row: Row) -> Row:
    """Read a value, as 3.15e+1 is 31.5."""
    return {**row, "value": float(row["value"])}


@pytest.mark.parametrize("format_", ["ndjson", "parquet"])
def test_events_are_exported_as_they_are_paged(
    flown: Stack, exported: Export, format_: str
) -> None:
    wanted = pages(flown, SPAN)
    found = exported(of="events", format=format_, **SPAN)
    assert len(found) > 1_000
    assert [as_answered(row) for row in found] == wanted


def test_the_address_of_a_file_is_signed_and_ends(flown: Stack, until: Poll) -> None:
    """The local S3 takes any signature, so that it is needed is seen on AWS only."""
    (file,) = finish(flown, until, **METRICS)["files"]
    signed = parse_qs(urlsplit(file["url"]).query)
    assert signed["X-Amz-Signature"]
    assert signed["X-Amz-Expires"] == [str(URL_SECONDS)]


def test_an_export_is_started_with_an_address_to_look_at(flown: Stack) -> None:
    answer = start(flown, json.dumps(METRICS))
    told = answer.json()
    assert (answer.status_code, told["status"], told["format"]) == (202, "running", "csv")
    assert answer.headers["Location"] == f"exports/{told['id']}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert look(flown, told["id"]).status_code == 200


def is_problem(answer: requests.Response, *statuses: int) -> bool:
    """Tell whether an answer is a problem that tells its own status, which is one of these."""
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.json()["status"] == answer.status_code and answer.status_code in statuses


@pytest.mark.parametrize("place", [0, 0.3, 0.6, 0.9])
def test_a_forged_id_is_none(flown: Stack, place: float) -> None:
    real = start(flown, json.dumps(METRICS)).json()["id"]
    at = int(len(real) * place)
    forged = f"{real[:at]}{'A' if real[at] != 'A' else 'B'}{real[at + 1 :]}"
    assert is_problem(look(flown, forged), 400, 404)


@pytest.mark.parametrize("export_id", ["1", "e30", "..%2Fevents", "a" * 500, "%00"])
def test_an_invented_id_is_none(flown: Stack, export_id: str) -> None:
    assert is_problem(look(flown, export_id), 400, 404)


def test_a_cursor_is_no_id(flown: Stack) -> None:
    cursor = ask(flown, "/v1/events", {**SPAN, "limit": "1"}).json()["next"]
    assert is_problem(look(flown, cursor), 400)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ("", "body"),
        ("{", "body"),
        ("[]", "body"),
        (b"\xff", "body"),
        ('{"of": "metrics", "of": "events"}', "body"),
        ("{}", "of"),
        ('{"of": "everything"}', "of"),
        ('{"of": "metrics"}', "type"),
        ('{"of": "events", "type": "no.such.type"}', "type"),
        ('{"of": "events", "limit": 5}', "limit"),
        ('{"of": "events", "group_by": "source"}', "group_by"),
        ('{"of": "events", "format": "json"}', "format"),
        ('{"of": "events", "from": ["2013-01-01"]}', "from"),
        ('{"of": "metrics", "type": "flight.departed", "stat": "avg"}', "measure"),
        ('{"of": "metrics", "type": "flight.departed", "filter": "carrier"}', "filter"),
    ],
)
def test_a_bad_body_gets_a_problem(flown: Stack, body: str | bytes, parameter: str) -> None:
    answer = start(flown, body)
    assert is_problem(answer, 400)
    assert answer.json()["parameter"] == parameter


@pytest.mark.parametrize("key", [None, "wrong"])
def test_nobody_without_a_key_gets_in(flown: Stack, key: str | None) -> None:
    real = start(flown, json.dumps(METRICS)).json()["id"]
    headers: Any = {"x-api-key": key}
    assert is_problem(start(flown, json.dumps(METRICS), **headers), 403)
    assert is_problem(look(flown, real, **headers), 403)
