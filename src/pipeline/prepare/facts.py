"""From a row to its facts: the catalogue's typed columns, and the computed ones."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.catalogue import EventType
from pipeline.prepare.steps import Facts, Step
from pipeline.prepare.typed import Fit, Value, fit_of

Compute = Callable[[Mapping[str, Any]], Value | None]
Registry = Mapping[str, Mapping[str, Compute]]

OWN = ("event_key", "fingerprint")
# What a computation may raise over odd data. Anything else is a fault of the code and stops it.
ODD_DATA = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)


@dataclass(frozen=True)
class Recipe:
    """How facts of one event type are made."""

    given: tuple[tuple[str, str, Fit], ...]
    computed: tuple[tuple[str, Compute, Fit], ...]


def recipe_of(event_type: EventType, registry: Registry) -> Recipe:
    """Take columns from the catalogue; a type without computations simply has none."""
    computations = registry.get(event_type.name, {})
    given = [(c.name, c.path, fit_of(c)) for c in event_type.columns if not c.computed]
    computed = [
        (c.name, computations[c.path], fit_of(c))
        for c in event_type.columns
        if c.computed and c.path in computations
    ]
    return Recipe(tuple(given), tuple(computed))


def facts_of(row: Mapping[str, Any], batch_id: str, recipe: Recipe, tally: Counter[str]) -> Facts:
    """Make the facts of one row; null members are absent.

    A computation that fails over this row's data leaves its column null and counts as `failed`.
    """
    data = json.loads(row.get("data") or "{}")
    facts: Facts = {name: row[name] for name in OWN}
    facts["batch_id"] = batch_id
    facts["time"] = row["time"]
    for name, path, fit in recipe.given:
        if (value := data.get(path)) is not None and (value := fit(value)) is not None:
            facts[name] = value
    for name, compute, fit in recipe.computed:
        try:
            value = compute(data)
        except ODD_DATA:
            tally["failed"] += 1
            continue
        if value is not None and (value := fit(value)) is not None:
            facts[name] = value
    return facts


def enriched_lines(
    rows: Iterable[bytes],
    batch_id: str,
    recipes: Mapping[str, Recipe],
    tally: Counter[str],
) -> Iterator[bytes]:
    """Turn a batch's rows into lines for the next step; quarantined rows have no facts.

    `tally` counts `facts`, `failed` computations and rows of `unknown` type (one that left the
    catalogue while its events were on the way).
    """
    for line in filter(None, rows):
        row = json.loads(line)
        if "reason" in row:
            continue
        recipe = recipes.get(row["type"])
        if recipe is None:
            tally["unknown"] += 1
            continue
        tally["facts"] += 1
        yield Step(row["type"], facts_of(row, batch_id, recipe, tally)).line()
