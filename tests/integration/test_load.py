"""Loading into a real database: once each, in any order, whole or not at all."""

import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from pipeline.catalogue import Column
from pipeline.errors import SchemaConflict, StatementFailed
from pipeline.event import event_key
from pipeline.load import ddl
from pipeline.load.migration import Names, update_schema
from pipeline.load.plan import EVENTS, MAX_POINTERS
from tests.integration.warehousing import (
    ABSENT,
    BUCKET,
    DAY,
    Row,
    World,
    event,
    facts_of,
    quarantined,
)

NAMES = Names("events", "app-loader", "app-reader", "app-checker")
LATER = "2013-01-01T11:00:00.000000Z"


@pytest.fixture
def world() -> Iterator[World]:
    with World() as built:
        yield built


def changed(row: Row, **data: Any) -> Row:
    other = event(row["id"], data={"page": "/other", "visitor": "v"} | data)
    return row | {"fingerprint": other["fingerprint"], "data": other["data"]}


def stored(world: World) -> int:
    return int(world.scalar("SELECT COUNT(*) AS n FROM events"))


def ledger(world: World, kind: str = EVENTS) -> dict[str, tuple[int, ...]]:
    names = ("row_count", "loaded", "duplicates", "conflicts", "quarantined")
    rows = world.query(f"SELECT * FROM loads WHERE kind = '{kind}'")
    return {row["batch_id"]: tuple(row[name] for name in names) for row in rows}


def page_of(world: World, number: int) -> str:
    key = event_key("/test", str(number))
    return str(world.scalar(f"SELECT data_text AS d FROM events WHERE event_key = '{key}'"))


def test_a_batch_is_loaded_with_its_ledger_row(world: World) -> None:
    outcome = world.load(world.stage("b", [event(1), event(2), quarantined(3)]))
    assert not outcome.failed
    assert stored(world) == 2
    assert ledger(world) == {"b": (3, 2, 0, 0, 1)}


def test_a_batch_announced_again_loads_once(world: World) -> None:
    message = world.stage("b", [event(1)])
    again = message | {"messageId": "other", "body": message["body"].replace("event-0", "event-x")}
    assert not world.load(message).failed
    assert not world.load(again).failed
    assert stored(world) == 1
    assert ledger(world) == {"b": (1, 1, 0, 0, 0)}


def test_the_same_batch_twice_in_one_load_loads_once(world: World) -> None:
    message = world.stage("b", [event(1)])
    assert not world.load(message, message | {"messageId": "other"}).failed
    assert ledger(world) == {"b": (1, 1, 0, 0, 0)}


def test_events_in_two_batches_count_once(world: World) -> None:
    world.load(world.stage("a", [event(1), event(2)]))
    world.load(world.stage("b", [event(2), event(3)]))
    assert stored(world) == 3
    assert ledger(world)["b"] == (2, 1, 1, 0, 0)


def test_events_in_two_batches_of_one_load_count_once(world: World) -> None:
    world.load(world.stage("a", [event(1)]), world.stage("b", [event(1)]))
    assert ledger(world) == {"a": (1, 1, 0, 0, 0), "b": (1, 0, 1, 0, 0)}


def test_a_duplicate_within_a_batch_counts_once(world: World) -> None:
    world.load(world.stage("a", [event(1), event(1), event(1)]))
    assert ledger(world) == {"a": (3, 1, 2, 0, 0)}


def test_the_first_received_stands_whatever_the_order_of_batches(world: World) -> None:
    first, second = event(1), changed(event(1, received_at=LATER))
    world.load(world.stage("z", [first]), world.stage("a", [second]))
    assert page_of(world, 1) == first["data"]
    assert ledger(world) == {"z": (1, 1, 0, 0, 0), "a": (1, 0, 0, 1, 0)}


def test_what_stands_in_the_warehouse_came_first(world: World) -> None:
    early, late = event(1), changed(event(1, received_at=LATER))
    world.load(world.stage("a", [late]))
    world.load(world.stage("b", [early]))
    assert page_of(world, 1) == late["data"]
    assert ledger(world)["b"] == (1, 0, 0, 1, 0)


