"""Formats of dates and times for TO_CHAR: an allow-list of the guide's dateparts."""

import re
from collections.abc import Iterator

from local.redshift_data.dialect.moments import without_zone
from local.redshift_data.dialect.scope import Compiled
from local.redshift_data.dialect.types import TIMESTAMPTZ, varchar
from local.redshift_data.errors import NotEmulated, StatementError

# Each number: how to compute it, and how many digits it has where FM is not before it.
_NUMBERS = {
    "YYYY": ("year({})", 4),
    "YYY": ("year({}) % 1000", 3),
    "YY": ("year({}) % 100", 2),
    "Y": ("year({}) % 10", 1),
    "IYYY": ("isoyear({})", 4),
    "IYY": ("isoyear({}) % 1000", 3),
    "IY": ("isoyear({}) % 100", 2),
    "I": ("isoyear({}) % 10", 1),
    "CC": ("((year({}) - 1) // 100 + 1)", 2),
    "Q": ("quarter({})", 1),
    "MM": ("month({})", 2),
    "W": ("((day({}) - 1) // 7 + 1)", 1),
    "WW": ("((dayofyear({}) - 1) // 7 + 1)", 2),
    "IW": ("weekofyear({})", 2),
    "DDD": ("dayofyear({})", 3),
    "IDDD": ("((weekofyear({0}) - 1) * 7 + isodow({0}))", 3),
    "DD": ("day({})", 2),
    "D": ("(dayofweek({}) + 1)", 1),
    "ID": ("isodow({})", 1),
    "J": ("CAST(julian(CAST({} AS DATE)) AS BIGINT)", 1),
    "HH24": ("hour({})", 2),
    "HH12": ("((hour({}) + 11) % 12 + 1)", 2),
    "HH": ("((hour({}) + 11) % 12 + 1)", 2),
    "MI": ("minute({})", 2),
    "SS": ("second({})", 2),
    "MS": ("(microsecond({}) % 1000000 // 1000)", 3),
    "US": ("(microsecond({}) % 1000000)", 6),
}
_NEVER_CUT = ("MS", "US")
# Each name: how to compute it, and the width to which blanks fill it up.
_NAMES = {
    "Month": ("monthname({})", 9),
    "Mon": ("left(monthname({}), 3)", 0),
    "Day": ("dayname({})", 9),
    "Dy": ("left(dayname({}), 3)", 0),
}
_ROMAN = "['I','II','III','IV','V','VI','VII','VIII','IX','X','XI','XII'][month({})]"
_SEPARATORS = "-/:., ;"


def _texts() -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield the tokens that are spelled in capitals or not, each way with what it gives."""
    for name, (sql, width) in _NAMES.items():
        yield name, (sql, width)
        yield name.upper(), (f"upper({sql})", width)
        yield name.lower(), (f"lower({sql})", width)
    yield "RM", (_ROMAN, 4)
    yield "rm", (f"lower({_ROMAN})", 4)
    for dots in ("", "."):
        morning, afternoon = f"A{dots}M{dots}", f"P{dots}M{dots}"
        either = f"CASE WHEN hour({{}}) < 12 THEN '{morning}' ELSE '{afternoon}' END"
        for element in (morning, afternoon):
            yield element, (either, 0)
            yield element.lower(), (f"lower({either})", 0)
        for element in (f"A{dots}D{dots}", f"B{dots}C{dots}"):
            yield element, (f"'A{dots}D{dots}'", 0)
            yield element.lower(), (f"'a{dots}d{dots}'", 0)
    # The session's time zone is UTC.
    yield "TZ", ("'UTC'", 0)
    yield "tz", ("'utc'", 0)
    yield "OF", ("'+00'", 0)


_TEXTS = dict(_texts())
_NUMBER_TOKENS = {**{element: element for element in _NUMBERS}, **{t.lower(): t for t in _NUMBERS}}
TOKENS = sorted({*_TEXTS, *_NUMBER_TOKENS, "Y,YYY"}, key=len, reverse=True)
"""Every element of the guide's table, the longest first; numbers also in small letters."""
_TOKEN = re.compile(
    rf'(FM)?({"|".join(map(re.escape, TOKENS))})|("[^"]*")|([{re.escape(_SEPARATORS)}])'
)
_WIDEST = 9


def formatted(value: Compiled, format_: str) -> Compiled:
    """Return a moment as text; raises NotEmulated for what is not on the allow-list."""
    zoned = value.type == TIMESTAMPTZ
    sql = without_zone(value).sql
    pieces = [_piece(found, zoned=zoned) for found in _split(format_)]
    # One evaluation of the value, however many tokens there are.
    joined = " || ".join(pieces) or "''"
    text = f"list_transform([{sql}], lambda ts: {joined})[1]"
    return Compiled(text, varchar(max(len(pieces), 1) * _WIDEST + len(format_)))


def _split(format_: str) -> Iterator[re.Match[str]]:
    position = 0
    while position < len(format_):
        found = _TOKEN.match(format_, position)
        # In PostgreSQL SSSS is another element than SS twice; the guide does not have it.
        if not found or format_[position:].upper().startswith("SSSS"):
            raise NotEmulated(f"TO_CHAR format {format_[position:]}")
        yield found
        position = found.end()


def _piece(found: re.Match[str], *, zoned: bool) -> str:
    fill, element, quoted, separator = found.groups()
    if element is None:
        text = (quoted.strip('"') if quoted else separator).replace("'", "''")
        return f"'{text}'"
    if element == "OF" and not zoned:
        raise StatementError('"OF" is valid for TIMESTAMPTZ only')
    if element == "Y,YYY":
        return "regexp_replace(printf('%04d', year(ts)), '(...)$', ',\\1')"
    if element in _TEXTS:
        text, width = _TEXTS[element]
        named = text.format("ts")
        return f"rpad({named}, {width}, ' ')" if width and not fill else named
    return _number(_NUMBER_TOKENS[element], filled=not fill)


def _number(element: str, *, filled: bool) -> str:
    computed, digits = _NUMBERS[element]
    width = f"0{digits}" if filled or element in _NEVER_CUT else ""
    return f"printf('%{width}d', {computed.format('ts')})"
