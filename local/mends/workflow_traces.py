"""An execution is a segment, and each of its states a subsegment that the state's task belongs to.

Step Functions records AWS::StepFunctions::StateMachine where the machine has tracing on or the
caller's trace is sampled, with a subsegment for each state and, in it, one for each call of a
service. It hands the trace to what it calls; StartExecution takes it as `traceHeader` too, and the
HTTP header wins. Stock ministack drops TracingConfiguration and records nothing.
"""

from typing import Any

from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

from local.mends.seams import resource_type, seam
from local.xray.header import TraceHeader
from local.xray.recording import continued, current, failure, segment, subsegment

_TYPE = "AWS::StepFunctions::StateMachine"
_handlers = seam(__name__, provisioners, "_RESOURCE_HANDLERS")
_stock = resource_type(__name__, _handlers, _TYPE)
_machines = seam(__name__, stepfunctions, "_state_machines")
_executions = seam(__name__, stepfunctions, "_executions")
_start_execution = seam(__name__, stepfunctions, "_start_execution")
_run_execution = seam(__name__, stepfunctions, "_run_execution")
_invoke_resource = seam(__name__, stepfunctions, "_invoke_resource")
_STATES = tuple(
    f"_execute_{kind}" for kind in ("pass", "task", "choice", "wait", "parallel", "map")
)
_execute_state = {name: seam(__name__, stepfunctions, name) for name in _STATES}


def apply() -> None:
    """Keep the switch, and record executions, states and calls."""
    _handlers[_TYPE] = {**_stock, "create": _create, "update": _update}
    stepfunctions._start_execution = _start
    stepfunctions._run_execution = _run
    stepfunctions._invoke_resource = _invoke
    for name in _STATES:
        setattr(stepfunctions, name, _recording(name))


def _create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
    created = _stock["create"](logical_id, properties, stack)
    _keep_switch(created[0], properties)
    return created


def _update(machine: str, old: Any, new: dict[str, Any], *more: Any) -> Any:
    updated = _stock["update"](machine, old, new, *more)
    _keep_switch(updated[0], new)
    return updated


def _keep_switch(machine: str, properties: dict[str, Any]) -> None:
    enabled = (properties.get("TracingConfiguration") or {}).get("Enabled")
    _machines[machine]["tracingConfiguration"] = {"enabled": str(enabled).lower() == "true"}


def _start(request: dict[str, Any]) -> Any:
    with continued(current() or TraceHeader.parse(request.get("traceHeader"))):
        return _start_execution(request)


def _run(execution_arn: str) -> None:
    execution = _executions.get(execution_arn) or {}
    machine = _machines.get(execution.get("stateMachineArn")) or {}
    header = current()
    if not _is_traced(machine, header):
        _run_execution(execution_arn)
        return
    header = (header or TraceHeader.begin()).decided()
    about = {"resource_arn": machine["stateMachineArn"], "aws": {"execution_arn": execution_arn}}
    with segment(header, machine["name"], _TYPE, **about) as document:
        _run_execution(execution_arn)
        if execution["status"] == "FAILED":
            document.update(failure(execution["error"] or "", execution["cause"] or ""))


def _is_traced(machine: dict[str, Any], header: TraceHeader | None) -> bool:
    if header is not None and header.sampled is not None:
        return bool(machine) and header.sampled
    return bool((machine.get("tracingConfiguration") or {}).get("enabled"))


def _recording(name: str) -> Any:
    def execute(*arguments: Any, **options: Any) -> Any:
        """Execute a state; the context object, which names it, is the last argument."""
        if current() is None:
            return _execute_state[name](*arguments, **options)
        with subsegment(arguments[-1]["State"]["Name"]):
            return _execute_state[name](*arguments, **options)

    return execute


def _invoke(resource: str, given: Any) -> Any:
    with subsegment(_service(resource), namespace="aws"):
        return _invoke_resource(resource, given)


def _service(resource: str) -> str:
    """Name the service in `arn:aws:states:::[aws-sdk:]sqs:sendMessage`, or in its own ARN."""
    parts = resource.split(":")
    if parts[2] != "states":
        return parts[2]
    return parts[6] if parts[5] == "aws-sdk" else parts[5]
