"""An event that goes missing is told by the next check, with its batch; mended, the check is quiet."""

import gzip
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from local.cloud import LocalCloud
from local.run import STACK_NAME, deploy_template
from local.stack import Stack
from pipeline.announcements import BATCH_STAGED
from pipeline.bus import Bus
from pipeline.catalogue import load_catalogue
from pipeline.event import make_row, number_line, receive_at
from pipeline.lake import batch_key
from tests.e2e.test_bad_input import find, key_of, page_view, post

Poll = Callable[[Callable[[], bool], str], None]
Report = dict[str, Any]


@pytest.fixture(scope="module")
def stack(cloud: LocalCloud) -> Iterator[Stack]:
    """A stack in which a batch counts as missing soon."""
    outputs = deploy_template(cloud, MissingAfterSeconds="20")
    found = Stack.on_machine(cloud, outputs)
    yield found
    found.close()


class Check(Protocol):
    """Calls the check by hand, or with what its schedule hands over."""

    def __call__(self, event: dict[str, str] | None = None) -> Report: ...


@pytest.fixture
def check(cloud: LocalCloud, functions: dict[str, str]) -> Check:
    def ask(event: dict[str, str] | None = None) -> Report:
        answer = cloud.client("lambda").invoke(
            FunctionName=functions["CheckConservationFunction"], Payload=json.dumps(event or {})
        )
        text = answer["Payload"].read()
        assert "FunctionError" not in answer, text
        told: Report = json.loads(text)
        return told

    return ask


def change(cloud: LocalCloud, until: Poll, sql: str) -> None:
    """Run a statement as the warehouse's administrator, behind the loader's back."""
    client = cloud.client("redshift-data")
    place = {"WorkgroupName": STACK_NAME, "Database": "events"}
    statement = client.execute_statement(**place, Sql=sql)["Id"]

    def is_over() -> bool:
        told = client.describe_statement(Id=statement)
        assert told["Status"] not in {"FAILED", "ABORTED"}, told
        return bool(told["Status"] == "FINISHED")

    until(is_over, "the statement is over")


def found_in(told: Report) -> list[tuple[str, str, int]]:
    return [
        (one["batch_id"], one["place"], one["expected"] - one["found"]) for one in told["places"]
    ]


def put_batch(stack: Stack, *events: dict[str, Any]) -> tuple[str, str]:
    """Store a batch that nobody is told of, as if its announcement got lost; returns id and key."""
    now = datetime.now(UTC)
    batch_id = uuid.uuid4().hex
    rows = [make_row(one, receive_at("request", now), load_catalogue()) for one in events]
    lines = [number_line(row.line, batch_id, n) for n, row in enumerate(rows)]
    key = batch_key(batch_id, now.isoformat())
    body = gzip.compress(("\n".join(lines) + "\n").encode())
    stack.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=body)
    return batch_id, key


def test_nothing_is_missing_of_what_was_sent(stack: Stack, check: Check, until: Poll) -> None:
    good = [page_view() for _ in range(3)]
    events = [*good, good[0], page_view(data={"page": 5})]
    for event in events:
        assert post(stack, event).status_code == 202

    def is_even() -> bool:
        told.update(check())
        return bool(told["received"] == 5 and told["in_flight"] == told["missing"] == 0)

    told: Report = {}
    until(is_even, "all are loaded")
    assert (told["loaded"], told["duplicates"], told["quarantined"]) == (3, 1, 1)
    assert (told["surplus"], told["places"], told["gone"]) == (0, [], [])


def test_an_event_deleted_behind_the_loaders_back_is_told_with_its_batch(
    cloud: LocalCloud, stack: Stack, check: Check, until: Poll
) -> None:
    event = page_view()
    post(stack, event)
    key = key_of(event)
    until(lambda: find(stack, key)["status"] == "loaded", "the event is loaded")
    batch_id = find(stack, key)["event"]["batch_id"]
    change(cloud, until, f"CREATE TABLE kept AS SELECT * FROM events WHERE event_key = '{key}'")
    change(cloud, until, f"DELETE FROM events WHERE event_key = '{key}'")
    told = check()
    assert (told["missing"], found_in(told)) == (1, [(batch_id, "events", 1)])
    change(cloud, until, "INSERT INTO events SELECT * FROM kept")
    assert check()["missing"] == 0


def test_a_batch_that_was_never_announced_is_in_flight_then_missing_then_loaded(
    cloud: LocalCloud, stack: Stack, check: Check, until: Poll
) -> None:
    batch_id, key = put_batch(stack, page_view(), page_view())
    told = check()
    assert (told["missing"], told["in_flight"]) == (0, 2)
    until(lambda: bool(check()["missing"]), "the batch is overdue")
    told = check()
    assert (told["missing"], told["in_flight"]) == (2, 0)
    assert found_in(told) == [(batch_id, "lake", 2)]
    detail = {"batch_id": batch_id, "bucket": stack.bucket, "key": key, "rows": 2,
              "received_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"}  # fmt: skip
    Bus(f"{STACK_NAME}-pipeline", cloud.client("events")).announce(BATCH_STAGED, detail)
    until(lambda: check()["missing"] == 0, "the batch is loaded")


def scheduled() -> dict[str, str]:
    return {"time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}


def test_the_schedule_rests_once_all_is_right_and_what_came_last_is_old(
    check: Check, until: Poll
) -> None:
    until(lambda: not check(scheduled())["asked"], "the check rests")
    assert check()["asked"] is True


def test_a_loaded_batch_whose_object_is_gone_is_told(stack: Stack, check: Check) -> None:
    s3 = stack.client("s3")
    listed = s3.list_objects_v2(Bucket=stack.bucket, Prefix="batches/")["Contents"]
    assert check()["gone"] == []
    s3.delete_object(Bucket=stack.bucket, Key=listed[0]["Key"])
    told = check()
    assert (told["missing"], told["gone"]) == (0, [listed[0]["Key"]])
    assert [check(scheduled())["gone"] for _ in range(2)] == [told["gone"]] * 2


def test_the_schedule_calls_the_check(cloud: LocalCloud, stack: Stack) -> None:
    assert stack.url
    rules = cloud.client("events").list_rules()["Rules"]
    (rule,) = [one for one in rules if one["Name"].startswith(STACK_NAME)]
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(2 minutes)", "ENABLED")
    (target,) = cloud.client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert "CheckConservationFunction" in target["Arn"]
