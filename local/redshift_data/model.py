"""The API's definition as botocore has it: what a request or an answer may and must contain."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from botocore.loaders import Loader
from botocore.model import ServiceModel

_DEFINITION = Loader().load_service_model("redshift-data", "service-2")
MODEL = ServiceModel(_DEFINITION, "redshift-data")
OPERATIONS = frozenset(MODEL.operation_names)


def is_fault(error: str) -> bool:
    """Whether an error's cause is the service: its HTTP status is 500 then."""
    return bool(_DEFINITION["shapes"][error].get("fault"))


class Violation(NamedTuple):
    """What is wrong with a value, and where."""

    kind: str
    """`type`, `unknown` (no such member) or `bounds`."""
    text: str


def violations(shape: Any, value: Any, at: str = "") -> Iterator[Violation]:
    """Yield how a decoded JSON value breaks its shape."""
    expected, check = _CHECKS.get(shape.type_name, (str, _nothing))
    # A boolean is an int to Python and no number to JSON.
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        yield Violation("type", f"'{at}' must be a {shape.type_name}, not {value!r}")
        return
    yield from check(shape, value, at)


def _structure(shape: Any, value: Mapping[str, Any], at: str) -> Iterator[Violation]:
    for name, member in value.items():
        if name not in shape.members:
            yield Violation("unknown", f"{_inside(at, name)} is no member of {shape.name}")
        elif member is not None:
            yield from violations(shape.members[name], member, _inside(at, name))
    for name in shape.required_members:
        if value.get(name) is None:
            yield _constraint(None, _inside(at, name), "Member must not be null")
    if shape.metadata.get("union") and sum(v is not None for v in value.values()) != 1:
        yield Violation("bounds", f"'{at}' must have exactly one member")


def _list(shape: Any, value: list[Any], at: str) -> Iterator[Violation]:
    yield from _length(shape, value, at)
    for number, member in enumerate(value, start=1):
        yield from violations(shape.member, member, f"{at}.{number}.member")


def _string(shape: Any, value: str, at: str) -> Iterator[Violation]:
    bounds = shape.metadata
    yield from _length(shape, value, at)
    if "enum" in bounds and value not in bounds["enum"]:
        allowed = ", ".join(bounds["enum"])
        yield _constraint(value, at, f"Member must satisfy enum value set: [{allowed}]")
    if "pattern" in bounds and not re.fullmatch(bounds["pattern"], value):
        wanted = f"Member must satisfy regular expression pattern: {bounds['pattern']}"
        yield _constraint(value, at, wanted)


def _number(shape: Any, value: float, at: str) -> Iterator[Violation]:
    bounds = shape.metadata
    if value < bounds.get("min", value):
        least = f"Member must have value greater than or equal to {bounds['min']}"
        yield _constraint(value, at, least)
    if value > bounds.get("max", value):
        most = f"Member must have value less than or equal to {bounds['max']}"
        yield _constraint(value, at, most)


def _length(shape: Any, value: str | list[Any], at: str) -> Iterator[Violation]:
    bounds, length = shape.metadata, len(value)
    if length < bounds.get("min", length):
        least = f"Member must have length greater than or equal to {bounds['min']}"
        yield _constraint(value, at, least)
    if length > bounds.get("max", length):
        most = f"Member must have length less than or equal to {bounds['max']}"
        yield _constraint(value, at, most)


def _nothing(shape: Any, value: Any, at: str) -> Iterator[Violation]:
    del shape, value, at
    return iter(())


_CHECKS: dict[str, tuple[Any, Callable[[Any, Any, str], Iterator[Violation]]]] = {
    "structure": (dict, _structure),
    "list": (list, _list),
    "string": (str, _string),
    "integer": (int, _number),
    "long": (int, _number),
    "double": ((int, float), _number),
    "boolean": (bool, _nothing),
    "timestamp": ((int, float), _nothing),
}
"""Python types and further checks by shape type; a blob is a string on the wire."""

_LONGEST_QUOTE = 256


def _constraint(value: Any, at: str, wanted: str) -> Violation:
    """Say it as AWS's front end does."""
    shown = "null" if value is None else f"'{str(value)[:_LONGEST_QUOTE]}'"
    return Violation("bounds", f"Value {shown} at '{at}' failed to satisfy constraint: {wanted}")


def _inside(at: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{at}.{member}" if at else member
