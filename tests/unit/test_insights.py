"""The evaluator of Logs Insights: what a query finds, and where a wrong one is wrong."""

import json
from typing import Any

import pytest

from local.insights.parsing import parse
from local.insights.running import DEFAULT_ROWS, Answer, event_record, run
from local.insights.values import MOST_FIELDS, Record
from local.tokens import MalformedQuery

START = 1_709_251_200_000  # 2024-03-01 00:00:00


def event(number: int, message: Any) -> Record:
    text = message if isinstance(message, str) else json.dumps(message)
    return event_record(
        text, START + number * 1_000, ptr=f"p{number}", logStream="s", log="000000000000:g"
    )


EVENTS = [
    event(0, {"level": "INFO", "n": 5, "of": {"a": [{"b": "x"}, {"b": "y"}]}, "cold": True}),
    event(1, {"level": "ERROR", "n": 40, "function": "Load", "took": [12.5]}),
    event(2, {"level": "ERROR", "n": "7", "function": "Load", "took": [3]}),
    event(3, {"level": "CRITICAL", "n": None, "function": "Read", "half-done": "yes"}),
    event(4, 'plain text, "quoted" (really)'),
]


def rows(
    query: str, events: list[Record] = EVENTS, most: int | None = None
) -> list[dict[str, str]]:
    return run(parse(query), events, most).rows


def found(condition: str) -> str:
    """The numbers of the events for which a condition holds."""
    shown = rows(f"filter {condition} | sort @timestamp | display @ptr")
    return "".join(row["@ptr"].removeprefix("p") for row in shown)


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ('level = "ERROR"', "12"),
        ("level = 'ERROR'", "12"),
        ('level != "ERROR"', "03"),
        ("n > 6", "12"),
        ("n >= 7 and n <= 40", "12"),
        ("n < 6", "0"),
        ('n = "7.0"', "2"),
        ("took.0 > 3", "1"),
        ('level in ["CRITICAL", "INFO"]', "03"),
        ('level not in ["CRITICAL", "INFO"]', "124"),
        ('@message like "(really)"', "4"),
        ('@message like "REALLY"', ""),
        ('@message like "reall."', ""),
        ("@message like /(?i)REALLY/", "4"),
        ("@message =~ /lev.l/", "0123"),
        ("@message not like /lev.l/", "4"),
        (r'@message like "\"quoted\""', "4"),
        (r"@message like /\"n\": ?\d{2}/", "1"),
        ("ispresent(took.0)", "12"),
        ("isPresent(n)", "012"),
        ("not ispresent(level)", "4"),
        ('of.a.1.b = "y"', "0"),
        ("cold = 1", "0"),
        ('`half-done` = "yes"', "3"),
        ("isempty(function)", "04"),
        ('coalesce(function, level) = "INFO"', "0"),
        ('tolower(level) = "error" and strlen(function) = 4', "12"),
        (f"toMillis(@timestamp) >= {START + 3_000}", "34"),
        ("@log = '000000000000:g' and @logStream = 's'", "01234"),
        ('level = "INFO" or level = "ERROR" and n = 40', "01"),
        ('(level = "INFO" or level = "ERROR") and n = 40', "1"),
        ('not level = "INFO" and not level = "ERROR"', "34"),
    ],
)
def test_a_filter_finds(condition: str, numbers: str) -> None:
    assert found(condition) == numbers


def test_what_is_shown_is_what_is_asked_for_and_present() -> None:
    query = "fields @timestamp, of.a.0.b as first | fields level | sort @timestamp asc | limit 2"
    assert rows(query) == [
        {"@timestamp": "2024-03-01 00:00:00.000", "first": "x", "level": "INFO", "@ptr": "p0"},
        {"@timestamp": "2024-03-01 00:00:01.000", "level": "ERROR", "@ptr": "p1"},
    ]


def test_a_name_given_can_be_asked_for_and_display_overrides() -> None:
    query = "fields took.0 as seconds | filter seconds < 10 | display level, seconds"
    assert rows(query) == [{"level": "ERROR", "seconds": "3", "@ptr": "p2"}]


def test_a_pattern_makes_fields_where_it_matches() -> None:
    query = r"parse @message /(?<=\"n\": )(?<digits>\d+)(?<rest>x)?/ | filter digits > 5 | fields digits"
    assert rows(query) == [{"digits": "40", "@ptr": "p1"}]
    assert not rows("parse nowhere /(?<a>.)/ | filter ispresent(a)")


def test_true_is_shown_as_one() -> None:
    assert rows("fields cold | filter ispresent(cold)")[0]["cold"] == "1"


def test_without_fields_time_and_message_are_shown_newest_first() -> None:
    first = rows("limit 1")[0]
    assert first == {
        "@timestamp": "2024-03-01 00:00:04.000",
        "@message": 'plain text, "quoted" (really)',
        "@ptr": "p4",
    }


def test_statistics_are_of_groups() -> None:
    query = """
        filter level in ["ERROR", "CRITICAL"]  # what failed
        | stats count(*) as errors, latest(@timestamp) as last by function, level
        | sort errors desc
    """
    last = "2024-03-01 00:00:0{}.000"
    assert rows(query) == [
        {"function": "Load", "level": "ERROR", "errors": "2", "last": last.format(2)},
        {"function": "Read", "level": "CRITICAL", "errors": "1", "last": last.format(3)},
    ]


