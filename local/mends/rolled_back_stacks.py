"""A stack whose creation was rolled back takes no update; it has to be deleted first.

CloudFormation refuses a change set for it: "is in ROLLBACK_COMPLETE state and can not be updated".
Stock ministack refuses UpdateStack alone. By a change set it updates such a stack, and where that
fails it counts as an update that went back to what it was before.
"""

from typing import Any

from ministack.services.cloudformation import changesets, handlers

from local.mends.seams import seam

_ACTION = "CreateChangeSet"
_actions = seam(__name__, handlers, "_ACTION_HANDLERS")
_create_change_set = seam(__name__, changesets, "_create_change_set")
_parameter = seam(__name__, changesets, "_p")
_error = seam(__name__, changesets, "_error")
_find_stack = seam(__name__, handlers, "_resolve_stack")


def apply() -> None:
    """Look at the stack's status before a change set is made."""
    _actions[_ACTION] = _create_unless_rolled_back


def _create_unless_rolled_back(request: dict[str, Any]) -> Any:
    stack = _find_stack(_parameter(request, "StackName")) or {}
    status = stack.get("StackStatus")
    if _parameter(request, "ChangeSetType", "UPDATE") == "UPDATE" and status == "ROLLBACK_COMPLETE":
        reason = f"Stack:{stack['StackId']} is in {status} state and can not be updated."
        return _error("ValidationError", reason)
    return _create_change_set(request)
