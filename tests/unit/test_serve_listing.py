"""Questions for events and their answers: what is asked, what fits, and where it goes on."""

import csv
import io
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.catalogue import load_catalogue
from pipeline.errors import MalformedQuestion
from pipeline.serve.asking.contract import MAX_ANSWER_BYTES
from pipeline.serve.asking.cursor import Position, read_cursor, write_cursor
from pipeline.serve.asking.listing import Listing, read_listing
from pipeline.serve.asking.signing import Signer
from pipeline.serve.querying.listing_query import listing_query
from pipeline.serve.telling.answers import Answer
from pipeline.serve.telling.listing_reply import (
    COLUMNS,
    JSON_TEXTS,
    MAX_LINK,
    answer_listing,
    read_records,
)
from pipeline.warehouse import bound

UNTIMED = settings(deadline=None)  # a busy machine is no fault
CATALOGUE = load_catalogue()
AS_OF = datetime(2013, 1, 1, tzinfo=UTC)
PLACE = Position(7, "a" * 64)
SIGNER = Signer("secret", "cursor")


def never() -> Signer:
    raise AssertionError("a question without a cursor needs no secret")


def asked(**given: str) -> Listing:
    spelled = {name.removesuffix("_"): value for name, value in given.items()}
    return read_listing(spelled, CATALOGUE, (lambda: SIGNER) if "cursor" in given else never)


def fault(**given: str) -> MalformedQuestion:
    with pytest.raises(MalformedQuestion) as caught:
        asked(**given)
    return caught.value


def test_nothing_given_asks_for_a_hundred_of_all() -> None:
    listing = asked()
    assert (listing.limit, listing.format, listing.after) == (100, "json", None)
    assert listing.described() == {"type": None, "from": None, "to": None, "filter": []}


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("type", ""),
        ("type", "page"),
        ("type", "page.viewed' OR 1=1"),
        ("from", "yesterday"),
        ("to", "2013-01-01T00:00:00"),
        ("filter", ""),
        ("filter", "carrier:UA"),
        ("filter", "type:page.viewed"),
        ("filter", "time>2013-01-01"),
        ("filter", "data:x"),
        ("filter", "source"),
        ("filter", "source:a\x00"),
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "-1"),
        ("format", "parquet"),
        ("cursor", ""),
        ("cursor", "x"),
        ("cursor", "1." + "A" * 20 + "." + "A" * 22),
    ],
)
def test_a_refusal_names_the_parameter(parameter: str, value: str) -> None:
    assert fault(**{parameter: value}).parameter == parameter


def test_an_unknown_type_is_told_the_known_ones() -> None:
    assert "page.viewed" in fault(type="x").message


def test_to_must_be_after_from() -> None:
    assert fault(from_="2013-01-02", to="2013-01-02").parameter == "to"


def test_times_are_not_rounded() -> None:
    described = asked(from_="2013-01-01T01:02:03.4+01:00", to="2014-01-01").described()
    assert described["from"] == "2013-01-01T00:02:03.400000Z"
    assert described["to"] == "2014-01-01T00:00:00Z"


def test_a_cursor_goes_with_another_limit_and_format() -> None:
    cursor = write_cursor(SIGNER, PLACE, asked(filter="id:b|a,source:/").described())
    listing = asked(filter="source:/,id:a|b", limit="7", format="csv", cursor=cursor)
    assert listing.after == PLACE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "page.viewed"),
        ("from", "2013-01-02"),
        ("to", "2013-01-02"),
        ("filter", "id:a"),
    ],
)
def test_a_cursor_of_another_question_is_refused(name: str, value: str) -> None:
    cursor = write_cursor(SIGNER, PLACE, asked(**{name: value}).described())
    assert fault(cursor=cursor).parameter == "cursor"
    assert asked(cursor=cursor, **{name: value}).after == PLACE


@UNTIMED
@given(st.text())
def test_no_text_as_a_cursor_is_more_than_refused(text: str) -> None:
    assert fault(cursor=text).parameter == "cursor"


