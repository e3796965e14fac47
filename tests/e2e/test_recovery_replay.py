"""`make replay` computes facts anew, counts nothing twice and brings back what was lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.recovery.deployment import Deployment
from local.recovery.redrive import redrive_queues
from local.recovery.replay import Plan, replay_span
from local.recovery.replaying import Replayed
from local.recovery.span import Span, read_span
from local.stack import Stack
from tests.e2e.conservation import ask, change, count, is_conserved

Poll = Callable[[Callable[[], bool], str], None]
EVENTS = 2_000
FACTS = ("facts_flight_departed", "facts_flight_arrived", "facts_flight_cancelled")
DEPARTED = "type = 'flight.departed' OR id = 'good'"
VERDICTS = (
    "SELECT batch_id, loaded, duplicates, conflicts, quarantined FROM loads WHERE kind = 'events'"
)


@pytest.fixture(scope="module")
def there(cloud: LocalCloud, flown: Stack) -> Deployment:
    """A stack with events that were loaded, duplicates, in conflict and quarantined."""
    found = Deployment.on_cloud(cloud)
    bad: dict[str, Any] = {
        "specversion": "1.0",
        "id": "bad",
        "source": "/replay",
        "type": "no.type",
        "data": {},
    }
    good = bad | {"id": "good", "type": "page.viewed", "data": {"page": "/", "visitor": "v"}}
    other = good | {"data": {"page": "/other", "visitor": "v"}}
    for events in ([bad, good], [good, other]):
        headers = {"x-api-key": flown.api_key, "Content-Type": "application/cloudevents-batch+json"}
        answer = flown.session.post(
            f"{flown.url}/v1/events", json=events, headers=headers, timeout=35
        )
        assert answer.ok
    return found


def today(*, reload: bool = False, dry_run: bool = False) -> Plan:
    now = datetime.now(UTC)
    span = Span(now - timedelta(hours=12), now + timedelta(minutes=1))
    return Plan(span, f"w{now:%H%M%S%f}", reload=reload, dry_run=dry_run)


def executions(there: Deployment, word: str) -> list[str]:
    """The statuses of the executions that a word names."""
    pages = there.client("stepfunctions").get_paginator("list_executions")
    listed = pages.paginate(stateMachineArn=there.outputs["StateMachineArn"])
    found = [one for page in listed for one in page["executions"]]
    return [one["status"] for one in found if one["name"].endswith(f"-{word}")]


def replay(there: Deployment, until: Poll, *, reload: bool = False) -> Replayed:
    """Replay what was received today, and wait until all of it is done."""
    plan = today(reload=reload)
    before = facts_loads(there)
    done = replay_span(there, plan)
    until(
        lambda: executions(there, plan.word) == ["SUCCEEDED"] * done.batches, "all is prepared anew"
    )
    until(lambda: facts_loads(there) > before, "facts are loaded anew")
    until(lambda: is_idle(there), "all announcements are followed")
    return done


def facts_loads(there: Deployment) -> str:
    return ask(there, "SELECT MIN(loaded_at) FROM loads WHERE kind <> 'events'")[0][0]


def is_idle(there: Deployment) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    for queue in ("EventQueue", "LoadQueue"):
        answer = there.client("sqs").get_queue_attributes(
            QueueUrl=there.resources[queue], AttributeNames=names
        )
        if any(int(number) for number in answer["Attributes"].values()):
            return False
    return True


def state(there: Deployment) -> tuple[list[int], list[list[str]]]:
    """How many rows each table has, and what the ledger says of each batch."""
    tables = ("events", "quarantine", *FACTS, "facts_page_viewed")
    return [count(there, table) for table in tables], sorted(ask(there, VERDICTS))


def test_all_four_verdicts_are_there(there: Deployment, until: Poll) -> None:
    until(lambda: count(there, "quarantine") == 2, "one is in conflict, one has no type")
    until(lambda: count(there, "facts_page_viewed") == 1, "the good one has its facts")
    until(lambda: is_conserved(there) and is_idle(there), "all is accounted for")


def test_a_dry_run_changes_nothing(there: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    before = state(there)
    change(there, "DELETE FROM events WHERE id = 'good'")
    plan = today(dry_run=True, reload=True)
    done = replay_span(there, plan)
    assert (done.damaged, done.lost) == (1, 1)
    assert f"{done.batches} batches with {EVENTS + 4:,} events would be" in capsys.readouterr().out
    assert executions(there, plan.word) == []
    assert state(there)[1] == before[1]
    assert not is_conserved(there)


def test_lost_events_are_loaded_again(there: Deployment, until: Poll) -> None:
    done = replay(there, until, reload=True)
    assert (done.damaged, done.lost) == (1, 1)
    assert count(there, "events WHERE id = 'good'") == 1
    assert is_conserved(there)


def test_a_replay_counts_nothing_twice(there: Deployment, until: Poll) -> None:
    before = state(there)
    for _ in range(2):
        done = replay(there, until)
        assert done.events == EVENTS + 4
        assert state(there) == before
    assert is_conserved(there)


def test_a_replay_computes_lost_facts_anew(there: Deployment, until: Poll) -> None:
    before = state(there)
    change(there, "DELETE FROM facts_flight_arrived")
    replay(there, until)
    assert state(there) == before


def test_a_replay_leaves_alone_what_was_received_at_other_times(there: Deployment) -> None:
    past = read_span("2013-01-01", "2013-01-08", datetime.now(UTC))
    assert replay_span(there, Plan(past, "past")).batches == 0
    second = datetime.fromisoformat(
        ask(there, "SELECT CAST(MIN(received_at) AS VARCHAR) FROM events WHERE id = 'good'")[0][0]
    )
    only = Span(second.astimezone(UTC), second.astimezone(UTC) + timedelta(microseconds=1))
    assert replay_span(there, Plan(only, "one", dry_run=True)).batches == 1


def test_what_any_delete_took_is_back_with_the_same_verdicts(
    there: Deployment, until: Poll
) -> None:
    before = state(there)
    gone = count(there, f"events WHERE {DEPARTED}")
    change(there, f"DELETE FROM events WHERE {DEPARTED}")
    change(there, "DELETE FROM quarantine")
    assert not is_conserved(there)
    done = replay(there, until, reload=True)
    assert done.lost == gone + 2
    assert state(there) == before
    assert is_conserved(there)
    assert replay(there, until, reload=True).damaged == 0
    assert state(there) == before


def test_a_reload_that_was_stopped_is_finished_by_the_next(there: Deployment, until: Poll) -> None:
    before = state(there)
    change(there, "DELETE FROM events WHERE type = 'flight.arrived'")
    change(there, "DELETE FROM loads WHERE kind = 'events' AND loaded > 100")
    plan = today()
    replay_span(there, plan)
    until(lambda: len(ask(there, VERDICTS)) == len(before[1]), "what stood counts as duplicates")
    assert not is_conserved(there)
    replay(there, until, reload=True)
    assert state(there) == before
    assert is_conserved(there)


def test_nothing_was_given_up(there: Deployment) -> None:
    reports = redrive_queues(there, {}, dry_run=True)
    assert [(name, report.left) for name, _, report in reports if report.found] == []
