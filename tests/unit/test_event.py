"""Events become rows; what breaks a rule is refused or quarantined, never changed."""

import json
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest

from pipeline.catalogue import load_catalogue
from pipeline.errors import MalformedEvent
from pipeline.event import keep_row, make_row, number_line, quarantine, receive_at, type_label
from pipeline.exact_json import decode

CATALOGUE = load_catalogue()
RECEIPT = receive_at("request", datetime(2026, 1, 1, 10, 17, 0, 5, UTC))
DATA = {"page": "/", "visitor": "v1"}
# Quotes, scripts, right-to-left, joiners, ANSI, log4j, separators, noncharacters, homoglyphs.
NAUGHTY = [
    "'; DROP TABLE events; --",
    '"\\"',
    "<script>alert(1)</script>",
    "${jndi:ldap://127.0.0.1/a}",
    "\x1b[31mred\x1b[0m",
    "\r\nSet-Cookie: a=b",
    "مُنَاقَشَةُ سُبُلِ",
    "\u202etest\u202c",
    "👩‍👩‍👧‍👦 👾",
    "\u2028\u2029\u200b",
    "\ufffe\uffff",
    "\U0001fffe",
    "p\u0430ypal",
    "e\u0301 é",
    "$(touch /tmp/x) `id` %s {0}",
    "=cmd|' /C calc'!A0",
    "NULL",
    "\t\x01\x7f\x85",
    " ",
    "\\N",
]


def an_event(**changes: Any) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/site",
        "type": "page.viewed",
        "time": "2026-01-01T10:00:00Z",
        "data": DATA,
    } | changes
    return {name: value for name, value in event.items() if value is not ...}


def row_of(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(make_row(an_event(**changes), RECEIPT, CATALOGUE).line)
    return row


def fault_of(event: Any) -> MalformedEvent:
    with pytest.raises(MalformedEvent) as refused:
        make_row(event, RECEIPT, CATALOGUE)
    return refused.value


def test_a_row_has_its_keys_in_their_order() -> None:
    row = row_of(subject="s", dataschema="https://example.com/s", traceid="t", data={**DATA})
    assert list(row) == [
        "event_key", "fingerprint", "entrance", "received_at", "source", "id", "type", "time",
        "subject", "dataschema", "extensions", "data",
    ]  # fmt: skip
    assert row["event_key"] == sha256(b"/site\n1").hexdigest()
    assert row["received_at"] == "2026-01-01T10:17:00.000005Z"
    assert row["extensions"] == '{"traceid":"t"}'
    assert json.loads(row["data"]) == DATA


def test_the_key_opens_the_line() -> None:
    assert make_row(an_event(), RECEIPT, CATALOGUE).line.startswith('{"event_key":"')


def test_the_time_of_receipt_stands_in_for_a_missing_one() -> None:
    row = row_of(time=...)
    assert row["time"] == row["received_at"]
    assert list(row).index("time") == 7


def test_a_resend_without_time_has_the_same_fingerprint() -> None:
    later = receive_at("webhook", datetime(2026, 1, 2, tzinfo=UTC))
    again = json.loads(make_row(an_event(time=...), later, CATALOGUE).line)
    assert again["fingerprint"] == row_of(time=...)["fingerprint"] != row_of()["fingerprint"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"),
        ("2026-01-01t10:00:00z", "2026-01-01T10:00:00Z"),
        ("2026-01-01T11:00:00.000+01:00", "2026-01-01T10:00:00Z"),
        ("2026-01-01T10:00:00.5Z", "2026-01-01T10:00:00.500000Z"),
        ("2026-01-01T10:00:00.123456789-00:00", "2026-01-01T10:00:00.123456Z"),
    ],
)
def test_times_are_kept_in_utc(sent: str, kept: str) -> None:
    assert row_of(time=sent)["time"] == kept


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"time": "2026-01-01T12:00:00.0+02:00"}, True),
        ({"data": {"visitor": "v1", "page": "/"}}, True),
        ({"data": {**DATA, "referrer": None, "extra": None}}, True),
        ({"subject": ""}, True),
        ({"subject": None, "dataschema": None, "traceid": None}, True),
        ({"id": "2"}, True),
        ({"traceid": "other"}, True),
        ({"subject": "s"}, False),
        ({"data": {**DATA, "page": "/x"}}, False),
        ({"data": {**DATA, "more": {"a": None}}}, False),
    ],
)
def test_a_fingerprint_covers_what_is_said(changes: dict[str, Any], same: bool) -> None:  # noqa: FBT001
    fingerprint = row_of()["fingerprint"]
    assert (row_of(**changes)["fingerprint"] == fingerprint) is same


