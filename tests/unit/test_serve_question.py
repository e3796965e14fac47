"""Questions: what is allowed, what is refused and how the refusal names the parameter."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import pairwise

import pytest

from pipeline.catalogue import Column, load_catalogue
from pipeline.errors import MalformedQuestion
from pipeline.serve.asking.contract import ROUTES, query_names
from pipeline.serve.asking.filters import filter_value, split_terms
from pipeline.serve.asking.moments import format_moment, parse_moment, round_down, round_up
from pipeline.serve.asking.question import Question, read_parameters, read_question
from pipeline.serve.asking.zones import NO_PLACES, has_whole_hours, zone_of
from pipeline.serve.querying.query import metrics_query
from pipeline.serve.querying.source import choose, facts, is_unreadable

PARAMETERS = query_names("/v1/metrics/{type}")

FLIGHTS = load_catalogue()["flight.departed"]


def fault(**given: str) -> MalformedQuestion:
    with pytest.raises(MalformedQuestion) as caught:
        read_question(FLIGHTS, {name.removesuffix("_"): value for name, value in given.items()})
    return caught.value


def asked(**given: str) -> Question:
    return read_question(FLIGHTS, {name.removesuffix("_"): value for name, value in given.items()})


def column(kind: str) -> Column:
    return Column("x", "x", kind, "dimension", 40)  # type: ignore[arg-type]


def test_nothing_given_counts_everything() -> None:
    question = read_question(FLIGHTS, {})
    assert (question.stat, question.measure, question.interval) == ("count", None, "none")
    assert (question.start, question.end, question.limit) == (None, None, 1_000)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("measure", "carrier"),
        ("measure", ""),
        ("measure", "dep_delay; DROP TABLE events"),
        ("stat", "median"),
        ("stat", "COUNT"),
        ("interval", "year"),
        ("interval", "day'"),
        ("from", "yesterday"),
        ("from", "2013-01-01T00:00:00"),
        ("from", "2013-13-01"),
        ("from", "0001-01-01"),
        ("to", "9999-12-31"),
        ("to", "2013-01-01T00:00:00+99:00"),
        ("to", "٢٠١٣-01-01"),
        ("group_by", ""),
        ("group_by", "dep_delay"),
        ("group_by", "origin,origin"),
        ("group_by", "time"),
        ("group_by", "event_key"),
        ("timezone", ""),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("timezone", "america/new_york"),
        ("timezone", "localtime"),
        ("timezone", "EST5EDT4"),
        ("timezone", "Factory"),
        ("timezone", "CET"),
        ("order", ""),
        ("order", "carrier"),
        ("order", "value,-value"),
        ("order", "--value"),
        ("order", "value desc"),
        ("format", "xml"),
        ("format", "CSV"),
        ("filter", ""),
        ("filter", "origin"),
        ("filter", "time>2013-01-01"),
        ("filter", "origin=JFK"),
        ("filter", "origin:JFK,"),
        ("filter", "origin>JFK|LGA"),
        ("filter", "origin>"),
        ("filter", "dep_delay>x"),
        ("filter", "dep_delay==5"),
        ("filter", ",".join(f"flight>{n}" for n in range(21))),
        ("filter", "origin:" + "|".join(map(str, range(101)))),
        ("filter", "flight:x"),
        ("filter", "flight:1 OR 1=1"),
        ("filter", f"flight:{2**63}"),
        ("filter", "origin:a\x00b"),
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "10001"),
        ("limit", "1e3"),
        ("limit", "abc"),
        ("limit", "\u0665"),
        ("limit", ""),
        ("limit", "9" * 5_000),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(parameter: str, value: str) -> None:
    found = fault(**{parameter: value})
    assert found.parameter == parameter
    if len(value) > 3:
        assert value not in str(found)


def test_a_stat_needs_a_measure() -> None:
    assert fault(stat="avg").parameter == "measure"


@pytest.mark.parametrize("end", ["2013-01-01", "2012-12-31"])
def test_a_span_must_not_be_empty(end: str) -> None:
    assert fault(from_="2013-01-01", to=end).parameter == "to"


def test_a_refusal_names_what_is_allowed() -> None:
    assert "dep_delay" in str(fault(measure="nothing"))


def test_parameters_that_are_unknown_are_refused_without_their_names() -> None:
    with pytest.raises(MalformedQuestion) as caught:
        read_parameters({"multiValueQueryStringParameters": {"callback": ["x"]}}, PARAMETERS)
    assert "callback" not in str(caught.value)


def test_parameters_that_are_repeated_are_refused() -> None:
    with pytest.raises(MalformedQuestion) as caught:
        read_parameters({"multiValueQueryStringParameters": {"stat": ["sum", "avg"]}}, PARAMETERS)
    assert caught.value.parameter == "stat"


@pytest.mark.parametrize("event", [{}, {"multiValueQueryStringParameters": None}])
def test_no_parameters_are_none(event: dict[str, None]) -> None:
    assert read_parameters(event, PARAMETERS) == {}


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("a:1", [("a", ":", ["1"])]),
        ("a:1|2,b:3", [("a", ":", ["1", "2"]), ("b", ":", ["3"])]),
        ("a:", [("a", ":", [""])]),
        ("a:|", [("a", ":", ["", ""])]),
        (r"a:x\|y\,z\\", [("a", ":", [r"x|y,z\ ".strip()])]),
        ("a:10:30:00", [("a", ":", ["10:30:00"])]),
        ("a:line\nbreak", [("a", ":", ["line\nbreak"])]),
        ("a:x\\", [("a", ":", ["x\\"])]),
        ("a!:1|2,a>1,a>=2", [("a", "!:", ["1", "2"]), ("a", ">", ["1"]), ("a", ">=", ["2"])]),
        ("a<1,b<=-2", [("a", "<", ["1"]), ("b", "<=", ["-2"])]),
        ("a:=1", [("a", ":", ["=1"])]),
        ("a:>1", [("a", ":", [">1"])]),
    ],
)
def test_filters_are_split_at_their_marks(
    text: str, filters: list[tuple[str, str, list[str]]]
) -> None:
    assert list(split_terms(text)) == filters


def test_equal_filters_come_out_equal() -> None:
    one = asked(filter="carrier:UA|AA,flight:7,carrier:AA|UA")
    other = asked(filter="flight:007,carrier:AA|UA|AA")
    assert one.terms == other.terms
    assert one.described() == other.described()


@pytest.mark.parametrize("text", ["1000", "1000.0", "1e3", "0001000.000", "10E+2"])
def test_a_number_is_the_same_however_it_is_written(text: str) -> None:
    question = asked(filter=f"distance>={text}")
    assert question.described() == asked(filter="distance>=1000").described()


@pytest.mark.parametrize(
    ("order", "normal"),
    [
        ("bucket", ()),
        ("bucket,carrier,origin", ()),
        ("bucket,carrier,origin,-count", ()),
        ("carrier,bucket", ("carrier",)),
        ("-count,bucket", ("-count",)),
        ("-count,bucket,carrier", ("-count",)),
        ("-bucket,carrier,origin,value", ("-bucket",)),
        ("-count,carrier", ("-count", "carrier")),
        ("value", ("value",)),
        ("origin,carrier", ("origin", "carrier")),
        ("bucket,-origin", ("bucket", "-origin")),
    ],
)
def test_what_changes_nothing_at_an_orders_end_is_left_out(
    order: str, normal: tuple[str, ...]
) -> None:
    assert asked(group_by="carrier,origin", order=order).order == normal


@pytest.mark.parametrize("name", ["UTC", "Etc/UTC", "Zulu", "GMT", "Etc/GMT-0", "Greenwich"])
def test_utc_is_the_same_by_all_of_its_names(name: str) -> None:
    assert zone_of(name).utcoffset(MOMENT) == timedelta()
    assert asked(timezone=name).described() == asked().described()


def test_a_zone_keeps_the_name_that_the_caller_knows() -> None:
    assert asked(timezone="US/Eastern").timezone == "US/Eastern"


def test_a_span_is_understood_in_its_zone() -> None:
    question = asked(from_="2013-03-10", to="2013-03-11", timezone="America/New_York")
    assert question.described()["from"] == "2013-03-10T00:00:00-05:00"
    assert question.described()["to"] == "2013-03-11T00:00:00-04:00"


def test_days_and_months_are_rounded_on_the_zones_clock() -> None:
    given = {"from_": "2013-03-10T12:00:00Z", "to": "2013-03-10T12:00:01Z"}
    day = asked(interval="day", timezone="America/New_York", **given).described()
    assert (day["from"], day["to"]) == ("2013-03-10T00:00:00-05:00", "2013-03-11T00:00:00-04:00")
    hour = asked(interval="hour", timezone="Asia/Kolkata", **given).described()
    assert hour["from"] == "2013-03-10T17:30:00+05:30".replace("17:30", "17:00")


@pytest.mark.parametrize(
    ("zone", "whole"),
    [
        ("UTC", True),
        ("America/New_York", True),
        ("Europe/Amsterdam", True),
        ("Asia/Kolkata", False),
        ("Australia/Lord_Howe", False),
        ("Asia/Kathmandu", False),
        ("Asia/Pyongyang", False),  # half an hour off from 2015 to 2018 only
    ],
)
def test_it_is_known_whose_hours_are_those_of_utc(zone: str, *, whole: bool) -> None:
    assert zone_of(zone).key == zone
    assert has_whole_hours(zone) is whole


ROLLUP, HISTOGRAM, FACTS = "rollup_", "histogram_", "facts_"


@pytest.mark.parametrize(
    ("given", "table"),
    [
        ({}, ROLLUP),
        ({"group_by": "carrier"}, ROLLUP),
        ({"group_by": "carrier", "filter": "airline!:x"}, ROLLUP),
        ({"group_by": "origin", "filter": "route:JFK-LAX"}, ROLLUP),
        ({"interval": "week", "timezone": "America/New_York"}, ROLLUP),
        ({"from": "2013-01-01T05:00:00Z", "to": "2013-01-02"}, ROLLUP),
        ({"measure": "dep_delay", "stat": "avg"}, ROLLUP),
        ({"measure": "dep_delay", "stat": "p95"}, HISTOGRAM),
        ({"measure": "carrier", "stat": "distinct", "group_by": "airline"}, ROLLUP),
        ({"measure": "distance", "stat": "p95"}, FACTS),
        ({"measure": "tailnum", "stat": "distinct"}, FACTS),
        ({"measure": "dep_delay", "stat": "distinct"}, FACTS),
        ({"group_by": "tailnum"}, FACTS),
        ({"group_by": "carrier,origin"}, FACTS),
        ({"filter": "dep_delay>60"}, FACTS),
        ({"interval": "minute"}, FACTS),
        ({"interval": "day", "timezone": "Asia/Kolkata"}, FACTS),
        ({"from": "2013-01-01T05:30:00Z"}, FACTS),
        ({"to": "2013-01-01T05:00:00.000001Z"}, FACTS),
    ],
)
def test_rollups_are_read_where_they_have_all_that_is_asked(
    given: dict[str, str], table: str
) -> None:
    assert choose(read_question(FLIGHTS, given)).table.startswith(f'"{table}')


@pytest.mark.parametrize(
    ("error", "unreadable"),
    [
        ('ERROR: relation "rollup_x_1a" does not exist', True),
        ('ERROR: relation "public.rollup_x_1a" does not exist [ErrorId: 1-2]', True),
        ('Query #2 failed with ERROR: relation "rollup_x_1a" does not exist', True),
        ("ERROR: permission denied for relation rollup_x_1a", True),
        ('ERROR: relation "rollup_x_1ab" does not exist', False),
        ('ERROR: relation "facts_x" does not exist', False),
        ("ERROR: permission denied for relation rollup_x_1ab", False),
        ('ERROR: column "rollup_x_1a" does not exist', False),
        ("", False),
    ],
)
def test_it_is_told_whether_a_rollup_is_not_there(error: str, *, unreadable: bool) -> None:
    assert is_unreadable('"rollup_x_1a"', error) is unreadable


def test_the_smallest_rollup_is_read() -> None:
    nothing, carrier = choose(asked()), choose(asked(group_by="carrier"))
    assert nothing.conditions != carrier.conditions
    assert nothing.table == carrier.table


def test_a_route_of_the_contract_is_asked_for_by_its_path() -> None:
    assert "cursor" in query_names("/v1/events")
    assert query_names("/v1/status") == ()
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "'; --", "'; --"),
        ("integer", "-007", "-7"),
        ("integer", str(2**63 - 1), str(2**63 - 1)),
        ("number", "1000.0", "1000"),
        ("number", "1e3", "1000"),
        ("number", "-001.50E-1", "-0.15"),
        ("number", "9007199254740993", "9007199254740993"),
        ("number", "9" * 40 + "." + "9" * 40, "9" * 40 + "." + "9" * 40),
        ("number", "10e299", "1E+300"),
        ("number", "0.0", "0"),
        ("number", "-0", "0"),
        ("number", "-1e-310", "0"),
        ("number", "1e-400", "0"),
        ("boolean", "true", "true"),
        ("timestamp", "2013-01-01T01:00:00+01:00", "2013-01-01T00:00:00Z"),
    ],
)
def test_values_are_written_as_the_warehouse_reads_them(kind: str, text: str, value: str) -> None:
    assert filter_value(column(kind), text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", ""),
        ("integer", "1.0"),
        ("number", "nan"),
        ("number", "inf"),
        ("number", "1e999"),
        ("number", "1_0"),
        ("boolean", "True"),
        ("timestamp", "now"),
        ("string", "\ud800"),
    ],
)
def test_values_that_a_column_cannot_hold_are_refused(kind: str, text: str) -> None:
    with pytest.raises(MalformedQuestion):
        filter_value(column(kind), text)


def test_every_value_is_a_parameter_of_the_statement() -> None:
    given = {
        "filter": "origin:'; DROP|LGA,flight>7",
        "from": "2013-01-01",
        "to": "2013-01-02",
        "interval": "day",
        "timezone": "Asia/Kolkata",
    }
    question = read_question(FLIGHTS, given)
    sql, parameters = metrics_query(question, facts(question))
    assert "DROP" not in sql
    assert "Kolkata" not in sql
    assert parameters == {
        "start_time": "2012-12-31T18:30:00Z",
        "end_time": "2013-01-01T18:30:00Z",
        "filter_0_0": "7",
        "filter_1_0": "'; DROP",
        "filter_1_1": "LGA",
        "timezone": "Asia/Kolkata",
    }


def test_an_empty_value_is_compared_without_a_parameter() -> None:
    question = asked(filter="origin:")
    sql, parameters = metrics_query(question, choose(question))
    assert "\"origin\" IN ('')" in sql
    assert not parameters


def test_one_row_more_than_the_limit_is_asked_for() -> None:
    question = asked(limit="10")
    sql, _ = metrics_query(question, choose(question))
    assert "placed.place <= 11\n" in sql


MOMENT = datetime(2013, 2, 28, 23, 59, 59, 5, UTC)  # a Thursday


@pytest.mark.parametrize(
    ("interval", "down", "up"),
    [
        ("none", "2013-02-28T23:59:59.000005Z", "2013-02-28T23:59:59.000005Z"),
        ("minute", "2013-02-28T23:59:00Z", "2013-03-01T00:00:00Z"),
        ("hour", "2013-02-28T23:00:00Z", "2013-03-01T00:00:00Z"),
        ("day", "2013-02-28T00:00:00Z", "2013-03-01T00:00:00Z"),
        ("week", "2013-02-25T00:00:00Z", "2013-03-04T00:00:00Z"),
        ("month", "2013-02-01T00:00:00Z", "2013-03-01T00:00:00Z"),
    ],
)
def test_moments_are_rounded_to_the_interval(interval: str, down: str, up: str) -> None:
    assert format_moment(round_down(MOMENT, interval)) == down
    assert format_moment(round_up(MOMENT, interval)) == up


@pytest.mark.parametrize("month", range(1, 13))
def test_the_month_after_every_month_is_the_next(month: int) -> None:
    late = datetime(2012, month, 28, tzinfo=UTC)
    assert round_up(late, "month").month == month % 12 + 1


def test_the_start_of_an_interval_is_not_rounded_up() -> None:
    start = datetime(2013, 1, 7, tzinfo=UTC)
    assert round_up(start, "week") == start


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Australia/Lord_Howe", "2010-04-03T14:45:00Z"),
        ("Asia/Pyongyang", "2015-08-14T14:59:00Z"),
        ("Antarctica/Troll", "2013-10-27T00:30:00Z"),
    ],
)
def test_an_end_is_never_rounded_down(zone: str, moment: str) -> None:
    question = asked(interval="hour", timezone=zone, to=moment)
    assert question.end
    assert parse_moment(moment) <= question.end <= parse_moment(moment) + timedelta(hours=1)


def changes(name: str) -> Iterator[datetime]:
    """Find when a zone's clocks are changed, from 2000 to 2024, to the minute."""
    zone = zone_of(name)
    months = (datetime(y, m, 1, tzinfo=UTC) for y in range(2000, 2025) for m in range(1, 13))
    for before, after in pairwise(months):
        early, late = before, after
        old = early.astimezone(zone).utcoffset()
        if old == late.astimezone(zone).utcoffset():
            continue
        while late - early > timedelta(minutes=1):
            middle = early + (late - early) / 2
            same = middle.astimezone(zone).utcoffset() == old
            early, late = (middle, late) if same else (early, middle)
        yield late.replace(second=0, microsecond=0)


