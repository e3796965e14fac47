"""What a load tells of its events: by entrance and type, and how new the newest is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.load.plan import EVENTS, FACTS
from pipeline.load.transactions import Outcome
from tests.integration.warehousing import World, event, facts_of, quarantined


@pytest.fixture
def world() -> Iterator[World]:
    with World() as built:
        yield built


def told(outcome: Outcome, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(tally[n] for n in names) for load in outcome.loads for tally in load.tallies]


def test_events_are_told_by_entrance_and_type(world: World) -> None:
    rows = [event(1), event(1), event(2) | {"entrance": "upload"}, quarantined(3)]
    outcome = world.load(world.stage("b", rows))
    found = told(outcome, "entrance", "type", "loaded", "duplicates", "quarantined")
    assert sorted(found) == [
        ("request", "other", 0, 0, 1),
        ("request", "page.viewed", 1, 1, 0),
        ("upload", "page.viewed", 1, 0, 0),
    ]


def test_types_that_senders_make_up_are_told_as_one(world: World) -> None:
    rows = [quarantined(n) | {"type": f"made.up.{n}"} for n in range(3)]
    outcome = world.load(world.stage("b", rows))
    assert told(outcome, "type", "quarantined") == [("other", 3)]


def test_the_newest_time_is_of_what_was_loaded(world: World) -> None:
    old, new = event(1, time="2013-01-01T08:00:00Z"), event(2, time="2013-01-01T09:00:00Z")
    world.load(world.stage("a", [new]))
    outcome = world.load(world.stage("b", [old, new]))
    assert told(outcome, "newest") == [(datetime(2013, 1, 1, 8, tzinfo=UTC),)]


def test_facts_are_told_without_entrance(world: World) -> None:
    row = event(1)
    outcome = world.load(
        world.stage("b", [row]), world.stage_facts("b", page__viewed=[facts_of(row)])
    )
    found = told(outcome, "kind", "entrance", "loaded")
    assert found == [(EVENTS, "request", 1), (FACTS + "page.viewed", None, 1)]


def test_facts_alone_are_told(world: World) -> None:
    row = event(1)
    world.load(world.stage("b", [row]))
    outcome = world.load(world.stage_facts("b", page__viewed=[facts_of(row)]))
    assert told(outcome, "kind", "loaded") == [(FACTS + "page.viewed", 1)]
