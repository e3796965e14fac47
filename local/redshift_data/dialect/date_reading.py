"""TO_DATE and TO_TIMESTAMP: a format becomes a pattern that the text must match."""

import re

from local.redshift_data.dialect.scope import Compiled
from local.redshift_data.errors import NotEmulated, StatementError

_MONTH = "[A-Za-z]{3,9}"
# Each token: which piece of a date it reads, and what stands for it in the text.
_PIECES = {
    "YYYY": ("y", r"\d{4}"),
    "MM": ("mo", r"\d{1,2}"),
    "MONTH": ("name", _MONTH),
    "MON": ("name", _MONTH),
    "DDD": ("doy", r"\d{1,3}"),
    "DD": ("d", r"\d{1,2}"),
    "HH24": ("h", r"\d{1,2}"),
    "HH12": ("h12", r"\d{1,2}"),
    "HH": ("h12", r"\d{1,2}"),
    "MI": ("mi", r"\d{1,2}"),
    "SS": ("s", r"\d{1,2}"),
    "MS": ("f", r"\d{3}"),
    "US": ("f", r"\d{6}"),
    "AM": ("half", "(?i:[AP]M)"),
    "PM": ("half", "(?i:[AP]M)"),
}
READ_TOKENS = sorted(_PIECES, key=len, reverse=True)
"""The tokens that TO_DATE and TO_TIMESTAMP read, in capitals or small letters."""
_TOKEN = re.compile(rf'({"|".join(READ_TOKENS)})|("[^"]*")|([-/:., ])', re.IGNORECASE)
_NAMES = ("y", "mo", "name", "doy", "d", "h", "h12", "mi", "s", "f", "half")
_CAPITAL = re.compile("[A-Z]+(12|24)?|[a-z]+(12|24)?|Month|Mon")


def pieces(text: Compiled, format_: str) -> str:
    """Return the SQL of a structure of texts, one for each piece that the format may read."""
    if re.search("tz|of|q", format_.lower()):
        raise StatementError(f'format "{format_}" is not supported as input')
    position, pattern, names = 0, "", list[str]()
    while position < len(format_):
        found = _TOKEN.match(format_, position)
        if not found or (found[1] and not _CAPITAL.fullmatch(found[1])):
            raise NotEmulated(f"date format {format_[position:]} for reading")
        pattern += _pattern(found, names)
        position = found.end()
    read = ", ".join(f"'{name}'" for name in names)
    missing = ", ".join(f"{name} := ''" for name in _NAMES if name not in names)
    extracted = f"regexp_extract({text.sql}, '^\\s*{pattern}(?:[^0-9].*)?$', [{read}])"
    return f"struct_insert({extracted}, {missing})"


def _pattern(found: re.Match[str], names: list[str]) -> str:
    token, quoted, separator = found.groups()
    if token is None:
        literal = quoted.strip('"') if quoted else separator
        return re.escape(literal).replace("'", "''")
    name, pattern = _PIECES[token.upper()]
    if name in names:
        raise NotEmulated(f"a date format that reads {token} twice")
    names.append(name)
    return f"({pattern})"
