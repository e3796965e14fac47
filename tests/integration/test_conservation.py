"""The conservation check against a real database: what is missing is found, counted and named."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.recovery import ledger
from pipeline.lake import batch_key
from pipeline.watch.batches import days_before, list_batches
from pipeline.watch.checking import check
from pipeline.watch.findings import Findings, Gap, Sample
from pipeline.watch.questions import Ledger
from tests.integration.warehousing import World, event, facts_of, quarantined

RECEIVED_AT = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
HOUR = timedelta(hours=1)
GRACE = 2 * HOUR


@pytest.fixture
def world() -> Iterator[World]:
    with World() as built:
        yield built


def stage(world: World, batch_id: str, *rows: dict[str, Any]) -> Any:
    return world.stage(batch_id, rows, day=RECEIVED_AT)


def checked(world: World, *, later: timedelta = timedelta()) -> Findings:
    """Check as it will be so much later."""
    now = datetime.now(UTC) + later
    staged = list_batches(world.lake, days_before(now))
    return check(Ledger(world.warehouse, lambda: 20), world.lake, staged, GRACE, now)


def test_nothing_is_missing_of_an_empty_warehouse(world: World) -> None:
    found = checked(world)
    assert (found.missing, found.surplus, found.gaps, found.oldest) == (0, 0, (), timedelta())


def test_nothing_is_missing_whatever_became_of_the_rows(world: World) -> None:
    other = event(1, data={"page": "/other", "visitor": "v"})
    world.load(stage(world, "a", event(1), event(2), event(2), quarantined(3), quarantined(3)))
    world.load(stage(world, "b", event(1), other, other, quarantined(3), event(4)))
    found = checked(world, later=3 * HOUR)
    assert (found.missing, found.surplus, found.in_flight.batches, found.gone) == (0, 0, 0, ())
    numbers = ("received", "loaded", "duplicates", "conflicts", "quarantined")
    assert [found.totals[name] for name in numbers] == [10, 3, 5, 1, 1]


def test_a_batch_that_was_judged_twice_balances(world: World) -> None:
    world.load(stage(world, "a", event(1), quarantined(2)))
    world.load(stage(world, "a", event(1), quarantined(2), event(3), quarantined(4)))
    found = checked(world)
    assert (found.missing, found.surplus) == (0, 0)


def test_facts_that_conflict_are_no_rows_of_the_quarantine(world: World) -> None:
    row, other = event(1), event(1, data={"page": "/other", "visitor": "v", "duration_ms": 9})
    world.load(stage(world, "a", row))
    world.load(stage(world, "b", other))
    world.load(world.stage_facts("b", page__viewed=[facts_of(other)]))
    assert world.scalar("SELECT SUM(conflicts) AS n FROM loads") == 2
    assert checked(world).missing == 0


def test_an_event_that_was_deleted_is_missing(world: World) -> None:
    world.load(stage(world, "a", event(1), event(2)), stage(world, "b", event(3)))
    world.warehouse.execute("DELETE FROM events WHERE id = '2'", seconds=20)
    found = checked(world)
    assert found.missing == 1
    assert found.gaps == (Gap("a", "events", expected=2, found=1),)


def test_what_came_behind_the_loaders_back_hides_nothing(world: World) -> None:
    world.load(stage(world, "a", event(1), event(2)), stage(world, "b", event(3)))
    world.warehouse.execute("UPDATE events SET batch_id = 'x' WHERE id = '2'", seconds=20)
    found = checked(world)
    assert (found.missing, found.surplus) == (1, 1)
    assert [(gap.batch_id, gap.missing) for gap in found.gaps] == [("a", 1), ("x", 0)]


def test_a_row_of_the_quarantine_that_was_deleted_is_missing(world: World) -> None:
    world.load(stage(world, "a", event(1), quarantined(2), quarantined(3)))
    world.warehouse.execute("DELETE FROM quarantine", seconds=20)
    found = checked(world)
    assert (found.missing, found.gaps) == (2, (Gap("a", "quarantine", expected=2, found=0),))


def test_a_row_without_a_verdict_is_missing(world: World) -> None:
    world.load(stage(world, "a", event(1), event(2)))
    world.warehouse.execute("UPDATE loads SET row_count = 5", seconds=20)
    found = checked(world)
    assert (found.missing, found.gaps) == (3, (Gap("a", "ledger", expected=5, found=2),))


def test_all_that_is_missing_is_counted_though_not_all_is_named(world: World) -> None:
    many = 130
    world.load(*(stage(world, f"b{n:03}", event(n), event(f"{n}-b")) for n in range(many)))
    world.warehouse.execute("DELETE FROM events WHERE id LIKE '%-b'", seconds=20)
    found = checked(world)
    assert (found.missing, len(found.gaps)) == (many, 100)


def test_a_batch_on_its_way_is_in_flight(world: World) -> None:
    world.load(stage(world, "a", event(1)))
    stage(world, "b", event(2), event(3))
    found = checked(world, later=HOUR)
    assert (found.missing, found.in_flight) == (0, Sample(batches=1, read=1, counted=2))
    assert HOUR <= found.oldest < 2 * HOUR


def test_a_batch_that_is_overdue_is_missing(world: World) -> None:
    stage(world, "b", event(2), event(3))
    found = checked(world, later=3 * HOUR)
    assert (found.missing, found.in_flight) == (2, Sample())
    assert found.gaps == (Gap("b", "lake", expected=2, found=0),)
    assert found.oldest >= 3 * HOUR
    assert checked(world, later=timedelta(days=14)).missing == 2


def test_a_batch_that_was_staged_again_under_another_id_is_not_missing(world: World) -> None:
    rows = [event(1), event(1), event(1, data={"page": "/other", "visitor": "v"}), quarantined(2)]
    stage(world, "never-announced", *rows)
    world.load(stage(world, "again", *rows))
    found = checked(world, later=3 * HOUR)
    assert (found.missing, found.oldest) == (0, timedelta())


def test_only_those_rows_of_an_overdue_batch_are_missing_that_nobody_has(world: World) -> None:
    changed = event(1, data={"page": "/other", "visitor": "v"})
    world.load(stage(world, "a", event(1)))
    stage(world, "b", event(1), changed, event(2))
    found = checked(world, later=3 * HOUR)
    assert (found.missing, found.gaps) == (2, (Gap("b", "lake", expected=3, found=1),))


def test_an_overdue_batch_of_more_rows_than_one_question_takes_is_compared(world: World) -> None:
    rows = [event(n) for n in range(1_100)]
    world.load(stage(world, "a", *rows[:1_050]))
    stage(world, "b", *rows)
    assert checked(world, later=3 * HOUR).missing == 50


def test_an_object_that_cannot_be_read_is_missing(world: World) -> None:
    world.bucket.put_object(Key=batch_key("bad", RECEIVED_AT), Body=b"no gzip")
    found = checked(world, later=3 * HOUR)
    assert (found.missing, found.gaps) == (1, (Gap("bad", "unreadable object", 1, 0),))


def test_a_loaded_batch_that_is_gone_from_the_lake_is_told(world: World) -> None:
    world.load(stage(world, "a", event(1)), stage(world, "b", event(2)))
    key = batch_key("a", RECEIVED_AT)
    del world.bucket.objects[key]
    found = checked(world)
    assert (found.missing, found.gone) == (0, (key,))


def test_a_batch_that_was_loaded_since_the_lake_was_listed_is_not_gone(world: World) -> None:
    now = datetime.now(UTC)
    staged = list_batches(world.lake, days_before(now))
    world.load(stage(world, "a", event(1)))
    asked = Ledger(world.warehouse, lambda: 20)
    assert check(asked, world.lake, staged, GRACE, now).gone == ()


def test_a_batch_that_left_the_scope_is_not_looked_for(world: World) -> None:
    world.load(stage(world, "a", event(1)))
    world.bucket.objects.clear()
    assert checked(world, later=timedelta(days=13)).gone != ()
    assert checked(world, later=timedelta(days=16)).gone == ()


def test_what_was_erased_on_purpose_is_missed_until_the_ledger_is_told(world: World) -> None:
    """As the runbook says: of a batch that is gone by hand, of one that is left by `--reload`."""
    world.load(stage(world, "whole", event(1)), stage(world, "part", event(2), event(3)))
    world.warehouse.execute("DELETE FROM events WHERE id IN ('1', '2')", seconds=20)
    del world.bucket.objects[batch_key("whole", RECEIVED_AT)]
    rewritten = stage(world, "part", event(3))
    found = checked(world)
    assert (found.missing, len(found.gone)) == (2, 1)
    world.warehouse.execute("DELETE FROM loads WHERE batch_id IN ('whole')", seconds=20)
    administered = ledger.Ledger(world.warehouse)
    administered.forget(["part"])
    world.load(rewritten)
    administered.settle(["part"])
    found = checked(world)
    assert (found.missing, found.surplus, found.gone) == (0, 0, ())


def test_events_whose_facts_never_came_are_told_once_they_are_overdue(world: World) -> None:
    rows = [event(1), event(2)]
    world.load(stage(world, "a", *rows), stage(world, "b", event(3)))
    world.load(world.stage_facts("a", page__viewed=[facts_of(row) for row in rows]))
    soon, late = checked(world, later=HOUR), checked(world, later=3 * HOUR)
    assert (soon.totals["without_facts"], soon.totals["awaiting_facts"]) == (0, 1)
    assert (late.totals["without_facts"], late.totals["awaiting_facts"]) == (1, 0)
