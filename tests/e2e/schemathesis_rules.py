"""What OpenAPI cannot say of the endpoint, for schemathesis: rules between parameters, and outcomes."""

from sys import float_info
from typing import Any
from zlib import crc32

import schemathesis
from hypothesis import strategies
from schemathesis import Case, CheckContext, HookContext, Response

from pipeline.catalogue import load_catalogue
from pipeline.serve.asking import zones

CATALOGUE = load_catalogue()
BOUNDS = ("from", "to", "filter")
# Years that cannot be rounded, which no format of JSON Schema leaves out.
ENDS_OF_TIME = ("0000", "0001", "9999")

schemathesis.openapi.format("iana-timezone", strategies.sampled_from(sorted(zones._names())))


@schemathesis.hook
def map_case(_context: HookContext, case: Case[Any]) -> Case[Any]:
    """Make a question that the schema allows one that its parameters' sense allows too."""
    if case.meta and case.meta.generation.mode.is_positive:
        if case.query:
            mend(case.path.rsplit("/", 1)[-1], case.query)
        if case.path == "/v1/exports" and isinstance(case.body, dict):
            mend(str(case.body.get("type")), case.body)
        if case.path == "/v1/events":
            case.body = storable(case.body)
    return case


def storable(value: Any) -> Any:
    """Let no number be one that the warehouse cannot hold; JSON Schema has no words for them."""
    if isinstance(value, dict):
        return {name: storable(member) for name, member in value.items()}
    if isinstance(value, list):
        return [storable(member) for member in value]
    held = not isinstance(value, int | float) or not value or float_info.min <= abs(value) < 10**38
    return value if held else 0


def mend(type_: str, asked: dict[str, Any]) -> None:
    """Change a question in place."""
    asked.pop("cursor", None)  # only the endpoint makes them
    if crc32(repr(asked).encode()) % 2:
        # Hardly an invented bound lets an event through, and an answer without rows shows little.
        for name in BOUNDS:
            asked.pop(name, None)
    for name in ("from", "to"):
        if str(asked.get(name)).startswith(ENDS_OF_TIME):
            del asked[name]
    if "from" in asked and str(asked["from"])[:10] >= str(asked.get("to", "~"))[:10]:
        del asked["to"]
    if type_ not in CATALOGUE:
        return
    mend_measure(asked, [column.name for column in CATALOGUE[type_].measures])
    groups = items(asked, "group_by")
    keep(asked, "group_by", list(dict.fromkeys(groups)))
    known = ("bucket", "count", "value", *groups)
    first = {name.removeprefix("-"): name for name in reversed(items(asked, "order"))}
    keep(asked, "order", [name for bare, name in first.items() if bare in known])


def mend_measure(asked: dict[str, Any], measures: list[str]) -> None:
    """Let a statistic have what it aggregates."""
    if "measure" not in asked:
        asked.pop("stat", None)
    elif asked["measure"] not in measures:
        asked["stat"] = "distinct"


def items(asked: dict[str, Any], name: str) -> list[str]:
    value = asked.get(name, [])
    return value.split(",") if isinstance(value, str) else list(value)


def keep(asked: dict[str, Any], name: str, values: list[str]) -> None:
    if name in asked:
        asked[name] = ",".join(values) if isinstance(asked[name], str) else values
        if not values:
            del asked[name]


@schemathesis.check
def broken_events_are_told(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """A body that breaks the schema is refused, or the answer names the events that do."""
    if case.operation.label != "POST /v1/events" or response.status_code != 202:
        return
    if case.meta and case.meta.generation.mode.is_negative:
        told = response.json()
        assert told["quarantined"] + told["rejected"], "a broken event was accepted"
