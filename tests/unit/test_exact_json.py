"""JSON is read strictly and written with every digit."""

import json
from typing import Any

import pytest

from pipeline.errors import MalformedEvent
from pipeline.exact_json import MAX_DEPTH, check, decode, number, write


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "NOT_JSON"),
        (b"{", "NOT_JSON"),
        (b'{"a":1} x', "NOT_JSON"),
        (b'{"a":1}{"a":1}', "NOT_JSON"),
        (b"{'a':1}", "NOT_JSON"),
        (b'{"a":01}', "NOT_JSON"),
        (b'{"a":"\n"}', "NOT_JSON"),
        (b'{"a":"\x00"}', "NOT_JSON"),
        (b'{"a":NaN}', "NOT_JSON"),
        (b'{"a":-Infinity}', "NOT_JSON"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'{"a":"\xff"}', "NOT_UTF8"),
        (b'{"a":"\xc0\xaf"}', "NOT_UTF8"),
        (b'{"a":"\xed\xa0\x80"}', "NOT_UTF8"),
        (rb'{"a":"\u0000"}', "NUL"),
        (rb'{"\u0000":1}', "NUL"),
        (rb'{"a":"\u0000","b":"\u00e9"}', "NUL"),
        (rb'{"a":["\u00e9\u0000"]}', "NUL"),
        (rb'{"a":"\ud800"}', "LONE_SURROGATE"),
        (rb'{"\udc00":1}', "LONE_SURROGATE"),
        (b'{"a":1e400}', "NUMBER_RANGE"),
        (b'{"a":-1e400}', "NUMBER_RANGE"),
        (b'{"a":1e-400}', "NUMBER_RANGE"),
        (b'{"a":-5e-324}', "NUMBER_RANGE"),
        (b'{"a":' + b"9" * 5000 + b"}", "NUMBER_TOO_LONG"),
        (b'{"a":' + b"9" * 39 + b"}", "NUMBER_TOO_LONG"),
        (b'{"a":0.' + b"9" * 39 + b"}", "NUMBER_TOO_LONG"),
        (b'{"id":1,"id":2}', "DUPLICATE_KEY"),
        (b'{"a":{"b":1,"b":1}}', "DUPLICATE_KEY"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "TOO_DEEP"),
        (b"[" * 200_000, "TOO_DEEP"),
        (b'{"a":' * 200_000, "TOO_DEEP"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_loose_json_is_refused(text: bytes, code: str) -> None:
    with pytest.raises(MalformedEvent) as refused:
        decode(text)
    assert refused.value.code == code


def test_a_member_named_twice_is_told_by_name() -> None:
    with pytest.raises(MalformedEvent) as refused:
        decode('{"id":1,"type":2,"id":3}')
    assert refused.value.path == "$..id"


def test_a_strange_name_is_not_repeated_in_the_fault() -> None:
    with pytest.raises(MalformedEvent) as refused:
        decode('{"<script>":1,"<script>":3}')
    assert refused.value.path == "$"


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("-12345678901234567890.5", "-12345678901234567890.5"),
        ("9007199254740993", "9007199254740993"),
        ("9007199254740993.0", "9007199254740993"),
        ("9" * 38, "9" * 38),
        ("-" + "9" * 38, "-" + "9" * 38),
        ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
        ("1.000000000000000000000000000000000001", "1.000000000000000000000000000000000001"),
        ("39.0", "39"),
        ("39.000000000000000000000000", "39"),
        ("-0.0", "0"),
        ("0e999999999999999999999", "0"),
        ("1e2", "100"),
        ("1E+30", "1" + "0" * 30),
        ("1e300", "1e+300"),
        ("2.2250738585072014e-308", "2.2250738585072014e-308"),
        ("0.1", "0.1"),
        ("0.10", "0.1"),
        ("10.357019999999999", "10.357019999999999"),
        ("2.5e-7", "2.5e-07"),
        ("1.234567890123456789e-30", "1.234567890123456789E-30"),
    ],
)
def test_numbers_keep_their_value(sent: str, written: str) -> None:
    assert write(decode(f'{{"n":{sent}}}')) == f'{{"n":{written}}}'


@pytest.mark.parametrize("text", ["", " 1", "1_000", "+5", "007", "NaN", "inf", "0x1", ".5", "٣"])
def test_only_json_numbers_are_numbers(text: str) -> None:
    with pytest.raises(MalformedEvent, match="NOT_A_NUMBER"):
        number(text)


def test_equal_values_in_any_order_are_written_alike() -> None:
    one = decode('{"b":{"d":0.1234567890123456789,"c":[1,{"z":1,"y":2}]},"a":null}')
    other = decode('{"a":null,"b":{"c":[1.0,{"y":2,"z":1}],"d":0.12345678901234567890}}')
    assert write(one, sort=True) == write(other, sort=True)


def test_what_sqs_refuses_is_written_as_an_escape() -> None:
    text = write(["\ufffe\uffff\ufdd0é"])
    assert text == '["\\ufffe\\uffff\\ufdd0é"]'
    assert json.loads(text) == ["\ufffe\uffff\ufdd0é"]


@pytest.mark.parametrize("value", [["\0"], {"\0": 1}, {"a": "\ud800"}, {"a": ["é\0"]}])
def test_values_from_elsewhere_are_held_to_the_same(value: Any) -> None:
    with pytest.raises(MalformedEvent):
        check(value)


def test_escaped_pairs_become_one_character() -> None:
    assert decode(rb'"\ud83d\ude00"') == "😀"
    assert decode(rb'"\\u0000"') == r"\u0000"