def test_each_statistic() -> None:
    query = """stats count(), count(n), count_distinct(level), sum(n), avg(took.0), min(n), max(n),
        earliest(n), latest(n), max(@timestamp) as newest, sum(function)"""
    assert rows(query) == [
        {
            "count()": "5", "count(n)": "3", "count_distinct(level)": "3", "sum(n)": "52",
            "avg(took.0)": "7.75", "min(n)": "5", "max(n)": "40", "earliest(n)": "5",
            "latest(n)": "7", "newest": "2024-03-01 00:00:04.000", "sum(function)": "0",
        }
    ]  # fmt: skip


def test_a_group_may_be_a_period_and_lack_a_field() -> None:
    events = [event(0, {}), event(59, {"a": 1}), event(60, {"a": 1})]
    assert rows("stats count(*) as n by bin(1m) as minute, a | sort minute, a", events) == [
        {"minute": "2024-03-01 00:00:00.000", "n": "1"},
        {"minute": "2024-03-01 00:00:00.000", "a": "1", "n": "1"},
        {"minute": "2024-03-01 00:01:00.000", "a": "1", "n": "1"},
    ]


def test_groups_can_be_filtered() -> None:
    assert rows("stats count(*) as n by level | filter n > 1") == [{"level": "ERROR", "n": "2"}]


def test_no_events_have_no_statistics() -> None:
    assert rows("stats count(*)", []) == []


def test_values_are_sorted_as_aws_documents_it() -> None:
    expected = ["!:", "#", "*%04", "0#", "5A", "111A", "2345_", "@", "@_", "A", "A9876fghj",
                "a12345hfh", "0", "1", "2", "3", "10"]  # fmt: skip
    events = [event(n, {"v": value}) for n, value in enumerate(reversed(expected))]
    assert [row["v"] for row in rows("fields v | sort v", events)] == expected
    assert [row["v"] for row in rows("fields v | sort v desc", events)] == expected[::-1]


def test_a_text_of_many_digits_is_a_number() -> None:
    events = [event(0, {"v": "9" * 5_000}), event(1, {"v": "9" * 20}), event(2, {"v": "7" * 15})]
    assert [row["@ptr"] for row in rows("fields v | sort v desc", events)] == ["p0", "p1", "p2"]


def test_what_is_absent_is_first_or_last() -> None:
    assert [row.get("n") for row in rows("fields n | sort n asc, @timestamp desc")] == [
        None, None, "5", "7", "40",
    ]  # fmt: skip


def test_rows_are_limited_by_the_query_the_caller_or_the_service() -> None:
    events = [event(n, "x") for n in range(DEFAULT_ROWS + 5)]
    assert len(rows("fields @message", events)) == DEFAULT_ROWS
    assert len(rows("fields @message | limit 10004", events)) == DEFAULT_ROWS + 4
    assert len(rows("limit 7", events, most=3)) == 3
    assert len(rows("limit 3", events, most=7)) == 3


def test_what_passes_the_filters_is_counted() -> None:
    answer = run(parse('filter level = "ERROR" | stats count(*) | limit 1'), EVENTS)
    assert answer == Answer([{"count(*)": "2"}], 2)


def test_a_message_has_so_many_fields_and_no_more() -> None:
    wide = [event(0, {f"m{n}": n for n in range(MOST_FIELDS + 1)})]
    assert rows(f"filter ispresent(m{MOST_FIELDS - 1})", wide)
    assert not rows(f"filter ispresent(m{MOST_FIELDS})", wide)


def test_a_member_never_stands_for_what_an_event_has() -> None:
    events = [event(0, {"@message": "forged", "message": "own"})]
    assert rows("fields message, @@message, @log", events) == [
        {"message": "own", "@@message": "forged", "@log": "000000000000:g", "@ptr": "p0"}
    ]


@pytest.mark.parametrize(
    ("query", "problem", "character"),
    [
        ("", "expected a command", 1),
        ("fields a |", "expected a command", 11),
        ("parse @message '*' as a", "expected a regex", 16),
        ("parse @message /(.)/", "expected a regular expression with named groups", 16),
        ("limit 5 | dedup a", "expected one of the commands", 11),
        ("fields a b", "expected '|' or the end", 10),
        ("fields a,", "expected a field", 10),
        ("fields a + 1", "unexpected '+'", 10),
        ("fields half-done", "unexpected '-'", 12),
        ("fields @duration", "expected one of the fields", 8),
        ("fields lower(a)", "expected one of the functions", 8),
        ("fields strlen(a, b)", "expected at most 1 values", 8),
        ("fields bin(5)", "expected a period", 12),
        ("stats count(*) by bin(1w)", "expected a period", 23),
        ("filter level", "expected a comparison", 13),
        ("filter a == 1", "expected a field", 11),
        ("filter (a = 1", "expected ')'", 14),
        ("filter a in (1)", "expected '['", 13),
        ("filter a like b", "expected a regex or a text", 15),
        ("filter a like /(/", "no regular expression", 15),
        ('filter a = "open', "unexpected '\"'", 12),
        ("stats median(a)", "expected one of the functions", 7),
        ("stats sum(*)", "expected a field", 11),
        ("stats count(*) | stats count(*)", "expected no second stats", 24),
        ("stats count(*) by bin(1m) | sort bin(1m)", "expected one of the functions", 34),
        ("display a as b", "expected '|' or the end", 11),
        ("limit 0", "expected a number from 1 to", 7),
        ("limit many", "expected a number", 7),
        ("SELECT 1", "expected one of the commands", 1),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_where_it_is(
    query: str, problem: str, character: int
) -> None:
    with pytest.raises(MalformedQuery) as refused:
        parse(query)
    assert str(refused.value).startswith(problem)
    assert str(refused.value).endswith(f"at character {character}")
    assert refused.value.start == character - 1
