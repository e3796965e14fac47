"""How COPY reads dates and times: the default formats, 'auto', epochs and format strings."""

import re
from itertools import product

from local.redshift_data.dialect.conversions import cast
from local.redshift_data.dialect.load.options import CopyOptions
from local.redshift_data.dialect.macros.raising import raising
from local.redshift_data.dialect.scope import Compiled
from local.redshift_data.dialect.types import DATE, TIMESTAMP, TIMESTAMPTZ, UNKNOWN, RedshiftType
from local.redshift_data.errors import NotEmulated, StatementError

_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}:\d{2}(\.\d{1,6})?"
_OFFSET = r"[-+]\d{1,2}(:?\d{2})?"
_DEFAULTS = {
    "date": ("YYYY-MM-DD", _DAY),
    "timestamp": ("YYYY-MM-DD HH24:MI:SS", rf"{_DAY} {_CLOCK}"),
    "timestamptz": ("YYYY-MM-DD HH24:MI:SSOF", rf"{_DAY} {_CLOCK}{_OFFSET}"),
}
_EPOCHS = {"epochsecs": "000000", "epochmillisecs": "000"}
"""What makes microseconds of them."""

_TOKENS = (
    ("YYYY", r"\d{4}", ("%Y",)),
    ("YY", r"\d{2}", ("%y",)),
    ("MON", r"[A-Za-z]{3,9}", ("%b", "%B")),
    ("MM", r"\d{2}", ("%m",)),
    ("MI", r"\d{2}", ("%M",)),
    ("DD", r"\d{2}", ("%d",)),
    ("HH24", r"\d{2}", ("%H",)),
    ("HH12", r"\d{2}", ("%I",)),
    ("HH", r"\d{2}", ("%H",)),
    ("SS", r"\d{2}(?:\.\d{1,6})?", ("%S", "%S.%f")),
    ("AM", r"[AaPp][Mm]", ("%p",)),
    ("PM", r"[AaPp][Mm]", ("%p",)),
)
_ZONES = ("TZ", "OF")


def moment(text: str, type_: RedshiftType, options: CopyOptions) -> str:
    """Return the SQL that reads a DATE, TIMESTAMP or TIMESTAMPTZ from SQL text."""
    chosen = options.date_format if type_ == DATE else options.time_format
    if chosen in _EPOCHS and type_ != DATE:
        return _epoch(text, type_, _EPOCHS[chosen])
    if chosen == "auto":
        return _automatic(text, type_, options)
    if not chosen:
        return _default(text, type_, options)
    return _formatted(text, type_, chosen, options)


def _otherwise(text: str, type_: RedshiftType, options: CopyOptions, wanted: str) -> str:
    """Return the SQL for text that is in another form: an error, or with an option NULL."""
    if options.has("ACCEPTANYDATE") and type_ != TIMESTAMPTZ:
        return "NULL"
    kind = "date" if type_ == DATE else "timestamp"
    return raising(f"'Invalid {kind} format or value [{wanted}]: \"' || {text} || '\"'")


def _default(text: str, type_: RedshiftType, options: CopyOptions) -> str:
    """Read the default format; what comes near it is not known to be an error."""
    wanted, strict = _DEFAULTS[type_.name]
    value = cast(Compiled(text, UNKNOWN), type_).sql
    near = raising(f"'not emulated locally: COPY of \"' || {text} || '\" without a format'")
    return (
        f"CASE WHEN {text} IS NULL OR regexp_full_match({text}, '{strict}') THEN {value} "
        f"WHEN regexp_matches({text}, '^\\s*{_DAY}') AND NOT contains({text}, 'T') "
        f"THEN CAST({near} AS {type_.duckdb}) "
        f"ELSE CAST({_otherwise(text, type_, options, wanted)} AS {type_.duckdb}) END"
    )


