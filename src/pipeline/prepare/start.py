"""An announced batch starts the state machine once, however often it is announced."""

from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.prepare.announcement import execution_input, execution_name
from pipeline.settings import from_env
from pipeline.workflow import Workflow


@dataclass(frozen=True)
class Settings:
    """What this function is told by the template."""

    state_machine_arn: str


workflow = Workflow(from_env(Settings).state_machine_arn)


@telemetry.observed
def handler(event: Any, _context: Any) -> Any:
    """Start the execution of a `BatchStaged` event; an execution that exists is success.

    Everything else propagates: Lambda tries twice more, then keeps the event in the dead-letter
    queue.
    """
    detail = event["detail"]
    telemetry.identify(batch_id=detail["batch_id"])
    name = execution_name(detail)
    started = workflow.start(name, execution_input(detail))
    telemetry.logger.info("preparation", extra={"execution": name, "started": started})
    return {"execution": name, "started": started}
