"""Text to dates, times and timestamps, in every format that the guide has for literals."""

from local.redshift_data.dialect.macros.raising import invalid, raising

DAY = r"(?:[1-9]\d{3}|0[1-9]\d{2}|00[1-9]\d|000[1-9])-\d{2}-\d{2}"
TIME = r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
ZONE = r"\s?(Z|UTC|[-+]\d{2}(:?\d{2})?)"
OUT_OF_RANGE = raising("'date/time field value out of range: \"' || t || '\"'")
_MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
_NAME = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
# Years of two digits: between 50 and 69 the guide does not say which century it is.
_REWRITTEN = (
    (rf"^(\d{{1,2}}) ({_NAME}) ({_CLOCK}) (\d{{4}})\b", r"\1-\2-\4 \3"),
    (rf"^({_NAME})[ -](\d{{1,2}})(?:,\s*|[ -])(\d{{4}})\b", r"\3-\1-\2"),
    (rf"^(\d{{1,2}})[ -]({_NAME})[ -](\d{{4}})\b", r"\3-\2-\1"),
    (r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4})\b", r"\3-\1-\2"),
    (r"^(\d{1,2})[/-](\d{1,2})[/-]([0-4]\d)\b", r"20\3-\1-\2"),
    (r"^(\d{1,2})[/-](\d{1,2})[/-]([7-9]\d)\b", r"19\3-\1-\2"),
    (r"^(\d{4})(\d{2})(\d{2})\b", r"\1-\2-\3"),
    (r"^([0-4]\d)(\d{2})(\d{2})\b", r"20\1-\2-\3"),
    (r"^([7-9]\d)(\d{2})(\d{2})\b", r"19\1-\2-\3"),
    (r"^(1[3-9]|2\d|3[01])\.(\d{1,2})\.(\d{4})\b", r"\3-\2-\1"),
    (r"^(\d{1,2})\.(1[3-9]|2\d|3[01])\.(\d{4})\b", r"\3-\1-\2"),
    (r"^(\S{8,16})[ T]\s*(\d{2})(\d{2})(\d{2})\b", r"\1 \2:\3:\4"),
)
_TIME_PIECES = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(?:\s*(am|pm)\b)?"
_ZONE_PIECE = r"(?:\s*(z|[-+]\d{2}(?::?\d{2})?|[a-z][a-z_]*(?:/[a-z_/+-]+)?))?"
_TIME_NAMES = "'h', 'mi', 's', 'f', 'half', 'zone'"


def _rewritten(sql: str) -> str:
    for pattern, target in _REWRITTEN:
        sql = f"regexp_replace({sql}, '(?i){pattern}', '{target}')"
    return sql


def _pieces(sql: str, pattern: str, names: str) -> str:
    return f"regexp_extract({sql}, '(?i)^{pattern}$', [{names}])"


def _text_to(name: str, fast: str, type_: str, slow: str, pieces: str) -> str:
    """Return a macro that casts what is written as ISO has it, and takes the rest to pieces."""
    return f"""CREATE OR REPLACE MACRO {name}(t) AS CASE
        WHEN t IS NULL OR regexp_full_match(t, '\\s*{fast}\\s*') THEN CAST(trim(t) AS {type_})
        ELSE list_transform([{pieces}], lambda p: CASE {slow} END)[1] END"""