def test_equal_questions_are_equal_whatever_their_cursors_look_like() -> None:
    early, late = Signer("secret", "cursor", lambda: 0.0), Signer("secret", "cursor", lambda: 9.0)
    described = asked().described()
    tokens = [write_cursor(signer, PLACE, described) for signer in (early, late)]
    listings = [read_listing({"cursor": token}, CATALOGUE, lambda: early) for token in tokens]
    assert tokens[0] != tokens[1]
    assert listings[0] == listings[1]
    assert listings[0].normal() == listings[1].normal()


def test_every_value_is_a_parameter_and_none_is_left_over() -> None:
    cursor = write_cursor(SIGNER, PLACE, asked(type="page.viewed", filter="id:'|").described())
    sql, parameters = listing_query(asked(type="page.viewed", filter="id:'|", cursor=cursor))
    assert len(bound([sql], parameters)["Parameters"]) == len(parameters)
    assert set(parameters.values()) == {"7", PLACE.event_key, "page.viewed", "'"}
    assert "LIMIT 101" in sql


# --- answers


def line(number: int, *, found: int = 1, place: int = 1, **texts: str) -> list[str]:
    own = {
        "event_key": f"{number:064d}",
        "version": "3",
        "source": "=/s",
        "id": f"={number}",
        "type": "=page.viewed",
        "time": "2013-01-01 10:00:00+00",
        "received_at": "2013-01-01 10:00:00.25+00",
        "entrance": "=request",
        "batch_id": "=b",
        "data": "={}",
    }
    return ["17", str(found), str(place), *(({**own, **texts}).get(name, "") for name in COLUMNS)]


NOTHING = ["17", "0", "", *("" for _ in COLUMNS)]


def answered(lines: Iterable[list[str]], **given: str) -> Answer:
    return answer_listing(asked(**given), lines, AS_OF, SIGNER)


def body_of(lines: Iterable[list[str]], **given: str) -> dict[str, Any]:
    return dict(json.loads(answered(lines, **given).body))


def test_an_event_has_what_is_known_of_it_and_no_more() -> None:
    body = body_of([line(1, extensions='={"x": 1}')], type="page.viewed")
    assert body.pop("resume")
    assert body == {
        "stale": False,
        "as_of": "2013-01-01T00:00:00Z",
        "data_version": 17,
        "type": "page.viewed",
        "from": None,
        "to": None,
        "filter": [],
        "next": None,
        "events": [
            {
                "event_key": f"{1:064d}",
                "version": 3,
                "source": "/s",
                "id": "1",
                "type": "page.viewed",
                "time": "2013-01-01T10:00:00Z",
                "received_at": "2013-01-01T10:00:00.250000Z",
                "entrance": "request",
                "batch_id": "b",
                "extensions": {"x": 1},
                "data": {},
            }
        ],
    }


def test_an_empty_text_is_told_from_none() -> None:
    (event,) = body_of([line(1, subject="=")])["events"]
    assert event["subject"] == ""
    assert "dataschema" not in event


def test_pieces_are_joined_and_every_digit_kept() -> None:
    pieces = [line(1, data='={"n": 1.5'), line(1, data="=00}", source="", id="")]
    assert '"data": {"n": 1.500}' in answered(pieces).body


def test_nothing_seen_is_nothing_to_go_on_from() -> None:
    answer = answered([NOTHING])
    assert json.loads(answer.body)["events"] == []
    assert json.loads(answer.body)["next"] is json.loads(answer.body)["resume"] is None
    assert not {"Next-Cursor", "Resume-Cursor", "Link"} & set(answer.headers)
    assert answer.data_version == 17


def test_nothing_after_a_cursor_goes_on_from_there() -> None:
    cursor = write_cursor(SIGNER, PLACE, asked().described())
    body = body_of([NOTHING], cursor=cursor)
    assert body["next"] is None
    assert read_cursor(SIGNER, body["resume"], asked().described()) == PLACE


def test_more_than_was_given_has_a_next() -> None:
    body = body_of([line(1, found=3), line(2, found=3, place=2)])
    assert body["next"] == body["resume"]
    assert read_cursor(SIGNER, body["next"], asked().described()) == Position(3, f"{2:064d}")