def _automatic(text: str, type_: RedshiftType, options: CopyOptions) -> str:
    """Read ISO 8601 as casts do; other forms that Redshift recognises are not known here."""
    if options.has("ACCEPTANYDATE") or options.max_error is None or options.max_error > 1:
        known = rf"\s*{_DAY}([ T]\d{{2}}:\d{{2}}(:\d{{2}}(\.\d{{1,6}})?)?\s?(Z|{_OFFSET})?)?\s*"
        other = raising(f"'not emulated locally: COPY of \"' || {text} || '\" as ''auto'''")
        return (
            f"CASE WHEN {text} IS NULL OR regexp_full_match({text}, '{known}') "
            f"THEN {_iso(text, type_)} ELSE CAST({other} AS {type_.duckdb}) END"
        )
    return _iso(text, type_)


def _iso(text: str, type_: RedshiftType) -> str:
    if type_ == TIMESTAMPTZ:
        return cast(Compiled(text, UNKNOWN), type_).sql
    # The time of a DATE is dropped, and the offset of a TIMESTAMP ignored.
    return cast(Compiled(f"left({text}, 10)" if type_ == DATE else text, UNKNOWN), type_).sql


def _epoch(text: str, type_: RedshiftType, zeros: str) -> str:
    wrong = raising(f"'Invalid timestamp format or value [epoch]: \"' || {text} || '\"'")
    fraction = raising("'not emulated locally: COPY of an epoch with a fraction'")
    stamp = f"make_timestamp(CAST({text} || '{zeros}' AS BIGINT))"
    value = f"({stamp} AT TIME ZONE 'UTC')" if type_ == TIMESTAMPTZ else stamp
    return (
        f"CASE WHEN {text} IS NULL OR regexp_full_match({text}, '-?\\d+') THEN {value} "
        f"WHEN regexp_full_match({text}, '-?\\d+\\.\\d+') THEN CAST({fraction} AS {type_.duckdb}) "
        f"ELSE CAST({wrong} AS {type_.duckdb}) END"
    )


def _formatted(text: str, type_: RedshiftType, chosen: str, options: CopyOptions) -> str:
    if type_ == TIMESTAMPTZ:
        # "To load TIMESTAMPTZ data in a format different from the default, specify 'auto'."
        raise NotEmulated("COPY of TIMESTAMPTZ with a TIMEFORMAT other than 'auto'")
    strict, readings = _compiled(chosen)
    listed = ", ".join(f"'{each}'" for each in readings)
    stamp = f"CAST(strptime({text}, [{listed}]) AS {type_.duckdb})"
    loose = strict.replace(r"\d{2}", r"\d{1,2}")
    near = raising(f"'not emulated locally: COPY of \"' || {text} || '\" as {chosen}'")
    wrong = _otherwise(text, type_, options, chosen)
    return (
        f"CASE WHEN {text} IS NULL THEN NULL WHEN regexp_full_match({text}, '{strict}') "
        f"THEN {stamp} WHEN regexp_full_match({text}, '{loose}') "
        f"THEN CAST({near} AS {type_.duckdb}) ELSE CAST({wrong} AS {type_.duckdb}) END"
    )


def _compiled(chosen: str) -> tuple[str, list[str]]:
    """Return a format string as a pattern and as all of DuckDB's formats that may apply."""
    pattern, parts, at = "", list[tuple[str, ...]](), 0
    while at < len(chosen):
        rest = chosen[at:].upper()
        if rest.startswith(_ZONES):
            raise StatementError("You can't include a time zone specifier in a COPY format")
        token = next((token for token in _TOKENS if rest.startswith(token[0])), None)
        if token:
            pattern, at = pattern + token[1], at + len(token[0])
            parts.append(token[2])
            continue
        if chosen[at].isalnum() or chosen[at] in "%'\\":
            raise NotEmulated(f"COPY date or time format {chosen}")
        pattern, at = pattern + re.escape(chosen[at]), at + 1
        parts.append((chosen[at - 1],))
    return pattern, ["".join(each) for each in product(*parts)]


MOMENTS = (DATE, TIMESTAMP, TIMESTAMPTZ)
