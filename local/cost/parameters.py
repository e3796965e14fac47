"""Which parameters would be deployed: the template's defaults, an environment's, and what is asked."""

import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

# SAM takes an environment's settings for a command before those for all of its commands.
COMMAND = "deploy"
ALL = "global"


class Refused(ValueError):
    """What was asked cannot be priced; the message says what is wrong and what is allowed."""


def chosen(declared: Mapping[str, Mapping[str, Any]], *layers: Mapping[str, str]) -> dict[str, str]:
    """Return every parameter's value as text: its default, or that of the last layer which has it.

    Raises Refused for a name that is not declared and for a value that the template forbids.
    """
    values = {name: str(about.get("Default", "")) for name, about in declared.items()}
    for layer in layers:
        for name, value in layer.items():
            if name not in declared:
                known = ", ".join(sorted(declared))
                raise Refused(f"template.yaml has no parameter {name}; it has {known}")
            _check(name, value, declared[name])
            values[name] = value
    return values


def environment(text: str, name: str) -> tuple[dict[str, str], str]:
    """Read an environment's parameters, and its Region if it names one, from samconfig.toml's text.

    Raises Refused for an environment that is not there.
    """
    config = tomllib.loads(text)
    deployed = {env for env, commands in config.items() if COMMAND in _tables(commands)}
    if name not in deployed:
        known = ", ".join(sorted(deployed))
        raise Refused(f"samconfig.toml has no environment {name}; it has {known}")
    settings = _settings(config, name, ALL) | _settings(config, name, COMMAND)
    overrides = settings.get("parameter_overrides", "")
    words = shlex.split(overrides) if isinstance(overrides, str) else overrides
    return pairs(words), str(settings.get("region", ""))


def pairs(words: Iterable[str]) -> dict[str, str]:
    """Read words like LoadWindowSeconds=60; raises Refused for any other."""
    split = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals):
            raise Refused(f"{word} is no parameter; write Name=Value, as LoadWindowSeconds=60")
        split[name] = value
    return split


def _settings(config: Mapping[str, Any], env: str, command: str) -> dict[str, Any]:
    return _tables(_tables(_tables(config.get(env)).get(command)).get("parameters"))


def _tables(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _check(name: str, value: str, about: Mapping[str, Any]) -> None:
    options = [str(option) for option in about.get("AllowedValues", ())]
    if options and value not in options:
        raise Refused(f"{name}={value}: allowed is {', '.join(options)}")
    pattern = about.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        raise Refused(f"{name}={value}: allowed is what matches {pattern}")
    if about.get("Type") == "Number":
        _check_number(name, value, about)


def _check_number(name: str, value: str, about: Mapping[str, Any]) -> None:
    least, most = about.get("MinValue"), about.get("MaxValue")
    try:
        number = Decimal(value)
        fits = (
            number.is_finite()
            and (least is None or number >= least)
            and (most is None or number <= most)
        )
    except InvalidOperation:
        fits = False
    if not fits:
        raise Refused(f"{name}={value}: allowed is a number{_range(least, most)}")


def _range(least: Any, most: Any) -> str:
    if least is None and most is None:
        return ""
    if most is None:
        return f" from {least}"
    return f" to {most}" if least is None else f" from {least} to {most}"
