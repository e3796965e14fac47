"""Announcements: which are taken, and how they share transactions."""

import json
from typing import Any

import pytest

from pipeline.announcements import SOURCE
from pipeline.catalogue import load_catalogue
from pipeline.errors import MalformedAnnouncement
from pipeline.load.plan import (
    EVENTS,
    FACTS,
    MAX_POINTERS,
    Announcement,
    Pointer,
    first_token,
    load_name,
    next_token,
    read_announcement,
    split_transactions,
)
from pipeline.load.statements import Copying, load_statements

CATALOGUE = load_catalogue()
KEY = "batches/date=2013-01-01/b-1.jsonl.gz"
DETAIL = {"batch_id": "b-1", "bucket": "lake", "key": KEY, "rows": 3, "received_at": "2013"}
FACTS_KEY = "facts/type=page.viewed/date=2013-01-01/b-1.jsonl.gz"


def record(kind: str = "BatchStaged", detail: Any = None, **more: Any) -> dict[str, Any]:
    event = {"id": "e-1", "source": SOURCE, "detail-type": kind, "detail": detail or DETAIL}
    return {"messageId": "m-1", "body": json.dumps(event | more)}


def read(message: dict[str, Any]) -> Announcement:
    return read_announcement(message, "lake", CATALOGUE)


def facts(*types: str, rows: Any = 2) -> dict[str, Any]:
    listed = [{"type": name, "key": FACTS_KEY, "rows": rows} for name in types]
    return {"batch_id": "b-1", "bucket": "lake", "facts": listed}


def pointers_of(transactions: list[list[Pointer]]) -> list[Pointer]:
    return [pointer for transaction in transactions for pointer in transaction]


def announcement(*pointers: Pointer, event_id: str = "e") -> Announcement:
    return Announcement("m", event_id, pointers)


def test_a_staged_batch_is_one_pointer() -> None:
    assert read(record()) == Announcement("m-1", "e-1", (Pointer(EVENTS, "b-1", KEY, 3),))


def test_the_receipt_of_a_batch_is_told_if_it_is_a_moment() -> None:
    received_at = "2013-01-01T10:00:00.000000Z"
    for sent, told in ((received_at, received_at), ("2013", ""), (7, ""), (None, "")):
        [pointer] = read(record(detail={**DETAIL, "received_at": sent})).pointers
        assert pointer.received_at == told


def test_staged_facts_are_a_pointer_for_each_type() -> None:
    kinds = [p.kind for p in read(record("FactsStaged", facts("page.viewed"))).pointers]
    assert kinds == [FACTS + "page.viewed"]


def test_a_type_without_rows_needs_no_load() -> None:
    assert not read(record("FactsStaged", facts("page.viewed", rows=0))).pointers


@pytest.mark.parametrize(
    "message",
    [
        record(detail=DETAIL | {"key": FACTS_KEY}),
        record("FactsStaged", facts("flight.arrived")),  # the key is that of page views
    ],
)
def test_an_object_must_lie_where_its_kind_does(message: dict[str, Any]) -> None:
    with pytest.raises(MalformedAnnouncement, match="lies where its kind does not"):
        read(message)


def test_a_whole_number_may_have_a_decimal_point() -> None:
    assert read(record(detail=DETAIL | {"rows": 3.0})).pointers[0].rows == 3


@pytest.mark.parametrize(
    "body",
    ["", "x", "null", "[]", "1", '{"detail": 1}', "{}", '{"detail": {}}', "[" * 100_000],
)
def test_a_body_that_is_no_announcement_is_refused(body: str) -> None:
    with pytest.raises(MalformedAnnouncement):
        read({"messageId": "m", "body": body})