@pytest.mark.parametrize("format_", ["json", "csv", "ndjson"])
def test_headers_carry_the_cursors_and_a_link_that_keeps_the_question(format_: str) -> None:
    given = {"filter": "source:/s,subject!:a b&c=d|é", "limit": "1", "format": format_}
    headers = answered([line(1, found=2)], **given).headers
    assert headers["Next-Cursor"] == headers["Resume-Cursor"]
    found = re.fullmatch(r'<\?([!-;=?-~]+)>; rel="next"', headers["Link"])
    assert found
    assert dict(parse_qsl(found[1])) == {**given, "cursor": headers["Next-Cursor"]}


def test_a_link_that_headers_could_not_hold_is_left_out() -> None:
    headers = answered([line(1, found=2)], filter="subject:" + "é" * MAX_LINK).headers
    assert "Link" not in headers
    assert headers["Next-Cursor"]


def test_the_tag_changes_with_what_the_cursors_are() -> None:
    def tag(at: float, **given: str) -> str:
        signer = Signer("secret", "cursor", lambda: at)
        return answer_listing(asked(**given), [line(1)], AS_OF, signer).headers["ETag"]

    assert tag(0) == tag(0)
    assert len({tag(0), tag(1), tag(0, limit="7"), tag(0, format="csv")}) == 4


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


@UNTIMED
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_all_formats_tell_the_same(texts: list[tuple[str, str]]) -> None:
    lines = [
        line(n, place=n + 1, id="=" + own, data="=" + json.dumps({"x": said}))
        for n, (own, said) in enumerate(texts)
    ]
    whole = json.loads(answered(lines).body)["events"]
    assert [event["id"] for event in whole] == [own for own, _ in texts]
    assert [event["data"]["x"] for event in whole] == [said for _, said in texts]
    assert lines_of(answered(lines, format="ndjson").body) == whole
    assert csv_of(answered(lines, format="csv").body) == whole


def lines_of(body: str) -> list[Any]:
    assert body.endswith("\n")
    return [json.loads(text) for text in body[:-1].split("\n")]


def csv_of(body: str) -> list[Any]:
    """Read CSV as the JSON of it would be; an absent text and an empty one look alike."""
    rows = csv.DictReader(io.StringIO(body, newline=""))
    return [
        {
            name: json.loads(text) if name in (*JSON_TEXTS, "version") else text
            for name, text in row.items()
            if text or name == "id"
        }
        for row in rows
    ]


def huge(count: int, character: str = '"') -> list[list[str]]:
    data = "=" + json.dumps({"x": character * 30_000}, ensure_ascii=False)
    return [line(n, found=count, place=n + 1, data=data) for n in range(count)]


@pytest.mark.parametrize("format_", ["json", "csv", "ndjson"])
@pytest.mark.parametrize("character", ['"', "\\", "\U0001f308", "a"])
def test_a_page_holds_what_an_answer_may_have(format_: str, character: str) -> None:
    answer = answered(huge(60, character), format=format_)
    size = len(answer.body.encode())
    assert MAX_ANSWER_BYTES * 0.8 < size <= MAX_ANSWER_BYTES
    place = read_cursor(SIGNER, answer.headers["Next-Cursor"], asked().described())
    assert int(place.event_key) == count_events(answer.body, format_) - 1


def count_events(body: str, format_: str) -> int:
    return len(csv_of(body)) if format_ == "csv" else body.count('"event_key"')


def test_a_long_question_still_leaves_room_for_events() -> None:
    answer = answered(huge(60), filter="subject!:" + "\\|" * 50 + '"' * 5_000)
    assert len(answer.body.encode()) <= MAX_ANSWER_BYTES
    assert json.loads(answer.body)["events"]


def test_a_page_has_an_event_however_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.serve.telling.listing_reply.MAX_ANSWER_BYTES", 10)
    assert len(body_of(huge(2))["events"]) == 1


def test_records_come_in_their_order() -> None:
    lines = [line(n, place=n + 1) for n in range(5) for _ in range(3)]
    keys = [record["event_key"] for record in read_records(lines)]
    assert all(one < other for one, other in pairwise(keys))
    assert len(keys) == 5