NAMES = sorted(set(files("tzdata").joinpath("zones").read_text().split()) - NO_PLACES)
ODD = (
    "Australia/Lord_Howe",
    "Asia/Pyongyang",
    "Pacific/Apia",
    "America/Caracas",
    "Antarctica/Troll",
)


@pytest.mark.parametrize("name", sorted({*NAMES[::15], *ODD}))
def test_moments_near_a_change_of_clocks_lie_between_their_rounded_ends(name: str) -> None:
    zone, instant = zone_of(name), timedelta(microseconds=1)
    for change in (*changes(name), MOMENT):
        for minutes in range(-150, 151, 15):
            moment = change + timedelta(minutes=minutes)
            for interval in ("minute", "hour", "day", "week", "month"):
                start, end = (r(moment, interval, zone) for r in (round_down, round_up))
                assert start <= moment <= end
                assert round_up(end, interval, zone) == end
                # What is before the end and what is after it are never of one interval.
                assert round_down(end - instant, interval, zone) != round_down(end, interval, zone)


def test_digits_beyond_microseconds_are_read() -> None:
    assert format_moment(parse_moment("2013-01-01t00:00:00.123456789z")).endswith(".123456Z")


def test_a_zone_that_was_seconds_away_from_utc_is_told_in_utc() -> None:
    zone = zone_of("Europe/Berlin")
    moment = parse_moment("1800-01-01", zone)
    assert moment.astimezone(zone).isoformat() == "1800-01-01T00:00:00+00:53:28"
    assert format_moment(moment, zone) == "1799-12-31T23:06:32Z"
