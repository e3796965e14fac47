"""Second step of the state machine: marks the anomalies of a batch's facts."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import load_catalogue
from pipeline.lake import Lake, step_key
from pipeline.prepare.anomalies import detected_lines
from pipeline.prepare.calculating import calculating
from pipeline.prepare.steps import move
from pipeline.settings import from_env


@dataclass(frozen=True)
class Settings:
    """What this function is told by the template."""

    lake_bucket: str


lake = Lake(from_env(Settings).lake_bucket)
catalogue = load_catalogue()


@telemetry.observed
def handler(event: Any, _context: Any) -> Any:
    """Read the facts that the pointer names and point to the marked ones; repeatable."""
    tally: Counter[str] = Counter()
    telemetry.identify(batch_id=event["batch_id"])
    key = step_key("detected", event["batch_id"])
    steps = lake.read_lines(event["key"])
    with calculating("detect", event["batch_id"]):
        lines = list(detected_lines(steps, catalogue, tally))
    lake.write_lines(key, lines)
    telemetry.logger.info("detected", extra={"tally": dict(tally)})
    telemetry.count("AnomaliesDetected", tally["anomalies"])
    return move(event, key, tally["facts"])
