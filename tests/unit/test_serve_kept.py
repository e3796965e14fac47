"""The last good answers: fresh for a moment, on the shelf now and then, stale when asked late."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.errors import LakeUnavailable
from pipeline.serve.desk.kept import ANSWER_OVERHEAD, KeptAnswers
from pipeline.serve.telling.problems import Response

BODY = '{"type": "t", "filter": [], "as_of": "2013-01-07T00:00:00Z", "stale": false, "rows": [%s]}'


class FakeShelf:
    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.writes: list[str] = []
        self.fault: LakeUnavailable | None = None

    def write_text(self, key: str, text: str) -> None:
        self.writes.append(key)
        if self.fault:
            raise self.fault
        self.texts[key] = text

    def read_text(self, key: str) -> str | None:
        if self.fault:
            raise self.fault
        return self.texts.get(key)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def shelf() -> FakeShelf:
    return FakeShelf()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def kept(shelf: FakeShelf, clock: Clock, told: list[str]) -> KeptAnswers:
    return KeptAnswers(shelf, clock=clock, report=told.append)


def good(body: str = BODY % "", version: int = 17, kind: str = "application/json") -> Response:
    headers = {
        "Content-Type": kind,
        "Cache-Control": "private, max-age=300",
        "ETag": 'W/"abc"',
        "As-Of": "2013-01-07T00:00:00Z",
        "Data-Version": str(version),
    }
    return {"statusCode": 200, "headers": headers, "body": body}


def last(kept: KeptAnswers, key: str) -> Response:
    answer = kept.last(key)
    assert answer is not None
    return answer


def test_a_young_answer_is_given_again_as_it_was(kept: KeptAnswers, clock: Clock) -> None:
    kept.keep("k", good())
    clock.now += 9.9
    answer = kept.fresh("k", 10, 300)
    assert answer is not None
    assert without_caching(answer) == without_caching(good())


@pytest.mark.parametrize(("age", "left"), [(0, 300), (0.5, 300), (1, 299), (298.5, 2), (299.9, 1)])
def test_callers_may_keep_an_answer_for_what_its_age_leaves(
    kept: KeptAnswers, clock: Clock, age: float, left: int
) -> None:
    kept.keep("k", good())
    clock.now += age
    answer = kept.fresh("k", 300, 300)
    assert answer is not None
    assert answer["headers"]["Cache-Control"] == f"private, max-age={left}"


def test_an_answer_of_the_shelf_may_be_kept_for_what_its_age_leaves(shelf: FakeShelf) -> None:
    KeptAnswers(shelf).keep("k", made(40))
    found = KeptAnswers(shelf).shared("k", 60, 60)
    assert found is not None
    left = int(found["headers"]["Cache-Control"].removeprefix("private, max-age="))
    assert 10 < left <= 20


def without_caching(answer: Response) -> Response:
    headers = {n: v for n, v in answer["headers"].items() if n != "Cache-Control"}
    return {**answer, "headers": headers}


def test_an_answer_is_not_young_for_ever(kept: KeptAnswers, clock: Clock) -> None:
    kept.keep("k", good())
    clock.now += 10
    assert kept.fresh("k", 10, 300) is None


def test_an_unknown_question_has_no_answer(kept: KeptAnswers) -> None:
    assert kept.fresh("k", 10, 300) is None
    assert kept.last("k") is None


def test_what_a_caller_does_to_an_answer_stays_with_it(kept: KeptAnswers) -> None:
    mine = good()
    kept.keep("k", mine)
    for answer in (mine, kept.fresh("k", 10, 300), kept.last("k")):
        assert answer is not None
        answer["headers"]["X-Mine"] = "yes"
    assert kept.fresh("k", 10, 300) == good()


def test_the_last_answer_is_marked_as_stale(kept: KeptAnswers, clock: Clock) -> None:
    kept.keep("k", good())
    clock.now += 10_000
    answer = last(kept, "k")
    assert answer["headers"] == {
        "Content-Type": "application/json",
        "Cache-Control": "private, max-age=10",
        "As-Of": "2013-01-07T00:00:00Z",
        "Data-Version": "17",
        "Stale": "true",
    }
    assert json.loads(answer["body"]) == {**json.loads(BODY % ""), "stale": True}


def test_marking_one_as_stale_leaves_the_kept_one(kept: KeptAnswers) -> None:
    kept.keep("k", good())
    kept.last("k")
    assert kept.fresh("k", 10, 300) == good()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv", 'bucket,note\n,"""stale"": false"\n"stale": false\n'),
        ("application/x-ndjson", '{"stale": false}\n'),
        ("application/json", '{"event": {"data": {"stale": false}}}'),
        ("application/json", '{"as_of": "2013", "note": "stale"}'),
        ("application/json", '{"note": "\\"stale\\": false", "more": ["{", "stale"]}'),
    ],
)
def test_data_of_senders_is_never_changed(kept: KeptAnswers, kind: str, body: str) -> None:
    kept.keep("k", good(body, kind=kind))
    assert last(kept, "k")["body"] == body


@pytest.mark.parametrize(
    "filters",
    ["", '{"values": ["\\\\\\"stale\\": false", "[{"]}', '{"stale": false}'],
)
def test_the_mark_is_set_in_the_head_and_there_only(kept: KeptAnswers, filters: str) -> None:
    body = f'{{"filter": [{filters}], "stale": false, "rows": [{{"stale": false, "n": 1.50}}]}}'
    kept.keep("k", good(body))
    expected = body.replace('], "stale": false', '], "stale": true')
    assert last(kept, "k")["body"] == expected


def test_another_process_finds_the_answer_on_the_shelf(kept: KeptAnswers, shelf: FakeShelf) -> None:
    kept.keep("k", good(BODY % '"é"'))
    assert list(shelf.texts) == ["answers/k.json"]
    assert last(KeptAnswers(shelf), "k") == last(kept, "k")


