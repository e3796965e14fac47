"""Which parameters would be deployed: the template's defaults, an environment's, and what is asked."""

import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

# SAM takes an environment's settings for a command before those for all of its commands.
COMMAND = "deploy"
ALL = "global"
# A name as SAM reads it; what follows a blank in a value that is not quoted looks different.
_PAIR = re.compile(r"[A-Za-z0-9]+=.*", re.DOTALL)


class Refused(ValueError):
    """What was asked cannot be done; the message says what is wrong and what is allowed."""


@dataclass(frozen=True)
class Environment:
    """What samconfig.toml says of an environment; a name that it does not give is empty."""

    overrides: Mapping[str, str]
    region: str
    stack_name: str


def chosen(declared: Mapping[str, Mapping[str, Any]], *layers: Mapping[str, str]) -> dict[str, str]:
    """Return every parameter's value as text: its default, or that of the last layer which has it.

    Raises Refused for a name that is not declared, for a value that the template forbids, and where
    there is neither a default nor a value.
    """
    values = {name: str(about["Default"]) for name, about in declared.items() if "Default" in about}
    for layer in layers:
        for name, value in layer.items():
            if name not in declared:
                known = ", ".join(sorted(declared))
                raise Refused(f"template.yaml has no parameter {name}; it has {known}")
            _check(name, value, declared[name])
            values[name] = value
    if missing := sorted(set(declared) - set(values)):
        raise Refused(f"{', '.join(missing)}: there is no default, so a value has to be given")
    return values


def environment(text: str, name: str) -> Environment:
    """Read an environment from samconfig.toml's text; raises Refused for one that is not there."""
    config = tomllib.loads(text)
    deployed = {env for env, commands in config.items() if COMMAND in _tables(commands)}
    if name not in deployed:
        known = ", ".join(sorted(deployed))
        raise Refused(f"samconfig.toml has no environment {name}; it has {known}")
    settings = _settings(config, name, ALL) | _settings(config, name, COMMAND)
    overrides = settings.get("parameter_overrides", "")
    return Environment(
        pairs([overrides] if isinstance(overrides, str) else overrides),
        str(settings.get("region", "")),
        str(settings.get("stack_name", "")),
    )


def pairs(words: Iterable[str]) -> dict[str, str]:
    """Read words like LoadWindowSeconds=60, or several in one: "BaseCapacity=4 AlertEmail='a b'".

    A word that a shell took the quotes from, such as Name=a b, is one value. A backslash is itself.
    Raises Refused for any other.
    """
    split = {}
    for pair in (pair for word in words for pair in _apart(str(word))):
        name, _, value = pair.partition("=")
        if not _PAIR.fullmatch(pair) or name == "ParameterKey":
            raise Refused(f"{pair} is no parameter; write Name=Value, as LoadWindowSeconds=60")
        split[name] = value
    return split


def _apart(word: str) -> list[str]:
    lexer = shlex.shlex(word, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    try:
        found = list(lexer)
    except ValueError:  # a quote without its other one is a character like others
        found = word.split()
    is_one = len(found) > 1 and _PAIR.fullmatch(word) and not any(map(_PAIR.fullmatch, found[1:]))
    return [word] if is_one else found


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