def test_a_conflict_keeps_its_data_in_quarantine(world: World) -> None:
    other = changed(event(1))
    world.load(world.stage("a", [event(1), other]))
    (row,) = world.query("SELECT reason, path, payload, fingerprint, batch_id FROM quarantine")
    assert row["reason"] == "ID_CONFLICT"
    assert row["path"] == "$.id"
    assert row["payload"] == other["data"]
    assert row["fingerprint"] == other["fingerprint"]


def test_events_and_quarantine_keep_what_rows_came_with(world: World) -> None:
    first = event(1, correlation_id="c-1")
    other = changed(event(1)) | {"correlation_id": "c-2"}
    world.load(world.stage("a", [first, other, quarantined(2) | {"correlation_id": "c-3"}]))
    assert world.scalar("SELECT correlation_id FROM events") == "c-1"
    kept = world.query("SELECT reason, correlation_id FROM quarantine ORDER BY correlation_id")
    assert [tuple(row.values()) for row in kept] == [("ID_CONFLICT", "c-2"), ("SCHEMA", "c-3")]


def test_objects_of_an_earlier_release_load_without_it(world: World) -> None:
    outcome = world.load(world.stage("a", [event(1), quarantined(2)]))
    assert not outcome.failed
    for table in ("events", "quarantine"):
        assert world.query(f"SELECT correlation_id FROM {table}") == [{"correlation_id": None}]


def test_a_conflict_sent_again_is_a_duplicate(world: World) -> None:
    world.load(world.stage("a", [event(1), changed(event(1)), changed(event(1))]))
    world.load(world.stage("b", [changed(event(1))]))
    assert ledger(world) == {"a": (3, 1, 1, 1, 0), "b": (1, 0, 1, 0, 0)}
    assert world.scalar("SELECT COUNT(*) AS n FROM quarantine") == 1


def test_a_quarantined_event_sent_again_is_a_duplicate(world: World) -> None:
    world.load(world.stage("a", [quarantined(1), quarantined(1), quarantined(1, "OTHER")]))
    world.load(world.stage("b", [quarantined(1)]))
    assert ledger(world) == {"a": (3, 0, 1, 0, 2), "b": (1, 0, 1, 0, 0)}


def test_a_good_event_after_a_quarantined_one_is_loaded(world: World) -> None:
    world.load(world.stage("a", [quarantined(1), event(1)]))
    assert ledger(world) == {"a": (2, 1, 0, 0, 1)}


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_every_order_of_loads_counts_each_row_once(world: World, order: tuple[int, ...]) -> None:
    batches = [
        world.stage("a", [event(1), event(2), quarantined(7)]),
        world.stage("b", [event(2), event(3), changed(event(1))]),
        world.stage("c", [event(3), event(1), quarantined(7)]),
    ]
    for place in order:
        assert not world.load(batches[place]).failed
    totals = [sum(column) for column in zip(*ledger(world).values(), strict=True)]
    assert stored(world) == totals[1] == 3
    assert totals[0] == sum(totals[1:]) == 9


def test_two_loaders_at_once_count_each_event_once(world: World) -> None:
    messages = [world.stage(f"b{n}", [event(k) for k in range(n, n + 20)]) for n in range(8)]
    failed: list[Any] = []

    def load_half(start: int) -> None:
        for message in messages[start::2]:
            failed.extend(world.load(message).failed)

    threads = [threading.Thread(target=load_half, args=(start,)) for start in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    totals = [sum(column) for column in zip(*ledger(world).values(), strict=True)]
    assert stored(world) == totals[1] == 27
    assert totals[0] == sum(totals[1:]) == 160


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"no json\n"), gzip.compress(b'{"event_key":"k"}\n')],
    ids=["not gzip", "not JSON", "not a row"],
)
def test_a_poison_object_stops_no_other(world: World, body: bytes) -> None:
    good = [world.stage(f"b{n}", [event(n)]) for n in range(4)]
    bad = world.poison("bad", body)
    outcome = world.load(*good[:2], bad, *good[2:])
    assert set(outcome.failed) == {bad["messageId"]}
    assert stored(world) == 4
    assert set(ledger(world)) == {"b0", "b1", "b2", "b3"}


