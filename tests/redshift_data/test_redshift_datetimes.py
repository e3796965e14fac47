"""Dates, times and intervals beyond the guide's examples: what holds for every value."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import pytest

from local.redshift_data.dialect.date_formats import TOKENS
from local.redshift_data.dialect.date_reading import READ_TOKENS
from local.redshift_data.dialect.moments import PARTS
from local.redshift_data.testing import Warehouse, running
from tests.redshift_data.corpus import examples

STATEMENTS = "\n".join(example.sql for example in examples() if not example.differs)
FIRST = datetime(1, 1, 1)  # noqa: DTZ001 - timestamps have no zone
SECONDS = 9_000 * 365 * 86_400
MOMENTS = [
    FIRST + timedelta(seconds=seed * seed * 78_498_731 % SECONDS, microseconds=seed * 1_237)
    for seed in range(60)
]


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        values = ", ".join(f"({at}, '{moment}')" for at, moment in enumerate(MOMENTS))
        warehouse.execute("CREATE TABLE durations (d INTERVAL DAY TO SECOND)")
        warehouse.execute("CREATE TABLE moments (id INT, t TIMESTAMP)")
        warehouse.execute(f"INSERT INTO moments VALUES {values}")
        yield warehouse


def column(warehouse: Warehouse, sql: str) -> list[object]:
    return [value for (value,) in warehouse.rows(f"SELECT {sql} FROM moments ORDER BY id")]


def test_every_date_part_has_an_example() -> None:
    missing = [
        name for name in PARTS if not re.search(rf"\(\W?{name}\b", STATEMENTS, re.IGNORECASE)
    ]
    assert not missing


def test_every_format_element_has_an_example() -> None:
    formats = " ".join(re.findall(r"TO_CHAR\([^,]+, '([^']+)'\)", STATEMENTS))
    assert not [token for token in TOKENS if token not in formats]


def test_every_element_for_reading_has_an_example() -> None:
    formats = " ".join(re.findall(r"TO_(?:DATE|TIMESTAMP)\([^)]*\)", STATEMENTS)).upper()
    assert not [token for token in READ_TOKENS if token not in formats]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("EXTRACT(week FROM t)", lambda t: t.isocalendar().week),
        ("EXTRACT(dow FROM t)", lambda t: t.isoweekday() % 7),
        ("EXTRACT(doy FROM t)", lambda t: t.timetuple().tm_yday),
        ("EXTRACT(ms FROM t)", lambda t: t.microsecond // 1000),
        ("EXTRACT(century FROM t)", lambda t: (t.year + 99) // 100),
        ("DATE_PART(sec, t)", lambda t: t.second + t.microsecond / 1e6),
        (
            "TO_CHAR(t, 'YYYY-MM-DD HH24:MI:SS.US')",
            lambda t: t.isoformat(" ", "microseconds"),
        ),
        ("TO_CHAR(t, 'IYYY-IW-ID')", lambda t: f"{t.isocalendar().year:04}-{t:%V-%u}"),
        ("TO_CHAR(t, 'FMDay FMMonth Dy Mon DDD')", lambda t: f"{t:%A %B %a %b %j}"),
        ("TO_CHAR(t, 'HH12 AM')", lambda t: f"{t:%I %p}"),
        ("TO_CHAR(t, 'J')", lambda t: str(t.toordinal() + 1_721_425)),
        ("DATEDIFF(day, '2000-01-01', t)", lambda t: (t.date() - date(2000, 1, 1)).days),
        ("TRUNC(t) - DATE '2000-01-01'", lambda t: (t.date() - date(2000, 1, 1)).days),
        (
            "TO_CHAR(DATE_TRUNC('week', t), 'YYYY-MM-DD')",
            lambda t: f"{(t - timedelta(days=t.weekday())).date()}",
        ),
    ],
)
def test_parts_are_those_of_the_calendar(
    warehouse: Warehouse, sql: str, expected: Callable[[datetime], object]
) -> None:
    assert column(warehouse, sql) == [expected(moment) for moment in MOMENTS]


def test_text_of_a_timestamp_is_read_again(warehouse: Warehouse) -> None:
    for sql in (
        "CAST(CAST(t AS VARCHAR(40)) AS TIMESTAMP)",
        "CAST(TO_CHAR(t, 'YYYYMMDD HH24MISS.US') AS TIMESTAMP)",
        "CAST(TO_CHAR(t, 'FMMonth DD, YYYY HH24:MI:SS.US') AS TIMESTAMP)",
        "CAST(TO_TIMESTAMP(t, 'YYYY-MM-DD HH24:MI:SS') AS TIMESTAMP) + (t - DATE_TRUNC('s', t))",
        "TRUNC(t) + CAST(t AS TIME)",
        "DATE_TRUNC('s', t) + INTERVAL '1' SECOND * 0 + (t - DATE_TRUNC('s', t))",
    ):
        assert column(warehouse, f"{sql} = t") == [True] * len(MOMENTS), sql


def test_a_difference_leads_from_one_timestamp_to_the_other(warehouse: Warehouse) -> None:
    assert column(warehouse, "t + (TIMESTAMP '2000-01-01' - t) = TIMESTAMP '2000-01-01'") == [
        True
    ] * len(MOMENTS)


def test_months_added_and_taken_are_the_first_of_a_month_again(warehouse: Warehouse) -> None:
    first = "DATE_TRUNC('month', t)"
    for sql in (
        f"DATEADD(month, -7, DATEADD(month, 7, {first}))",
        f"ADD_MONTHS(ADD_MONTHS({first}, 11), -11)",
        f"{first} + INTERVAL '5' MONTH - INTERVAL '5' MONTH",
        f"DATE_TRUNC('month', LAST_DAY({first})::TIMESTAMP)",
    ):
        assert column(warehouse, f"{sql} = {first}") == [True] * len(MOMENTS), sql


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("TIME '10:00'", "time"),
        ("TIMETZ '10:00'", "timetz"),
        ("INTERVAL '1' YEAR", "intervaly2m"),
        ("SYSDATE - GETDATE()", "intervald2s"),
        ("DATE '2000-01-01' + 1", "date"),
        ("DATE '2000-01-01' + TIME '10:00'", "timestamp"),
        ("DATE '2000-01-01' + TIMETZ '10:00'", "timestamptz"),
        ("DATEDIFF(day, '2000-01-01', '2000-01-02')", "int8"),
        ("DATE '2000-01-02' - DATE '2000-01-01'", "int4"),
        ("DATE_PART(day, SYSDATE)", "float8"),
        ("EXTRACT(day FROM SYSDATE)", "int4"),
        ("EXTRACT(day FROM TIMESTAMPTZ '2000-01-01')", "float8"),
        ("MONTHS_BETWEEN('2000-01-01', '2000-02-01')", "float8"),
        ("TO_NUMBER('1.5', '9.9')", "numeric"),
        ("TO_CHAR(SYSDATE, 'YYYY')", "varchar"),
    ],
)
def test_results_have_redshift_s_types(warehouse: Warehouse, sql: str, name: str) -> None:
    described = warehouse.execute(f"SELECT {sql}")
    result = warehouse.client.get_statement_result(Id=described["Id"])
    assert result["ColumnMetadata"][0]["typeName"] == name


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2013-01-01 10:00:00 America/New_York", "2013-01-01 15:00:00+00"),
        ("Jul 1,2013 10:00 America/New_York", "2013-07-01 14:00:00+00"),
        ("2013-01-01T10:00:00+01:00", "2013-01-01 09:00:00+00"),
        ("2013-01-01 10:00 PM PST", "2013-01-02 06:00:00+00"),
        ("1/1/2013 9:00-0330", "2013-01-01 12:30:00+00"),
        ("20130101 100000 UTC", "2013-01-01 10:00:00+00"),
        (" 2013-01-01 ", "2013-01-01 00:00:00+00"),
    ],
)
def test_a_time_zone_in_text_is_converted(warehouse: Warehouse, text: str, utc: str) -> None:
    assert warehouse.value(f"SELECT CAST('{text}' AS TIMESTAMPTZ)") == utc
    assert warehouse.value("SELECT CAST(:text AS TIMESTAMPTZ)", text=text) == utc
    without = f"SELECT CAST(CAST('{text}' AS TIMESTAMP) AS VARCHAR(10))"
    assert warehouse.value(without) in (utc[:10], "2013-01-01")


def test_one_statement_reads_parameters_of_every_format(warehouse: Warehouse) -> None:
    sql = "SELECT CAST(:day AS DATE), 'rs_date($bound0)'"
    for text in ("2013-01-02", "Jan 2,2013", " 20130102 "):
        assert warehouse.rows(sql, day=text) == [["2013-01-02", "rs_date($bound0)"]]
    assert "invalid input syntax" in warehouse.error(sql, day="never")


def test_intervals_and_times_last_in_tables(warehouse: Warehouse) -> None:
    warehouse.execute(
        "CREATE TABLE spans (y INTERVAL YEAR TO MONTH, d INTERVAL DAY TO SECOND (3), "
        "h INTERVAL DAY TO HOUR, t TIME, z TIMETZ)"
    )
    warehouse.execute(
        "INSERT INTO spans VALUES (INTERVAL '14' MONTH, INTERVAL '1.23456' SECOND, "
        "INTERVAL '90' MINUTE, '10:00', '10:00 PST'), (NULL, NULL, NULL, NULL, NULL)"
    )
    assert warehouse.rows("SELECT * FROM spans WHERE y IS NOT NULL") == [
        [
            "1 years 2 mons",
            "0 days 0 hours 0 mins 1.235 secs",
            "0 days 1 hours 0 mins 0.0 secs",
            "10:00:00",
            "18:00:00+00",
        ]
    ]
    assert warehouse.value("SELECT COUNT(*) FROM spans WHERE t IS NULL AND z IS NULL") == 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT INTERVAL '1 day'",
        "SELECT INTERVAL '1 day' > INTERVAL '2' HOUR",
        "SELECT CAST(INTERVAL '1 day' AS VARCHAR(20))",
        "SELECT CAST(INTERVAL '1 day' AS INTERVAL DAY TO SECOND)",
        "INSERT INTO durations VALUES (INTERVAL '1 day')",
        "SELECT INTERVAL '1.5 months' + SYSDATE",
        "SELECT INTERVAL_CMP('1 month', '30 days')",
        "SELECT DATEDIFF(week, '2009-01-01', '2009-01-04')",
        "SELECT DATEADD(qtr, 1, '2008-11-30')",
        "SELECT DATE '01.02.2008'",
        "SELECT TIME '12:00 PM'",
        "SELECT CURRENT_TIMESTAMP",
        "SELECT NOW()",
        "SELECT EXTRACT(us FROM SYSDATE)",
        "SELECT DATE_PART(ms, SYSDATE)",
        "SELECT TO_CHAR(SYSDATE, 'YYYYthMM')",
        "SELECT TO_CHAR(SYSDATE, 'SSSS')",
        "SELECT TO_CHAR(12345, '999')",
        "SELECT TO_CHAR(1, '9V9')",
        "SELECT TO_CHAR('2008-01-01', 'YYYY')",
        "SELECT TO_DATE('2008-13-01', 'YYYY-MM-DD')",
        "SELECT TO_DATE('8-13-01', 'YYYY-MM-DD')",
        "SELECT TO_NUMBER('1,23', '9,999')",
        "SELECT CONVERT_TIMEZONE('IST', '2008-01-01')",
        "SELECT CONVERT_TIMEZONE('xxx36', '2008-01-01')",
        "SELECT DATE '0001-01-01' - 1",
        "SELECT TIMESTAMP '2008-01-01' - DATE '2007-01-01'",
        "SELECT TIME '10:00' + INTERVAL '1' HOUR",
    ],
)
def test_what_the_guide_leaves_open_is_refused(warehouse: Warehouse, sql: str) -> None:
    assert "not emulated locally" in warehouse.error(sql)


def test_getdate_is_the_statement_s_and_sysdate_the_transaction_s(warehouse: Warehouse) -> None:
    pause = "SELECT COUNT(*) FROM (SELECT 1) a, (SELECT 1) b"
    described = warehouse.batch(
        "SELECT SYSDATE, TIMEOFDAY()", pause, "SELECT SYSDATE, TIMEOFDAY()", "SELECT TIMEOFDAY()"
    )
    first, _, second, _ = (part["Id"] for part in described["SubStatements"])
    pages = [warehouse.client.get_statement_result(Id=i)["Records"][0] for i in (first, second)]
    assert pages[0][0] == pages[1][0]
    assert pages[0][1] != pages[1][1]
