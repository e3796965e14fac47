"""The recipes of docs/bi.md: they run against the stack, and the page shows them as they are."""

import gzip
import json
import time
import uuid
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest
import requests

from local.answers import wait_until_loaded
from local.cloud import LocalCloud
from local.feed import send_uploads
from local.run import STACK_NAME
from local.stack import Stack

Event = dict[str, Any]
DOCS = Path(__file__).parents[2] / "docs"
RECIPES = sorted((DOCS / "examples").glob("bi_*"))
SECONDS = 120
OVER = ("FINISHED", "FAILED", "ABORTED")


@pytest.fixture(scope="module")
def examples() -> Iterator[Path]:
    """Run them as scripts run: they find each other because they lie in one folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "examples"))
        yield DOCS / "examples"


@pytest.fixture(scope="module")
def session(examples: Path, stack: Stack) -> Iterator[requests.Session]:
    assert examples.is_dir()
    with recipe("bi_session").open_session(stack.api_key) as opened:
        yield opened


@pytest.fixture(scope="module")
def departures(stack: Stack, week: list[Event]) -> list[Event]:
    found = [event for event in week if event["type"] == "flight.departed"][:1_200]
    send_uploads(stack, found)
    wait_until_loaded(stack, len(found), SECONDS)
    return found


def recipe(name: str) -> ModuleType:
    return import_module(name)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_the_page_shows_each_recipe_as_it_is(path: Path) -> None:
    assert f"\n{path.read_text(encoding='utf-8')}```\n" in (DOCS / "bi.md").read_text(
        encoding="utf-8"
    )


@pytest.fixture(scope="module")
def pandas(examples: Path) -> ModuleType:
    assert examples.is_dir()
    return recipe("bi_pandas")


def test_pandas_reads_a_statistic_in_its_zone(
    pandas: ModuleType, session: requests.Session, stack: Stack, departures: list[Event]
) -> None:
    given = {"interval": "day", "timezone": "America/New_York", "group_by": "carrier,flight",
             "measure": "dep_delay", "stat": "avg"}  # fmt: skip
    days = pandas.read_metric(session, stack.url, "flight.departed", **given, from_="2013-01-01")
    assert list(days) == ["bucket", "carrier", "flight", "count", "value", "values"]
    assert days["count"].sum() >= len(departures)
    assert (days["values"] <= days["count"]).all()
    assert str(days["bucket"].dt.tz) == "America/New_York"
    assert (days["bucket"].dt.hour == 0).all()
    assert days["flight"].map(type).eq(str).all()


def test_pandas_refuses_a_statistic_that_is_cut_off(
    pandas: ModuleType, session: requests.Session, stack: Stack, departures: list[Event]
) -> None:
    assert departures
    with pytest.raises(ValueError, match="start an export"):
        pandas.read_metric(session, stack.url, "flight.departed", group_by="flight", limit="5")


def test_pandas_reads_all_pages_of_events(
    pandas: ModuleType, session: requests.Session, stack: Stack, departures: list[Event]
) -> None:
    events = pandas.read_events(session, stack.url, type="flight.departed", limit="500")
    assert set(events["id"]) >= {event["id"] for event in departures}
    assert events["event_key"].is_unique
    assert str(events["time"].dt.tz) == "UTC"
    sent = {event["id"]: event["data"] for event in departures}
    read = dict(zip(events["id"], events["data"], strict=True))
    assert all(json.loads(read[name]) == data for name, data in sent.items())


def test_a_lost_answer_to_a_post_is_not_asked_for_again(session: requests.Session) -> None:
    """An export whose answer was lost may be under way: a second POST would start another."""
    patience = session.get_adapter("https://x").max_retries  # type: ignore[attr-defined]
    assert [patience.is_retry(method, 503) for method in ("GET", "POST")] == [True, False]


def test_duckdb_follows_the_events_and_begins_anew_with_a_lost_cursor(
    session: requests.Session, stack: Stack, departures: list[Event]
) -> None:
    follow = recipe("bi_duckdb").follow
    ids = {event["id"] for event in departures}
    with duckdb.connect() as lake:

        def known() -> set[str]:
            follow(lake, session, stack.url, "flight.departed")
            return {name for (name,) in lake.execute("SELECT id FROM events").fetchall()}

        assert known() >= ids
        late = {**departures[0], "id": str(uuid.uuid4())}
        send_uploads(stack, [late])
        deadline = time.monotonic() + SECONDS
        while late["id"] not in known():
            assert time.monotonic() < deadline, "the late event is followed"
            time.sleep(0.5)
        lake.execute("UPDATE places SET cursor = 'lost'").fetchall()
        assert known() >= {*ids, late["id"]}


def test_duckdb_reads_an_export_with_its_types(
    session: requests.Session, stack: Stack, departures: list[Event]
) -> None:
    question = {"of": "metrics", "type": "flight.departed", "interval": "day",
                "measure": "distance", "stat": "avg", "group_by": "carrier"}  # fmt: skip
    with duckdb.connect() as lake:
        recipe("bi_duckdb").load_export(lake, session, stack.url, "days", question)
        described = lake.execute("SELECT column_name, column_type FROM (DESCRIBE days)").fetchall()
        [(count,)] = lake.execute("SELECT SUM(count) FROM days").fetchall()
    assert dict(described) == {
        "bucket": "VARCHAR", "carrier": "VARCHAR", "count": "BIGINT", "value": "DOUBLE",
        "values": "BIGINT",
    }  # fmt: skip
    assert count >= len(departures)


def test_an_export_is_published_with_its_manifest(
    session: requests.Session, stack: Stack, departures: list[Event]
) -> None:
    question = {"of": "events", "type": "flight.departed", "format": "csv"}
    files = recipe("bi_session").export(session, stack.url, question)
    s3, prefix = stack.client("s3"), f"exports/{uuid.uuid4()}"
    manifest = recipe("bi_quicksight").publish(s3, stack.bucket, prefix, files)

    def read(address: str) -> bytes:
        key = address.removeprefix(f"s3://{stack.bucket}/")
        content: bytes = s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read()
        return content

    [location] = json.loads(read(manifest))["fileLocations"]
    lines = [line for uri in location["URIs"] for line in gzip.decompress(read(uri)).splitlines()]
    assert len(lines) > len(departures)
    assert lines[0].startswith(b"event_key,")


@pytest.mark.usefixtures("examples", "departures")
def test_views_show_facts_and_rollups_and_can_be_made_anew(cloud: LocalCloud) -> None:
    ask = warehouse(cloud)
    user = (DOCS / "examples/bi_reader.sql").read_text(encoding="utf-8")
    ask(*filter(str.strip, user.split(";\n")))
    recipes = recipe("bi_views")
    for event_type in recipes.load_catalogue().values():
        ask(*recipes.views(event_type))
        ask(*recipes.views(event_type))
    facts = ask("SELECT COUNT(*) FROM bi.flight_departed")
    hours = ask("SELECT SUM(_events) FROM bi.flight_departed_by_carrier_airline")
    assert int(facts) == int(hours) >= 1_200


def warehouse(cloud: LocalCloud) -> Callable[..., str]:
    """Run statements in one transaction as the administrator; returns the last one's only value."""
    client = cloud.client("redshift-data")

    def ask(*statements: str) -> str:
        place = {"WorkgroupName": STACK_NAME, "Database": "events"}
        batch = client.batch_execute_statement(**place, Sqls=[*statements], ResultFormat="CSV")
        while (state := client.describe_statement(Id=batch["Id"]))["Status"] not in OVER:
            time.sleep(0.1)
        assert state["Status"] == "FINISHED", state
        last = state["SubStatements"][-1]
        if not last["HasResultSet"]:
            return ""
        records = client.get_statement_result_v2(Id=last["Id"])["Records"]
        value: str = records[0]["CSVRecords"].split()[-1]
        return value

    return ask
