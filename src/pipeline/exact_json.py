"""JSON read strictly and written exactly: no number changes its value between the two."""

import re
import sys
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from json import JSONDecodeError, JSONDecoder, JSONEncoder
from math import isinf
from typing import Any, NoReturn

from pipeline.errors import MalformedEvent

# Redshift's and DynamoDB's longest exact number.
MAX_DIGITS = 38
# Far above honest events, far below what any reader's stack takes.
MAX_DEPTH = 64
# 15 significant digits survive a double; sign and point come on top.
SURE_LENGTH = 16
BOM = "\ufeff"

JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# SQS refuses U+FFFE and U+FFFF; the others are no characters either.
NONCHARACTERS = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")
SAFE_NAME = re.compile(r"[a-z0-9_]{1,20}\Z")

_EXACT = Context(prec=MAX_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN)


class Exact(Decimal):
    """A fraction that no double equals; shown as its digits, which is how schema checks read it."""

    __repr__ = Decimal.__str__


Number = int | float | Exact


def decode(body: bytes | str) -> Any:
    """Read one JSON text; fractions that a double would change become Exact.

    Raises MalformedEvent for what is not UTF-8 or not strict JSON: a byte order mark, NaN, a member
    named twice, U+0000 and lone surrogates in strings, numbers beyond 38 digits or a double's
    range, nesting beyond 64 levels.
    """
    text = body if isinstance(body, str) else _text(body)
    if text.startswith(BOM):
        raise MalformedEvent("BOM", "$", "must not begin with a byte order mark")
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise _too_deep() from None
    except JSONDecodeError as fault:
        place = f"line {fault.lineno} column {fault.colno}"
        raise MalformedEvent("NOT_JSON", "$", f"is not JSON at {place}") from None
    escapes = "\\u" in text
    if escapes or text.count("{") + text.count("[") > MAX_DEPTH:
        _check(value, MAX_DEPTH, texts=escapes)
    return value


def check(value: Any) -> None:
    """Hold a value that never was JSON text to what `decode` promises.

    Raises MalformedEvent for U+0000, lone surrogates and nesting beyond 64 levels.
    """
    _check(value, MAX_DEPTH, texts=True)


def number(text: str) -> Number:
    """Read the text of one number: whole values as int, others as float or, if need be, Exact.

    Raises MalformedEvent for other texts and for numbers out of bounds.
    """
    form = JSON_NUMBER.fullmatch(text)
    if not form:
        raise MalformedEvent("NOT_A_NUMBER", "$", "is not a number")
    return _fraction(text) if form[1] or form[2] else _whole(text)


def write(value: Any, *, sort: bool = False) -> str:
    """Write a value without spaces, non-ASCII characters as they are, members as they come.

    With `sort`, members are in the order of their names: equal values give equal texts.
    """
    try:
        text = (_SORTED if sort else _PLAIN).encode(value)
    except TypeError:
        text = _write_exact(value, sort=sort)
    return text if text.isascii() else NONCHARACTERS.sub(_escape, text)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as fault:
        raise MalformedEvent("NOT_UTF8", "$", f"is not UTF-8 at byte {fault.start}") from None


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS and len(text.lstrip("-")) > MAX_DIGITS:
        raise _too_long()
    return int(text)


def _fraction(text: str) -> Number:
    if len(text) > SURE_LENGTH or "e" in text or "E" in text:
        return _exactly(text)
    value = float(text)
    return int(value) if value.is_integer() else value


def _exactly(text: str) -> Number:
    digits = text.lower().partition("e")[0].replace(".", "").strip("-0")
    if not digits:
        return 0
    if len(digits) > MAX_DIGITS:
        raise _too_long()
    value = float(text)
    # Whether Redshift's parser takes a double below the normal ones is not documented; a number
    # that it refused would keep a whole object out of the warehouse.
    if isinf(value) or abs(value) < sys.float_info.min:
        raise MalformedEvent("NUMBER_RANGE", "$", "holds a number beyond the range of a double")
    exact = Decimal(text).normalize(_EXACT)
    if exact == exact.to_integral_value() and exact.adjusted() < MAX_DIGITS:
        return int(exact)
    return value if Decimal(repr(value)) == exact else Exact(exact)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        path = f"$..{twice}" if SAFE_NAME.match(twice) else "$"
        raise MalformedEvent("DUPLICATE_KEY", path, "an object names one member twice")
    return members


def _constant(_: str) -> NoReturn:
    raise MalformedEvent("NOT_JSON", "$", "NaN and Infinity are not JSON")


def _check(value: Any, left: int, *, texts: bool) -> None:
    if isinstance(value, str):
        if texts:
            _check_text(value)
    elif isinstance(value, (dict, list)):
        if not left:
            raise _too_deep()
        if isinstance(value, dict) and texts:
            for name in value:
                _check_text(name)
        for member in value.values() if isinstance(value, dict) else value:
            _check(member, left - 1, texts=texts)


def _check_text(text: str) -> None:
    if text.isascii():
        if "\0" in text:
            raise MalformedEvent("NUL", "$", "a string holds U+0000, which cannot be stored")
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        fault = "a string holds half of a surrogate pair"
        raise MalformedEvent("LONE_SURROGATE", "$", fault) from None
    if "\0" in text:
        raise MalformedEvent("NUL", "$", "a string holds U+0000, which cannot be stored")


def _too_deep() -> MalformedEvent:
    return MalformedEvent("TOO_DEEP", "$", f"is nested more than {MAX_DEPTH} levels deep")


def _too_long() -> MalformedEvent:
    return MalformedEvent("NUMBER_TOO_LONG", "$", f"holds a number of over {MAX_DIGITS} digits")


def _write_exact(value: Any, *, sort: bool) -> str:
    """Write what the standard encoder cannot: an Exact number."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        members = sorted(value.items()) if sort else value.items()
        inner = (f"{_PLAIN.encode(name)}:{_write_exact(v, sort=sort)}" for name, v in members)
        return "{" + ",".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_write_exact(item, sort=sort) for item in value) + "]"
    return _PLAIN.encode(value)


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


_DECODER = JSONDecoder(
    object_pairs_hook=_object, parse_float=_fraction, parse_int=_whole, parse_constant=_constant
)
# Decoded values hold no cycles, so none are looked for.
_PLAIN = JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
_SORTED = JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), check_circular=False, sort_keys=True
)