def test_a_text_that_is_too_long_is_never_cut(world: World) -> None:
    outcome = world.load(world.stage("a", [event(1, subject="ü" * 8_000)]))
    assert outcome.failed
    assert stored(world) == 0


def test_a_missing_object_fails_its_message(world: World) -> None:
    message = world.stage("a", [event(1)])
    world.bucket.objects.clear()
    assert set(world.load(message).failed) == {message["messageId"]}


@pytest.mark.parametrize("announced", [1, 3])
def test_a_wrong_row_count_keeps_nothing(world: World, announced: int) -> None:
    message = world.stage("a", [event(1), event(2)], announced=announced)
    assert set(world.load(message).failed) == {message["messageId"]}
    assert stored(world) == 0
    assert not ledger(world)


def test_counts_that_are_wrong_both_ways_do_not_make_up_for_each_other(world: World) -> None:
    short = world.stage("a", [event(1), event(2)], announced=1)
    long = world.stage("b", [event(3)], announced=2)
    assert len(world.load(short, long).failed) == 2
    assert stored(world) == 0


def test_a_failed_load_succeeds_once_its_object_is_mended(world: World) -> None:
    message = world.poison("a")
    world.load(message)
    world.stage("a", [event(1)])
    later = message | {"body": message["body"].replace('"event-0"', '"event-redriven"')}
    assert not world.load(later).failed
    assert stored(world) == 1


def test_a_batch_whose_object_has_changed_loses_nothing(world: World) -> None:
    world.load(world.stage("a", [event(1)]))
    assert not world.load(world.stage("a", [event(1), event(2)])).failed
    assert stored(world) == 2
    rows = world.query("SELECT row_count, loaded, duplicates FROM loads ORDER BY row_count")
    assert [tuple(row.values()) for row in rows] == [(1, 1, 0), (2, 1, 1)]


def test_a_batch_announced_with_two_counts_loads_by_the_right_one(world: World) -> None:
    rows = [event(1), event(2)]
    wrong, right = world.stage("a", rows, announced=1), world.stage("a", rows)
    assert set(world.load(wrong, right).failed) == {wrong["messageId"]}
    assert set(world.load(wrong).failed) == {wrong["messageId"]}
    assert ledger(world) == {"a": (2, 2, 0, 0, 0)}


def test_two_rows_at_one_position_are_refused(world: World) -> None:
    message = world.stage("a", [event(1), event(2)])
    rows = [json.dumps(event(n) | {"batch_id": "a", "position": 0}).encode() for n in (1, 2)]
    world.lake.write_lines(json.loads(message["body"])["detail"]["key"], rows)
    assert set(world.load(message).failed) == {message["messageId"]}
    assert stored(world) == 0


def test_json_that_super_cannot_hold_stays_text(world: World) -> None:
    assert not world.load(world.stage("a", [event(1, data="{not json"), event(2)])).failed
    (row,) = world.query("SELECT data_text FROM events WHERE data IS NULL")
    assert row["data_text"] == "{not json"
    assert stored(world) == 2


def test_more_objects_than_one_transaction_takes_are_all_loaded(world: World) -> None:
    outcome = world.load(*(world.stage(f"b{n}", [event(n)]) for n in range(MAX_POINTERS + 5)))
    assert not outcome.failed
    assert len(outcome.loads) == 2
    assert stored(world) == MAX_POINTERS + 5