_MOMENT = _pieces(
    "r",
    rf"(\d{{4}})-(\d{{1,2}}|{_NAME})-(\d{{1,2}})(?:[ T]\s*{_TIME_PIECES}{_ZONE_PIECE})?",
    f"'y', 'mo', 'd', {_TIME_NAMES}",
)
_PIECES = (
    # Days of a year and Julian days, 2008.366 and J2451187; TRY_CAST because DuckDB computes
    # what stands twice even where no branch needs it.
    f"""CREATE OR REPLACE MACRO rs_day_of_year(t) AS list_transform(
        [make_date(TRY_CAST(left(t, 4) AS BIGINT), 1, 1)
         + TRY_CAST(substring(t, 6, 3) AS INTEGER) - 1],
        lambda found: CASE WHEN CAST(year(found) AS VARCHAR) <> ltrim(left(t, 4), '0')
        THEN {OUT_OF_RANGE} ELSE CAST(found AS VARCHAR) || substring(t, 9) END)[1]""",
    rf"""CREATE OR REPLACE MACRO rs_without_day_number(t) AS CASE
        WHEN regexp_matches(t, '^\d{{4}}\.\d{{3}}\b') THEN rs_day_of_year(t)
        WHEN regexp_matches(t, '^[jJ]\d{{7}}\b')
        THEN CAST(DATE '2000-01-01' + TRY_CAST(substring(t, 2, 7) AS INTEGER) - 2451545 AS VARCHAR)
             || substring(t, 9)
        WHEN regexp_matches(t, '^(0?\d|1[0-2])\.(0?\d|1[0-2])\.\d{{4}}\b')
        THEN {raising("'not emulated locally: whether day or month comes first in ' || t")}
        ELSE t END""",
    f"""CREATE OR REPLACE MACRO rs_pieces(t) AS list_transform(
        [{_rewritten("rs_without_day_number(trim(t))")}], lambda r: {_MOMENT})[1]""",
    # DuckDB says what is out of range.
    f"""CREATE OR REPLACE MACRO rs_day(p) AS nullif(p.y, '0000') || '-' || lpad(
        CASE WHEN strlen(p.mo) < 3 THEN p.mo
        ELSE CAST(instr('{_MONTHS}', lower(left(p.mo, 3))) // 3 + 1 AS VARCHAR) END, 2, '0')
        || '-' || lpad(p.d, 2, '0')""",
    # 12 o'clock is left out: with AM or PM "the hour value must be less than 12".
    f"""CREATE OR REPLACE MACRO rs_clock(p, t) AS CASE
        WHEN p.h = '' THEN 0
        WHEN lpad(p.h, 2, '0') > '23' OR p.mi > '59' OR p.s > '59'
            OR (p.half <> '' AND lpad(p.h, 2, '0') > '12')
        THEN {OUT_OF_RANGE}
        WHEN p.half <> '' AND p.h IN ('0', '00', '12')
        THEN {raising("'not emulated locally: 12 hours with AM or PM'")}
        ELSE epoch_us(TRY_CAST(concat(lpad(p.h, 2, '0'), ':', p.mi, ':', rpad(p.s, 2, '0'), '.', rpad(p.f, 6, '0')) AS TIME))
            + CASE WHEN lower(p.half) = 'pm' THEN 43200000000 ELSE 0 END END""",
    """CREATE OR REPLACE MACRO rs_moment(t) AS list_transform([rs_pieces(t)], lambda p: {
        'at': CAST(CASE WHEN p.y <> '' THEN rs_day(p) END AS TIMESTAMP) + to_microseconds(rs_clock(p, t)), 'zone': p.zone})[1]""",
)

_TIME_ONLY = _pieces(
    r"regexp_replace(trim(t), '^(\d{2})(\d{2})(\d{2})\b', '\1:\2:\3')",
    rf"(?:\d{{1,2}}\.\d{{1,2}}\.\d{{4}} )?{_TIME_PIECES}{_ZONE_PIECE}",
    _TIME_NAMES,
)
_NO_ZONE = raising("'not emulated locally: a TIME from text with a time zone'")

MACROS = (
    *_PIECES,
    f"""CREATE OR REPLACE MACRO rs_offset_in_text(t) AS list_transform([{_TIME_ONLY}],
        lambda p: CASE WHEN p.zone = '' THEN 0 ELSE rs_text_offset(p.zone) END)[1]""",
    _text_to(
        "rs_date",
        DAY,
        "DATE",
        f"WHEN p.at IS NULL THEN {invalid('type date')} ELSE CAST(p.at AS DATE)",
        "rs_moment(t)",
    ),
    # "Time zone values in input strings are ignored."
    _text_to(
        "rs_timestamp",
        rf"{DAY}([ T]{TIME}Z?)?",
        "TIMESTAMP",
        f"WHEN p.at IS NULL THEN {invalid('type timestamp')} ELSE p.at",
        "rs_moment(t)",
    ),
    _text_to(
        "rs_timestamptz",
        rf"{DAY}([ T]{TIME}({ZONE})?)?",
        "TIMESTAMPTZ",
        f"WHEN p.at IS NULL THEN {invalid('type timestamp with time zone')} "
        f"ELSE rs_from_zone(p.at, p.zone) AT TIME ZONE 'UTC'",
        "rs_moment(t)",
    ),
    _text_to(
        "rs_time",
        TIME,
        "TIME",
        f"WHEN p.h = '' THEN {invalid('type time')} WHEN p.zone <> '' THEN {_NO_ZONE} "
        "ELSE rs_time_of(rs_clock(p, t))",
        _TIME_ONLY,
    ),
    # Kept as the time in UTC, which is what tables show.
    _text_to(
        "rs_timetz",
        TIME,
        "TIME",
        f"WHEN p.h = '' THEN {invalid('type time with time zone')} "
        "ELSE rs_time_of(rs_clock(p, t) "
        "- CASE WHEN p.zone = '' THEN 0 ELSE rs_text_offset(p.zone) END * 1000000::BIGINT)",
        _TIME_ONLY,
    ),
)
