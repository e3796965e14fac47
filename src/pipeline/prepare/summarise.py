"""Last step of the state machine: one facts object per event type, and a summary of the batch."""

from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import load_catalogue
from pipeline.event import type_label
from pipeline.lake import Lake, facts_key
from pipeline.prepare.calculating import calculating
from pipeline.prepare.summary import report_of, summed_up
from pipeline.settings import from_env


@dataclass(frozen=True)
class Settings:
    """What this function is told by the template."""

    lake_bucket: str


lake = Lake(from_env(Settings).lake_bucket)
catalogue = load_catalogue()


@telemetry.observed
def handler(event: Any, _context: Any) -> Any:
    """Write the facts that the pointer names, by type, and return the report; repeatable."""
    telemetry.identify(batch_id=event["batch_id"])
    lines = lake.read_lines(event["key"])
    with calculating("summarise", event["batch_id"]):
        shares, unusual = summed_up(lines, catalogue)
        report = report_of(event, shares, unusual, facts_key)
    for facts in report["facts"]:
        lake.write_lines(facts["key"], shares[facts["type"]].lines)
        count(facts["type"], facts["rows"])
    rows = {facts["type"]: facts["rows"] for facts in report["facts"]}
    telemetry.annotate_type({type_label(event_type, catalogue) for event_type in rows})
    telemetry.logger.info("summarised", extra={"facts": rows})
    return report


def count(event_type: str, rows: int) -> None:
    """Count prepared events; each has one row of facts."""
    label = type_label(event_type, catalogue)
    telemetry.count_by({"type": label}, {"EventsPrepared": rows})
