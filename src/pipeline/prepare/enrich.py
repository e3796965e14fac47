"""First step of the state machine: leaves the facts of a batch's good rows for the next one."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import load_catalogue
from pipeline.lake import Lake, step_key
from pipeline.prepare.calculating import calculating
from pipeline.prepare.computed import COMPUTED
from pipeline.prepare.facts import enriched_lines, recipe_of
from pipeline.prepare.steps import move
from pipeline.settings import from_env


@dataclass(frozen=True)
class Settings:
    """What this function is told by the template."""

    lake_bucket: str


lake = Lake(from_env(Settings).lake_bucket)
recipes = {name: recipe_of(kind, COMPUTED) for name, kind in load_catalogue().items()}


@telemetry.observed
def handler(event: Any, _context: Any) -> Any:
    """Read the staged batch that the pointer names and point to its facts; repeatable."""
    tally: Counter[str] = Counter()
    batch_id = event["batch_id"]
    telemetry.identify(batch_id=batch_id)
    key = step_key("enriched", batch_id)
    rows = lake.read_lines(event["key"])
    with calculating("enrich", batch_id):
        lines = list(enriched_lines(rows, batch_id, recipes, tally))
    lake.write_lines(key, lines)
    complete = not (tally["failed"] or tally["unknown"])
    tell = telemetry.logger.info if complete else telemetry.logger.warning
    tell("enriched" if complete else "some facts are incomplete", extra={"tally": dict(tally)})
    telemetry.count("ComputationsFailed", tally["failed"])
    return move(event, key, tally["facts"])