@pytest.mark.parametrize(
    "change",
    [
        {"bucket": "other"},
        {"key": "batches/x.jsonl.gz' IAM_ROLE 'y.jsonl.gz"},
        {"key": "elsewhere/x.jsonl.gz"},
        {"key": "batches/x.jsonl.gz\n"},
        {"key": None},
        {"rows": 0},
        {"rows": -1},
        {"rows": 1.5},
        {"rows": True},
        {"rows": "3"},
        {"rows": None},
        {"rows": float("inf")},
        {"rows": float("nan")},
        {"rows": 10**30},
        {"batch_id": ""},
        {"batch_id": "a'b"},
        {"batch_id": 5},
    ],
)
def test_a_malformed_detail_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedAnnouncement):
        read(record(detail=DETAIL | change))


@pytest.mark.parametrize("more", [{"source": "aws.s3"}, {"detail-type": "Object Created"}])
def test_an_event_of_someone_else_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(MalformedAnnouncement):
        read(record(**more))


def test_facts_of_an_unknown_type_are_refused() -> None:
    with pytest.raises(MalformedAnnouncement):
        read(record("FactsStaged", facts("not.there")))


def test_the_same_pointer_is_loaded_once() -> None:
    pointer = Pointer(EVENTS, "b", KEY, 1)
    assert split_transactions([announcement(pointer), announcement(pointer)]) == [[pointer]]


def test_events_come_before_facts() -> None:
    events, views = Pointer(EVENTS, "b", KEY, 1), Pointer(FACTS + "page.viewed", "b", "k", 1)
    assert split_transactions([announcement(views), announcement(events)]) == [[events, views]]


def test_every_transaction_keeps_the_limit_of_40_statements() -> None:
    kinds = [EVENTS, *(FACTS + name for name in CATALOGUE)]
    transactions = split_transactions([announcement(*(Pointer(k, "b", k, 1) for k in kinds))])
    role = "arn:aws:iam::123456789012:role/r"
    copying = Copying(role, dict.fromkeys(kinds, "s3://lake/manifests/m.manifest"))
    assert all(len(load_statements(one, CATALOGUE, copying)) <= 40 for one in transactions)
    assert {p.kind for p in pointers_of(transactions)} == set(kinds)


def test_many_pointers_are_spread_over_transactions() -> None:
    many = [Pointer(EVENTS, f"b-{n}", KEY, 1) for n in range(MAX_POINTERS + 1)]
    transactions = split_transactions([announcement(pointer) for pointer in many])
    assert sorted(len(transaction) for transaction in transactions) == [1, MAX_POINTERS]


def test_a_redelivery_has_the_same_token() -> None:
    one = announcement(Pointer(EVENTS, "b", KEY, 1))
    two = announcement(Pointer(EVENTS, "c", KEY + "2", 1), event_id="f")
    first = load_name([one, two], [*one.pointers, *two.pointers])
    assert first == load_name([two, one], [*two.pointers, *one.pointers])
    assert len(first) == 64


def test_a_replay_has_another_token() -> None:
    pointer = Pointer(EVENTS, "b", KEY, 1)
    replay = announcement(pointer, event_id="later")
    assert load_name([announcement(pointer)], [pointer]) != load_name([replay], [pointer])


def test_one_batch_as_two_objects_takes_two_transactions() -> None:
    one, two, other = (
        Pointer(EVENTS, b, key, 1) for b, key in (("b", "k"), ("b", "l"), ("c", "m"))
    )
    assert split_transactions([announcement(one, two, other)]) == [[one], [two, other]]


def test_other_statements_have_another_token() -> None:
    tokens = {
        first_token(*of)
        for of in (
            ("l", ["SELECT 1"], {}),
            ("l", ["SELECT 2"], {}),
            ("l", ["SELECT 1"], {"rows_0": 1}),
            ("m", ["SELECT 1"], {}),
        )
    }
    assert len(tokens) == 4
    assert all(len(token) == 64 for token in tokens)


def test_each_known_outcome_leads_to_another_token() -> None:
    assert len({"t", next_token("t", "s-1"), next_token("t", "s-2")}) == 3
    assert next_token("t", "s-1") == next_token("t", "s-1")