def test_null_members_are_stored_and_count_as_absent() -> None:
    assert json.loads(row_of(data={**DATA, "referrer": None})["data"])["referrer"] is None
    assert row_of(data={**DATA, "page": None})["reason"] == "SCHEMA"


def test_integral_fractions_are_integers_in_a_fingerprint() -> None:
    texts = [b'{"page":"/","visitor":"v","duration_ms":%s}' % n for n in (b"39", b"39.0", b"3.9e1")]
    assert len({row_of(data=decode(text))["fingerprint"] for text in texts}) == 1


def test_digits_are_stored_as_sent() -> None:
    data = decode('{"page":"/","visitor":"v","ratio":0.1234567890123456789,"n":9007199254740993}')
    text = row_of(data=data)["data"]
    assert '"ratio":0.1234567890123456789' in text
    assert '"n":9007199254740993' in text


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_strings_come_back_as_sent(text: str) -> None:
    data = {**DATA, "note": text, text: 1}
    line = make_row(an_event(data=data), RECEIPT, CATALOGUE).line
    line.encode()
    assert "\n" not in line
    assert not {"\ufffe", "\uffff"} & set(line)
    assert json.loads(json.loads(line)["data"]) == data


@pytest.mark.parametrize("text", ["'; DROP TABLE events; --", '"', "é", "e\u0301", "مُ", "👾", " "])
def test_printable_ids_are_kept_verbatim(text: str) -> None:
    row = row_of(id=text, subject=text)
    assert (row["id"], row["subject"]) == (text, text)


def test_composed_and_decomposed_ids_are_two() -> None:
    assert row_of(id="é")["event_key"] != row_of(id="e\u0301")["event_key"]


