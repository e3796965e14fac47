"""The session's parameters: their documented defaults and which values mean the same here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.redshift_data.errors import NotEmulated, StatementError

Check = Callable[[str, str], str]
"""Takes a parameter's name and value, returns what SHOW prints; raises StatementError."""

_ON, _OFF = ("on", "true", "yes", "1"), ("off", "false", "no", "0")
_SLOTS = 50
_PERCENT = 100
_CLUSTERS = 10
_LONGEST_TIMEOUT = 2**31 - 1


@dataclass(frozen=True)
class Parameter:
    """A parameter that SET can name."""

    default: str
    check: Check
    label: str = ""
    """The column's name in SHOW, where it is not the parameter's."""


def _any_text(name: str, value: str) -> str:
    del name
    return value


def _whole(low: int, high: int) -> Check:
    def check(name: str, value: str) -> str:
        if not re.fullmatch(r"[+-]?\d+", value):
            raise StatementError(f'invalid value for parameter "{name}": "{value}"')
        if not low <= int(value) <= high:
            raise StatementError(
                f'{int(value)} is outside the valid range for parameter "{name}" ({low} .. {high})'
            )
        return str(int(value))

    return check


def _percent(name: str, value: str) -> str:
    if not re.fullmatch(r"\+?(\d+\.?\d*|\.\d+)", value) or float(value) > _PERCENT:
        raise StatementError(f'invalid value for parameter "{name}": "{value}"')
    return value


def _switch(name: str, value: str) -> str:
    if value.lower() in _ON:
        return "on"
    if value.lower() in _OFF:
        return "off"
    raise StatementError(f'parameter "{name}" requires a Boolean value')


def _must_stay(only: str) -> Check:
    """Refuse what would change answers in a way that is not emulated."""

    def check(name: str, value: str) -> str:
        if _switch(name, value) != only:
            raise NotEmulated(f"{name} = {value}")
        return only

    return check


def _utc(name: str, value: str) -> str:
    if value.upper() not in ("UTC", "+00:00", "+0:00", "+00"):
        raise NotEmulated(f"{name} = {value}")
    return "UTC"


def _iso(name: str, value: str) -> str:
    words = [word.strip().upper() for word in value.split(",")]
    if not set(words) <= {"ISO", "MDY"} or len(set(words)) != len(words):
        raise NotEmulated(f"{name} = {value}")
    return "ISO, MDY"


def _no_digits(name: str, value: str) -> str:
    if _whole(-15, 2)(name, value) != "0":
        raise NotEmulated(f"{name} = {value}")
    return "0"


PARAMETERS: Mapping[str, Parameter] = {
    "analyze_threshold_percent": Parameter("10", _percent),
    "application_name": Parameter("", _any_text),
    "cast_super_null_on_error": Parameter("on", _must_stay("on")),
    "datestyle": Parameter("ISO, MDY", _iso),
    "describe_field_name_in_uppercase": Parameter("off", _must_stay("off")),
    "downcase_delimited_identifier": Parameter("on", _must_stay("on")),
    "enable_case_sensitive_identifier": Parameter("off", _must_stay("off")),
    "enable_case_sensitive_super_attribute": Parameter("off", _switch),
    "enable_numeric_rounding": Parameter("off", _must_stay("off")),
    "enable_result_cache_for_session": Parameter("on", _switch),
    "enable_vacuum_boost": Parameter("off", _switch),
    "extra_float_digits": Parameter("0", _no_digits),
    "max_concurrency_scaling_clusters": Parameter("1", _whole(0, _CLUSTERS)),
    "mv_enable_aqmv_for_session": Parameter("on", _switch),
    "navigate_super_null_on_error": Parameter("on", _must_stay("on")),
    "parse_super_null_on_error": Parameter("off", _must_stay("off")),
    "query_group": Parameter("unset", _any_text),
    "search_path": Parameter("$user, public", _any_text),
    "statement_timeout": Parameter("0", _whole(0, _LONGEST_TIMEOUT)),
    "timezone": Parameter("UTC", _utc),
    "wlm_query_slot_count": Parameter("1", _whole(1, _SLOTS)),
}
"""Those with an effect that is emulated, and those that change no answer here."""

DEFAULTS: Mapping[str, str | None] = {name: each.default for name, each in PARAMETERS.items()}


def checked(name: str, value: str) -> str:
    """Return a parameter's value as SHOW prints it; raises StatementError."""
    if name not in PARAMETERS:
        raise NotEmulated(f"parameter {name}")
    return PARAMETERS[name].check(name, value)


def path_text(schemas: tuple[str, ...]) -> str:
    """Return a search path as SHOW prints it."""
    return ", ".join('"$user"' if name == "$user" else name for name in schemas)


def schemas_of(path: str) -> tuple[str, ...]:
    """Return the schemas of a search path that SHOW prints."""
    return tuple(name.strip().strip('"') for name in path.split(",") if name.strip())
