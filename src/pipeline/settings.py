"""Settings come from the environment, once, at import of a handler, and all gaps are told at once."""

import os
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, TypeVar

from pipeline.errors import SettingsMissing

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Settings = TypeVar("Settings", bound=DataclassInstance)
else:
    Settings = TypeVar("Settings")


def from_env(kind: type[Settings], env: Mapping[str, str] = os.environ) -> Settings:
    """Fill the frozen dataclass `kind` from the variables named as its fields, in upper case.

    Fields are `str` or `int`; a field with a default may be absent. An empty value counts as
    absent, because CloudFormation cannot leave a variable out.

    Raises SettingsMissing with every absent or malformed variable.
    """
    values: dict[str, str | int] = {}
    faults: list[str] = []
    for field in fields(kind):
        name = field.name.upper()
        text = env.get(name, "")
        if not text:
            if field.default is MISSING:
                faults.append(f"{name} is not set")
        elif field.type in (int, "int"):
            if text.isdecimal():
                values[field.name] = int(text)
            else:
                faults.append(f"{name} must be a whole number")
        else:
            values[field.name] = text
    if faults:
        raise SettingsMissing(f"{kind.__name__}: {', '.join(faults)}")
    return kind(**values)