@pytest.mark.parametrize("name", ["__proto__", "constructor", "$ref", "@type", ""])
def test_any_name_is_data(name: str) -> None:
    assert json.loads(row_of(data={**DATA, name: {"x": []}})["data"])[name] == {"x": []}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"specversion": ...}, "$.specversion"),
        ({"specversion": "0.3"}, "$.specversion"),
        ({"specversion": 1.0}, "$.specversion"),
        ({"id": ...}, "$.id"),
        ({"id": None}, "$.id"),
        ({"id": ""}, "$.id"),
        ({"id": 7}, "$.id"),
        ({"id": "x" * 256}, "$.id"),
        ({"id": "a\nb"}, "$.id"),
        ({"id": "a\x7f"}, "$.id"),
        ({"id": "\ufffe"}, "$.id"),
        ({"id": "\ud800"}, "$.id"),
        ({"source": ...}, "$.source"),
        ({"source": "not a uri"}, "$.source"),
        ({"source": "/é"}, "$.source"),
        ({"source": "/%zz"}, "$.source"),
        ({"source": "1a:b"}, "$.source"),
        ({"source": "/" * 2049}, "$.source"),
        ({"type": ...}, "$.type"),
        ({"type": ""}, "$.type"),
        ({"type": "x" * 256}, "$.type"),
        ({"time": 1767262620}, "$.time"),
        ({"time": ""}, "$.time"),
        ({"time": "2026-01-01"}, "$.time"),
        ({"time": "2026-01-01T10:00:00"}, "$.time"),
        ({"time": "2026-01-01 10:00:00Z"}, "$.time"),
        ({"time": "2026-01-01T10:00:60Z"}, "$.time"),
        ({"time": "2026-02-30T10:00:00Z"}, "$.time"),
        ({"time": "2026-01-01T24:00:00Z"}, "$.time"),
        ({"time": "2026-01-01T10:00:00Z\n"}, "$.time"),
        ({"time": "2026-01-01T10:00:00+0100"}, "$.time"),
        ({"time": "9999-12-31T23:59:59-01:00"}, "$.time"),
        ({"subject": 1}, "$.subject"),
        ({"subject": "a\0"}, "$.subject"),
        ({"dataschema": "not a uri"}, "$.dataschema"),
        ({"data": ...}, "$.data"),
        ({"data": None}, "$.data"),
        ({"data": []}, "$.data"),
        ({"data": "x"}, "$.data"),
        ({"data_base64": "e30="}, "$.data_base64"),
        ({"datacontenttype": "text/xml"}, "$.datacontenttype"),
        ({"datacontenttype": 1}, "$.datacontenttype"),
        ({"traceId": "x"}, "$"),
        ({"x" * 21: "x"}, "$"),
        ({"trace": {}}, "$.trace"),
        ({"trace": "\0"}, "$.trace"),
    ],
)
def test_a_broken_envelope_is_refused_with_its_place(changes: dict[str, Any], path: str) -> None:
    assert fault_of(an_event(**changes)).path == path


@pytest.mark.parametrize("value", [None, 1, "x", True, []])
def test_an_event_is_an_object(value: Any) -> None:
    assert fault_of(value).code == "NOT_AN_OBJECT"


@pytest.mark.parametrize(
    "source",
    ["/a/b?c=d#e", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", "https://[::1]/x", "//h/p",
     "mailto:a@example.com", "1-555-123-4567", "cloudevents/spec/pull/123", "#f", "a%20b"],
)  # fmt: skip
def test_uri_references_are_sources(source: str) -> None:
    assert row_of(source=source)["source"] == source


@pytest.mark.parametrize("media_type", ["application/json", "application/a.b+json;charset=utf-8"])
def test_json_media_types_are_accepted(media_type: str) -> None:
    assert "datacontenttype" not in row_of(datacontenttype=media_type)


@pytest.mark.parametrize(
    ("changes", "reason", "path"),
    [
        ({"type": "page.closed"}, "UNKNOWN_TYPE", "$.type"),
        ({"data": {"page": "/"}}, "SCHEMA", "$.data"),
        ({"data": {**DATA, "page": 7}}, "SCHEMA", "$.data.page"),
        ({"data": {**DATA, "duration_ms": -1}}, "SCHEMA", "$.data.duration_ms"),
        ({"data": {**DATA, "duration_ms": 2**63}}, "SCHEMA", "$.data.duration_ms"),
        ({"data": {**DATA, "note": "x" * 65_536}}, "TOO_LONG", "$.data"),
        ({"data": {**DATA, "note": "é" * 32_768}}, "TOO_LONG", "$.data"),
        ({"time": "1970-01-01T00:00:00Z"}, "TIME_RANGE", "$.time"),
        ({"time": "1999-12-31T23:59:59Z"}, "TIME_RANGE", "$.time"),
        ({"time": "9999-01-01T00:00:00Z"}, "TIME_RANGE", "$.time"),
        ({"time": "2026-01-01T10:27:01Z"}, "TIME_RANGE", "$.time"),
    ],
)
def test_a_broken_rule_quarantines(changes: dict[str, Any], reason: str, path: str) -> None:
    row = row_of(**changes)
    assert (row["reason"], row["path"]) == (reason, path)
    assert row["event_key"] == sha256(b"/site\n1").hexdigest()
    assert "data" not in row