def test_an_answer_from_the_shelf_is_never_fresh(kept: KeptAnswers, shelf: FakeShelf) -> None:
    kept.keep("k", good())
    other = KeptAnswers(shelf)
    other.last("k")
    assert other.fresh("k", 10, 300) is None


def made(seconds_ago: float) -> Response:
    answer = good()
    as_of = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    answer["headers"]["As-Of"] = as_of.isoformat()
    return answer


def test_an_answer_that_others_wait_for_is_shared_at_once(
    kept: KeptAnswers, shelf: FakeShelf
) -> None:
    assert kept.keep("k", made(1))
    assert not kept.keep("k", made(0))
    awaited = made(0)
    assert kept.keep("k", awaited, awaited=True)
    found = KeptAnswers(shelf).shared("k", 60, 60)
    assert found is not None
    assert without_caching(found) == without_caching(awaited)


def test_an_answer_grows_no_younger_by_being_found(shelf: FakeShelf, clock: Clock) -> None:
    KeptAnswers(shelf).keep("k", made(50))
    other = KeptAnswers(shelf, clock=clock)
    assert other.shared("k", 60, 60)
    assert other.fresh("k", 60, 60)
    clock.now += 11
    assert other.fresh("k", 60, 60) is None


@pytest.mark.parametrize("as_of", [None, "", "yesterday", "2013-01-07T00:00:00", 7])
def test_an_answer_of_unknown_or_greater_age_is_not_shared(shelf: FakeShelf, as_of: Any) -> None:
    answer = made(61)
    if as_of is not None:
        answer["headers"]["As-Of"] = as_of
    KeptAnswers(shelf).keep("k", answer)
    assert KeptAnswers(shelf).shared("k", 60, 60) is None


def test_nobody_finds_an_answer_on_a_shelf_that_fails(kept: KeptAnswers, shelf: FakeShelf) -> None:
    shelf.fault = LakeUnavailable("x")
    assert not kept.keep("k", made(0), awaited=True)
    assert not kept.keep("k", made(0), awaited=True)
    assert len(shelf.writes) == 1


def test_new_data_goes_to_the_shelf_now_and_then(
    kept: KeptAnswers, shelf: FakeShelf, clock: Clock
) -> None:
    kept.keep("k", good(version=1))
    clock.now += 299
    kept.keep("k", good(version=2))
    assert len(shelf.writes) == 1
    clock.now += 1
    kept.keep("k", good(version=3))
    assert len(shelf.writes) == 2
    assert json.loads(shelf.texts["answers/k.json"]) == good(version=3)


def test_the_same_data_is_written_once(kept: KeptAnswers, shelf: FakeShelf, clock: Clock) -> None:
    kept.keep("k", good())
    clock.now += 10_000
    kept.keep("k", good())
    assert len(shelf.writes) == 1


def test_each_question_is_written_by_itself(kept: KeptAnswers, shelf: FakeShelf) -> None:
    kept.keep("k", good())
    kept.keep("l", good())
    assert shelf.writes == ["answers/k.json", "answers/l.json"]


def test_what_left_memory_is_not_written_again(shelf: FakeShelf) -> None:
    kept = KeptAnswers(shelf, memory_bytes=0)
    kept.keep("k", good())
    kept.keep("k", good())
    assert len(shelf.writes) == 1


def test_a_shelf_that_fails_is_told_and_left_alone_for_a_while(
    kept: KeptAnswers, shelf: FakeShelf, clock: Clock, told: list[str]
) -> None:
    shelf.fault = LakeUnavailable("down")
    kept.keep("k", good())
    kept.keep("l", good())
    assert told == ["down"]
    assert kept.fresh("l", 10, 300) == good()
    shelf.fault = None
    clock.now += 300
    kept.keep("k", good())
    assert shelf.writes == ["answers/k.json", "answers/k.json"]


def test_a_shelf_that_cannot_be_read_has_no_answer(
    kept: KeptAnswers, shelf: FakeShelf, told: list[str]
) -> None:
    shelf.fault = LakeUnavailable("down")
    assert kept.last("k") is None
    assert told == ["down"]


@pytest.mark.parametrize("text", ["{", "[]", '{"statusCode": 200}'])
def test_what_is_no_answer_is_not_given(
    kept: KeptAnswers, shelf: FakeShelf, told: list[str], text: str
) -> None:
    shelf.texts["answers/k.json"] = text
    assert kept.last("k") is None
    assert len(told) == 1


def bounded(shelf: Any, answers: int, body: int) -> KeptAnswers:
    return KeptAnswers(shelf, memory_bytes=answers * (body + ANSWER_OVERHEAD + 100))


def test_the_answers_longest_unused_leave_memory_first(shelf: FakeShelf) -> None:
    kept = bounded(shelf, answers=2, body=5000)
    kept.keep("a", good("x" * 5000))
    kept.keep("b", good("x" * 5000))
    kept.fresh("a", 10, 300)
    kept.keep("c", good("x" * 5000))
    assert [key for key in "abc" if kept.fresh(key, 10, 300)] == ["a", "c"]


def test_an_answer_that_is_replaced_counts_once(shelf: FakeShelf) -> None:
    kept = bounded(shelf, answers=2, body=5000)
    kept.keep("a", good("x" * 5000))
    for _ in range(5):
        kept.keep("b", good("x" * 5000))
    assert kept.fresh("a", 10, 300)


def test_what_was_written_is_remembered_of_so_many_only(
    kept: KeptAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.serve.desk.kept.MAX_WRITTEN", 3)
    for n in range(10):
        kept.keep(str(n), good())
    assert list(kept._written) == ["7", "8", "9"]
