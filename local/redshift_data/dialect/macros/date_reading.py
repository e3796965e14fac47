"""Dates from the pieces that TO_DATE and TO_TIMESTAMP read; overflow goes on counting."""

from local.redshift_data.dialect.macros.raising import raising

_NO_FIT = raising("'not emulated locally: TO_DATE or TO_TIMESTAMP of ' || t || ' by its format'")
_DATE_RANGE = raising(
    "'date/time field date value out of range: ' || w.y || '-' || w.mo || '-' || w.d"
)
_TIME_RANGE = raising(
    "'date/time field time value out of range: ' || w.h || ':' || w.mi || ':' || w.s || '.0'"
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTH_NUMBERS = ", ".join(
    f"'{name}': {at}"
    for at, full in enumerate(_MONTHS, start=1)
    for name in dict.fromkeys((full[:3], full))
)


def _number(piece: str, default: str) -> str:
    return f"CASE WHEN p.{piece} = '' THEN {default} ELSE TRY_CAST(p.{piece} AS BIGINT) END"


MACROS = (
    f"""CREATE OR REPLACE MACRO rs_date_numbers(p) AS {{
        'y': {_number("y", "1")},
        'mo': CASE WHEN p.name <> '' THEN MAP {{{_MONTH_NUMBERS}}}[lower(p.name)]
              ELSE {_number("mo", "1")} END,
        'd': {_number("d", "1")},
        'doy': {_number("doy", "NULL")},
        'h': CASE WHEN p.half <> '' THEN TRY_CAST(p.h12 AS BIGINT) % 12
                  + CASE WHEN lower(p.half) = 'pm' THEN 12 ELSE 0 END
             WHEN p.h12 <> '' THEN TRY_CAST(p.h12 AS BIGINT)
             ELSE {_number("h", "0")} END,
        'mi': {_number("mi", "0")},
        's': {_number("s", "0")},
        'us': TRY_CAST(rpad(p.f, 6, '0') AS BIGINT) }}""",
    # Only what the guide shows goes on: a day that the month lacks, and the hour 24. With
    # neither AM nor PM a clock of 12 hours is read up to 11 o'clock.
    f"""CREATE OR REPLACE MACRO rs_dated(p, w, t, strict) AS CASE
        WHEN t IS NULL THEN NULL
        WHEN concat(p.y, p.mo, p.name, p.doy, p.d, p.h, p.h12, p.mi, p.s) = '' THEN {_NO_FIT}
        WHEN w.mo IS NULL OR w.y = 0 OR w.d = 0 OR w.mo NOT BETWEEN 1 AND 12
            OR (p.h12 <> '' AND TRY_CAST(p.h12 AS BIGINT) > CASE WHEN p.half = '' THEN 11 ELSE 12 END)
            OR (p.half <> '' AND p.h12 IN ('', '0', '00')) OR w.mi > 59 OR w.s > 59
            OR w.h > 24 OR w.doy NOT BETWEEN 1 AND 365
            OR w.d > 31
        THEN {_NO_FIT}
        WHEN strict AND w.d > day(last_day(make_date(w.y, w.mo, 1))) THEN {_DATE_RANGE}
        WHEN strict AND w.h > 23 THEN {_TIME_RANGE}
        ELSE make_timestamp(w.y, CASE WHEN w.doy IS NULL THEN w.mo ELSE 1 END, 1, 0, 0, 0)
            + to_days(CAST(coalesce(w.doy, w.d) - 1 AS INTEGER))
            + to_microseconds(w.h * 3600000000 + w.mi * 60000000 + w.s * 1000000 + w.us) END""",
    """CREATE OR REPLACE MACRO rs_read_date(pieces, t, strict) AS list_transform(
        [{'p': pieces, 'w': rs_date_numbers(pieces)}], lambda x: rs_dated(x.p, x.w, t, strict)
        )[1]""",
)