def test_a_clock_may_be_ten_minutes_ahead() -> None:
    assert "reason" not in row_of(time="2026-01-01T10:27:00Z")


def test_a_quarantined_row_keeps_the_event() -> None:
    row = row_of(type="page.closed", subject="s")
    assert json.loads(row["payload"]) == an_event(type="page.closed", subject="s")
    assert row["subject"] == "s"
    assert row["fingerprint"] == sha256(row["payload"].encode()).hexdigest()


def test_an_event_that_does_not_fit_is_left_out_not_cut() -> None:
    row = row_of(data={**DATA, "note": "x" * 65_536})
    assert "payload" not in row
    assert "left out" in row["detail"]


def test_faults_never_repeat_the_input() -> None:
    # checkov:skip=CKV_SECRET_6:made up, to be looked for
    secret = "s3cr3t-value"
    rows = [
        row_of(type=secret, data={**DATA}),
        row_of(data={"page": secret}),
        row_of(data={**DATA, "device": secret}),
    ]
    assert all(secret not in row["detail"] + row["path"] for row in rows)


def test_exact_fractions_are_checked_like_others() -> None:
    data = decode('{"origin":"JFK","temp":0.1234567890123456789,"humid":100.00000000000000000001}')
    row = row_of(type="weather.observed", data=data)
    assert (row["reason"], row["path"]) == ("SCHEMA", "$.data.humid")


def test_an_unattended_event_is_quarantined_with_what_could_be_read() -> None:
    row = json.loads(keep_row(an_event(time="?"), RECEIPT, CATALOGUE, "place", "line 17").line)
    assert row["event_key"] == sha256(b"/site\n1").hexdigest()
    assert (row["path"], row["reason"], row["type"]) == ("line 17 $.time", "INVALID", "page.viewed")


def test_an_event_without_identity_is_kept_by_its_place() -> None:
    row = json.loads(keep_row(an_event(id=...), RECEIPT, CATALOGUE, "place", "line 17").line)
    assert row["event_key"] == sha256(b"place").hexdigest()


def test_payloads_are_made_storable() -> None:
    fault = MalformedEvent("X", "$", "x")
    row = json.loads(quarantine(RECEIPT, "place", "a\0b\ud800é\0", fault).line)
    assert row["payload"] == "a\\x00b\\ud800é\\x00"


def test_batch_and_position_end_the_row() -> None:
    line = make_row(an_event(), RECEIPT, CATALOGUE).line
    assert list(json.loads(number_line(line, "b", 7)).items())[-2:] == [
        ("batch_id", "b"),
        ("position", 7),
    ]


def test_what_a_row_came_with_is_outside_of_what_it_says() -> None:
    row = make_row(an_event(), RECEIPT, CATALOGUE)
    numbered = json.loads(number_line(row.line, "b", 7, "c-1"))
    assert numbered.pop("correlation_id") == "c-1"
    assert numbered == json.loads(number_line(row.line, "b", 7))
    assert numbered["fingerprint"] == row_of()["fingerprint"]


def test_a_row_tells_its_type_as_it_was_sent() -> None:
    fault = MalformedEvent("X", "$", "x")
    rows = [
        make_row(an_event(), RECEIPT, CATALOGUE),
        make_row(an_event(type="jane.doe"), RECEIPT, CATALOGUE),
        keep_row(an_event(time="?"), RECEIPT, CATALOGUE, "place"),
        quarantine(RECEIPT, "place", "{", fault),
    ]
    types = [row.event_type for row in rows]
    assert types == ["page.viewed", "jane.doe", "page.viewed", ""]
    assert [type_label(name, CATALOGUE) for name in types] == ["page.viewed", "other"] * 2


def test_a_receipt_is_noted_in_utc() -> None:
    moment = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert receive_at("change", moment).received_at == "2026-01-01T10:00:00.000000Z"