@pytest.fixture
def _exact_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell statements of earlier calls apart at once: there is one clock here."""
    monkeypatch.setattr("pipeline.warehouse.CLOCK_MARGIN", timedelta(0))


@pytest.mark.usefixtures("_exact_clock")
def test_a_redelivery_runs_anew_after_a_known_failure(world: World) -> None:
    message = world.poison("a")
    assert world.load(message).failed
    assert world.load(message).failed
    world.stage("a", [event(1)])
    assert not world.load(message).failed
    assert stored(world) == 1


@pytest.mark.usefixtures("_exact_clock")
def test_a_redelivery_runs_anew_after_facts_that_came_early(world: World) -> None:
    row = event(1)
    message = world.stage_facts("b", page__viewed=[facts_of(row)])
    assert world.load(message).failed
    world.load(world.stage("b", [row]))
    assert not world.load(message).failed


@pytest.mark.usefixtures("_exact_clock")
def test_a_redelivery_after_success_only_looks_up_the_outcome(world: World) -> None:
    message = world.stage("b", [event(1)])
    first, second = world.load(message), world.load(message)
    assert not second.failed
    assert first.loads[0].tallies == second.loads[0].tallies


def test_facts_enter_beside_their_events(world: World) -> None:
    rows = [event(n) for n in range(3)]
    facts = world.stage_facts("b", page__viewed=[facts_of(row) for row in rows])
    assert not world.load(facts, world.stage("b", rows)).failed
    assert world.scalar("SELECT SUM(duration_ms) AS n FROM facts_page_viewed") == 3
    assert ledger(world, "facts:page.viewed") == {"b": (3, 3, 0, 0, 0)}


def test_facts_before_their_events_wait_but_stop_no_other(world: World) -> None:
    known, unknown = event(1), event(2)
    world.load(world.stage("a", [known]))
    message = world.stage_facts("b", page__viewed=[facts_of(known), facts_of(unknown)])
    other = world.stage_facts("a", page__viewed=[facts_of(known)])
    outcome = world.load(message, other)
    assert set(outcome.failed) == {message["messageId"]}
    assert world.scalar("SELECT COUNT(*) AS n FROM facts_page_viewed") == 1
    assert set(ledger(world, "facts:page.viewed")) == {"a"}


def test_facts_that_waited_are_loaded_when_their_events_are_there(world: World) -> None:
    row = event(1)
    message = world.stage_facts("b", page__viewed=[facts_of(row)])
    assert world.load(message).failed
    world.load(world.stage("b", [row]))
    later = message | {"body": message["body"].replace('"event-0"', '"event-again"')}
    assert not world.load(later).failed
    assert ledger(world, "facts:page.viewed") == {"b": (1, 1, 0, 0, 0)}


def test_facts_of_a_conflicting_event_never_enter(world: World) -> None:
    first, other = event(1), changed(event(1, received_at=LATER), duration_ms=9)
    world.load(world.stage("a", [first]), world.stage_facts("a", page__viewed=[facts_of(first)]))
    facts = world.stage_facts("b", page__viewed=[facts_of(other)])
    assert not world.load(world.stage("b", [other]), facts).failed
    assert world.scalar("SELECT MAX(duration_ms) AS n FROM facts_page_viewed") == 1
    assert ledger(world, "facts:page.viewed")["b"] == (1, 0, 0, 1, 0)


def test_facts_calculated_anew_replace_the_earlier_ones(world: World) -> None:
    row = event(1)
    world.load(world.stage("a", [row]), world.stage_facts("a", page__viewed=[facts_of(row)]))
    better = world.stage_facts("a", page__viewed=[facts_of(row, duration_ms=77, device="phone")])
    assert not world.load(better).failed
    (found,) = world.query("SELECT duration_ms, device FROM facts_page_viewed")
    assert found == {"duration_ms": 77, "device": "phone"}
    assert len(ledger(world, "facts:page.viewed")) == 1


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")], ids=str)
def test_facts_belong_to_the_batch_that_brought_the_event(
    world: World, order: tuple[str, str]
) -> None:
    row = event(1)
    world.load(world.stage("a", [row]), world.stage("b", [row]))
    facts = {
        name: world.stage_facts(name, page__viewed=[facts_of(row, anomalies=name)])
        for name in order
    }
    for message in facts.values():
        assert not world.load(message).failed
    assert world.scalar("SELECT anomalies FROM facts_page_viewed") == "a"


def test_an_event_twice_in_a_batch_has_facts_once(world: World) -> None:
    row = event(1)
    facts = world.stage_facts("a", page__viewed=[facts_of(row), facts_of(row)])
    assert not world.load(world.stage("a", [row, row]), facts).failed
    assert ledger(world, "facts:page.viewed") == {"a": (2, 1, 1, 0, 0)}


def test_facts_of_every_type_are_loaded_together(world: World) -> None:
    rows = {name: event(name, type=name) for name in world.catalogue}
    own = ("event_key", "fingerprint", "time")
    facts = {
        name.replace(".", "__"): [{key: row[key] for key in own}] for name, row in rows.items()
    }
    outcome = world.load(world.stage("a", rows.values()), world.stage_facts("a", **facts))
    assert not outcome.failed
    assert world.scalar("SELECT COUNT(*) AS n FROM loads") == len(world.catalogue) + 1


def test_absent_and_empty_are_told_apart(world: World) -> None:
    world.load(world.stage("a", [event(1, subject=""), event(2, subject=ABSENT)]))
    rows = world.query("SELECT id, subject FROM events ORDER BY id")
    assert [row["subject"] for row in rows] == ["", None]


def test_data_are_for_sql_too(world: World) -> None:
    world.load(world.stage("a", [event(1, data='{"a":{"b":[1,2]}}')]))
    assert world.scalar("SELECT CAST(data.a.b[1] AS INT) AS n FROM events") == 2


def test_a_load_without_time_is_left_for_later(world: World) -> None:
    message = world.stage("a", [event(1)])
    assert set(world.load(message, left=lambda: 1).failed) == {message["messageId"]}
    assert not ledger(world)


def deploy(world: World, catalogue: ddl.Catalogue) -> None:
    world.catalogue = catalogue
    update_schema(world.warehouse, catalogue, NAMES, lambda: 30)


def test_a_schema_deployed_twice_is_the_same(world: World) -> None:
    world.load(world.stage("a", [event(1)]))
    deploy(world, world.catalogue)
    deploy(world, world.catalogue)
    assert stored(world) == 1


def test_users_are_created_once(world: World) -> None:
    deploy(world, world.catalogue)
    deploy(world, world.catalogue)
    sql = "SELECT usename FROM pg_user WHERE SUBSTRING(usename, 1, 5) = 'IAMR:' ORDER BY usename"
    users = [row["usename"] for row in world.query(sql)]
    assert users == ["IAMR:app-checker", "IAMR:app-loader", "IAMR:app-reader"]


def test_a_property_that_was_added_becomes_a_column(world: World) -> None:
    row = event(1)
    world.load(world.stage("a", [row]), world.stage_facts("a", page__viewed=[facts_of(row)]))
    views = world.catalogue["page.viewed"]
    column = Column("order", "order", "string", "dimension", 40)
    world.catalogue = {
        **world.catalogue, "page.viewed": replace(views, columns=(*views.columns, column))
    }  # fmt: skip
    deploy(world, world.catalogue)
    later = event(2)
    facts = world.stage_facts("b", page__viewed=[facts_of(later, order="by phone")])
    assert not world.load(world.stage("b", [later]), facts).failed
    rows = world.query('SELECT "order" FROM facts_page_viewed ORDER BY duration_ms')
    assert [row["order"] for row in rows] == [None, "by phone"]


def test_a_text_that_may_be_longer_gets_room(world: World) -> None:
    views = world.catalogue["page.viewed"]
    wide = tuple(replace(c, max_bytes=9_000) if c.name == "page" else c for c in views.columns)
    deploy(world, {"page.viewed": replace(views, columns=wide)})
    row = event(1, data={"page": "p" * 9_000, "visitor": "v"})
    facts = world.stage_facts("a", page__viewed=[facts_of(row)])
    assert not world.load(world.stage("a", [row]), facts).failed


def test_a_type_that_changed_is_refused_and_nothing_is_touched(world: World) -> None:
    views = world.catalogue["page.viewed"]
    other = tuple(replace(c, kind="number") if c.name == "page" else c for c in views.columns)
    with pytest.raises(SchemaConflict, match="page is character varying"):
        deploy(world, {"page.viewed": replace(views, columns=other)})


def test_a_statement_that_failed_says_why_in_the_log_only(world: World) -> None:
    with pytest.raises(StatementFailed) as caught:
        world.query("SELECT nothing FROM events")
    assert "nothing" in caught.value.error
    assert "nothing" not in str(caught.value)


def test_manifests_lie_in_the_lake(world: World) -> None:
    world.load(world.stage("a", [event(1)]))
    (manifest,) = [body for key, body in world.bucket.objects.items() if key.startswith("manif")]
    (entry,) = json.loads(manifest)["entries"]
    assert entry["url"].startswith(f"s3://{BUCKET}/batches/date={DAY[:10]}/")
