"""Calendar rules: month ends, leap days, weeks, and the ends of the range."""

from local.redshift_data.dialect.macros.raising import raising

# DuckDB's own types go further than Redshift's: 4713 BC to 294276 AD.
_OUT_OF_RANGE = raising("'timestamp out of range'")
_BEFORE_CHRIST = raising("'not emulated locally: a date before the year 1'")
_LEAP_DAY = raising(
    "'not emulated locally: adding ' || what || ' to ' || d || ', whose day the result lacks'"
)
_DAYS_OF_WEEK = (
    ("su", "sun", "sunday"),
    ("m", "mo", "mon", "monday"),
    ("tu", "tue", "tues", "tuesday"),
    ("w", "we", "wed", "wednesday"),
    ("th", "thu", "thurs", "thursday"),
    ("f", "fr", "fri", "friday"),
    ("sa", "sat", "saturday"),
)
_DAY_NUMBERS = ", ".join(
    f"'{name}': {number}" for number, names in enumerate(_DAYS_OF_WEEK) for name in names
)
MACROS = (
    """CREATE OR REPLACE MACRO rs_time_of(us) AS
        TIME '00:00:00' + to_microseconds((us % 86400000000 + 86400000000) % 86400000000)""",
    # A lambda has its argument computed once however often the macro names it.
    f"""CREATE OR REPLACE MACRO rs_in_range(moved) AS list_transform([moved], lambda d: CASE
        WHEN year(d) > 294276 OR year(d) < -4712 THEN {_OUT_OF_RANGE}
        WHEN year(d) < 1 THEN {_BEFORE_CHRIST} ELSE d END)[1]""",
    # DATEADD: a day that the month lacks becomes its last; the 29th of February plus years
    # becomes the 1st of March.
    """CREATE OR REPLACE MACRO rs_add_years(start, n) AS list_transform([start], lambda d: CASE
        WHEN month(d) = 2 AND day(d) = 29 THEN d - to_days(1) + to_years(n) + to_days(1)
        ELSE d + to_years(n) END)[1]""",
    f"""CREATE OR REPLACE MACRO rs_add_whole(start, months, what) AS list_transform([start],
        lambda d: CASE WHEN day(d + to_months(months)) <> day(d) THEN {_LEAP_DAY}
        ELSE d + to_months(months) END)[1]""",
    # ADD_MONTHS: from the last day of a month to the last day of the other.
    """CREATE OR REPLACE MACRO rs_add_months(start, n) AS list_transform([start], lambda d: CASE
        WHEN last_day(d) = CAST(d AS DATE)
        THEN last_day(d + to_months(n)) + CAST(d AS TIME)
        ELSE d + to_months(n) END)[1]""",
    """CREATE OR REPLACE MACRO rs_trunc_years(d, n) AS
        make_timestamp((year(d) - 1) // n * n + 1, 1, 1, 0, 0, 0)""",
    """CREATE OR REPLACE MACRO rs_years_apart(a, b, n) AS
        (year(b) - 1) // n - (year(a) - 1) // n""",
    # Boundaries of weeks are crossed; which day starts one is not told. The year 1 began on a
    # Monday.
    """CREATE OR REPLACE MACRO rs_week_of(d, start) AS
        (date_diff('day', DATE '0001-01-01', CAST(d AS DATE)) + start) // 7""",
    f"""CREATE OR REPLACE MACRO rs_weeks_apart(a, b) AS CASE
        WHEN rs_week_of(b, 0) - rs_week_of(a, 0) = rs_week_of(b, 1) - rs_week_of(a, 1)
        THEN rs_week_of(b, 0) - rs_week_of(a, 0)
        WHEN a IS NOT NULL AND b IS NOT NULL
        THEN {raising("'not emulated locally: whether a week starts on Sunday or Monday'")} END""",
    """CREATE OR REPLACE MACRO rs_months_between(a, b) AS
        (year(a) - year(b)) * 12 + month(a) - month(b) + CASE
        WHEN day(a) = day(b) OR (last_day(a) = CAST(a AS DATE) AND last_day(b) = CAST(b AS DATE))
        THEN 0.0::DOUBLE
        ELSE (day(a) - day(b) + (epoch_us(CAST(a AS TIME)) - epoch_us(CAST(b AS TIME)))
              / 86400000000.0::DOUBLE) / 31.0::DOUBLE END""",
    f"""CREATE OR REPLACE MACRO rs_day_number(name) AS coalesce(
        MAP {{{_DAY_NUMBERS}}}[lower(name)],
        CASE WHEN name IS NOT NULL THEN {raising("'Invalid day of week: ' || name")} END)""",
    """CREATE OR REPLACE MACRO rs_next_day(d, name) AS
        CAST(d AS DATE) + CAST((rs_day_number(name) - dayofweek(d) + 6) % 7 + 1 AS INTEGER)""",
    """CREATE OR REPLACE MACRO rs_order(a, b) AS
        CASE WHEN a < b THEN -1 WHEN a > b THEN 1 WHEN a = b THEN 0 END""",
    # Durations as the guide shows them: 1 years 2 mons, 0 days 2 hours 3 mins 4.5 secs.
    """CREATE OR REPLACE MACRO rs_show_months(n) AS
        (n // 12) || ' years ' || (n % 12) || ' mons'""",
    r"""CREATE OR REPLACE MACRO rs_show_seconds(s) AS
        CASE WHEN s < 0 THEN '-' ELSE '' END
        || regexp_replace(printf('%d.%06d', abs(s) // 1000000, abs(s) % 1000000),
                          '(\.\d\d*?)0+$', '\1') || ' secs'""",
    """CREATE OR REPLACE MACRO rs_show_duration(us) AS (us // 86400000000) || ' days '
        || (us // 3600000000 % 24) || ' hours ' || (us // 60000000 % 60) || ' mins '
        || rs_show_seconds(us % 60000000)""",
    # … and cast to text, in the interval style "postgres": 1 year 2 mons, 1 day 02:03:04.5.
    """CREATE OR REPLACE MACRO rs_counted(n, unit) AS CASE
        WHEN n = 0 THEN NULL ELSE n || ' ' || unit || CASE WHEN n = 1 THEN '' ELSE 's' END END""",
    """CREATE OR REPLACE MACRO rs_months_text(n) AS CASE
        WHEN n = 0 THEN '00:00:00'
        ELSE concat_ws(' ', rs_counted(n // 12, 'year'), rs_counted(n % 12, 'mon')) END""",
    r"""CREATE OR REPLACE MACRO rs_duration_text(us) AS CASE
        WHEN us IS NULL THEN NULL WHEN us = 0 THEN '00:00:00'
        ELSE concat_ws(' ', rs_counted(us // 86400000000, 'day'),
            CASE WHEN us % 86400000000 <> 0 THEN CASE WHEN us < 0 THEN '-' ELSE '' END
                || CAST(TIME '00:00:00' + to_microseconds(abs(us) % 86400000000) AS VARCHAR)
            END) END""",
)
