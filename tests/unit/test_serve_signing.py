"""Signed tokens: only what was signed here, unchanged, in time and for its purpose, is taken back."""

import json
import re
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.errors import MalformedQuestion, SecretUnavailable
from pipeline.secret import MAX_AGE, Secret
from pipeline.serve.asking.cursor import (
    HOUR,
    LIFETIME,
    Position,
    cursor_signer,
    read_cursor,
    write_cursor,
)
from pipeline.serve.asking.signing import EXPIRED, MAX_TOKEN, UNKNOWN, Signer

UNTIMED = settings(deadline=None)  # a busy machine is no fault
NOW = 1_357_000_000.5
PAYLOADS = st.dictionaries(
    st.text(max_size=8),
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.integers()),
    max_size=4,
)


def signer(secret: str = "s" * 64, parameter: str = "cursor", at: float = NOW) -> Signer:
    return Signer(secret, parameter, lambda: at)


def refusal(token: str, by: Signer | None = None) -> str:
    with pytest.raises(MalformedQuestion) as caught:
        (by or signer()).read(token)
    assert caught.value.parameter == "cursor"
    return caught.value.message


@UNTIMED
@given(PAYLOADS)
def test_a_payload_comes_back(payload: dict[str, Any]) -> None:
    token = signer().sign(payload, 60)
    assert signer().read(token) == payload
    assert re.fullmatch(r"[A-Za-z0-9._-]+", token)


@UNTIMED
@given(st.text() | st.from_regex(r"1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{22}", fullmatch=True))
def test_any_other_text_is_refused(text: str) -> None:
    assert refusal(text) == UNKNOWN


@UNTIMED
@given(PAYLOADS, st.data())
def test_a_changed_token_is_refused(payload: dict[str, Any], data: st.DataObject) -> None:
    token = signer().sign(payload, 60)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters())
    assume(other != token[place])
    assert refusal(token[:place] + other + token[place + 1 :]) == UNKNOWN


@pytest.mark.parametrize("cut", [0, 1, 2, 10, -1, -22, -23])
def test_a_part_of_a_token_is_refused(cut: int) -> None:
    token = signer().sign({"a": 1}, 60)
    assert refusal(token[:cut]) == UNKNOWN


@pytest.mark.parametrize("added", ["=", "\n", "A", " ", ".", "\u0661"])
def test_a_token_with_more_to_it_is_refused(added: str) -> None:
    token = signer().sign({"a": 1}, 60)
    assert refusal(token + added) == refusal(added + token) == UNKNOWN


def test_tokens_of_another_secret_or_purpose_are_refused() -> None:
    assert refusal(signer("other").sign({}, 60)) == UNKNOWN
    assert refusal(signer(parameter="export_id").sign({}, 60)) == UNKNOWN


def test_an_unsigned_payload_is_refused() -> None:
    body = urlsafe_b64encode(json.dumps([2**40, {"v": 1}]).encode()).rstrip(b"=").decode()
    for token in (body, f"1.{body}", f"1.{body}.", f"1.{body}.{'A' * 22}", f"0.{body}.{'A' * 22}"):
        assert refusal(token) == UNKNOWN


def test_a_token_is_good_until_it_expires() -> None:
    token = signer().sign({}, 60)
    assert signer(at=NOW + 59).read(token) == {}
    assert refusal(token, signer(at=NOW + 60)) == EXPIRED


def test_a_long_text_is_refused_and_none_is_made() -> None:
    with pytest.raises(ValueError, match="characters"):
        signer().sign({"a": "x" * MAX_TOKEN}, 60)
    assert refusal("1." + "A" * 5_000_000 + "." + "A" * 22) == UNKNOWN


def test_a_signature_needs_a_secret() -> None:
    with pytest.raises(ValueError, match="secret"):
        Signer("", "cursor")


PLACE = Position(7, "f" * 64)
QUESTION = {"type": "page.viewed", "filter": []}


@UNTIMED
@given(st.integers(0, 2**63 - 1))
def test_a_cursor_is_a_place(version: int) -> None:
    place = Position(version, "f" * 64)
    token = write_cursor(signer(), place, QUESTION)
    assert len(token) < 300
    assert read_cursor(signer(), token, dict(reversed(QUESTION.items()))) == place


def test_a_cursor_of_another_question_is_refused() -> None:
    token = write_cursor(signer(), PLACE, QUESTION)
    with pytest.raises(MalformedQuestion, match="another type, from, to or filter"):
        read_cursor(signer(), token, {"type": "page.viewed", "filter": ["x"]})


def test_equal_places_have_equal_cursors_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    def at(seconds: float) -> str:
        monkeypatch.setattr("time.time", lambda: 1_000 * HOUR + seconds)
        return write_cursor(cursor_signer("s"), PLACE, QUESTION)

    assert at(0) == at(HOUR - 0.1) != at(HOUR)


@pytest.mark.parametrize("minute", [0, 1, 59])
def test_a_cursor_is_good_for_a_day(monkeypatch: pytest.MonkeyPatch, minute: int) -> None:
    made = 1_000 * HOUR + minute * 60
    monkeypatch.setattr("time.time", lambda: made)
    token = write_cursor(cursor_signer("s"), PLACE, QUESTION)
    monkeypatch.setattr("time.time", lambda: made + 24 * HOUR)
    assert read_cursor(cursor_signer("s"), token, QUESTION) == PLACE
    monkeypatch.setattr("time.time", lambda: made + LIFETIME)
    with pytest.raises(MalformedQuestion, match=EXPIRED):
        read_cursor(cursor_signer("s"), token, QUESTION)


class FakeStore:
    """Hands out one secret, or fails."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault

    def get(self, name: str, max_age: int) -> str:
        if self.fault:
            raise self.fault
        return f"{name} for {max_age}"


def test_a_secret_is_read_by_its_arn() -> None:
    assert Secret("arn:x", FakeStore()).read() == f"arn:x for {MAX_AGE}"


def test_a_secret_that_cannot_be_had_is_unavailable() -> None:
    with pytest.raises(SecretUnavailable):
        Secret("arn:x", FakeStore(GetParameterError("AccessDenied"))).read()
