"""An update tells of those resources only that it changes.

In CloudFormation's events a resource that stays as it is does not appear. Stock ministack leaves it
alone too, but reports for each that its update began and was completed.
"""

from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import stacks

from local.mends.seams import seam

_update = seam(__name__, stacks, "_update_keeping_seed")
_add_event = seam(__name__, stacks, "_add_event")
_stacks = seam(__name__, cloudformation, "_stacks")
_events = seam(__name__, cloudformation, "_stack_events")
_BEGUN, _DONE = "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"

_unchanged: set[tuple[str, str]] = set()  # ids of stacks with names of resources


def apply() -> None:
    """Take the first event back, and leave out the second."""
    stacks._update_keeping_seed = _update_and_compare
    stacks._add_event = _add_event_of_change


def _update_and_compare(*arguments: Any) -> Any:
    _type, _identity, old, new, stack, logical_id, *_ = arguments
    if old == new:
        stack_id = _stacks[stack]["StackId"]
        _take_back(_events[stack_id], logical_id)
        _unchanged.add((stack_id, logical_id))
    return _update(*arguments)


def _take_back(events: list[dict[str, Any]], logical_id: str) -> None:
    latest = events[-1]
    if (latest["LogicalResourceId"], latest["ResourceStatus"]) == (logical_id, _BEGUN):
        events.pop()


def _add_event_of_change(
    stack_id: str, stack: str, logical_id: str, kind: str, status: str, *more: Any, **named: Any
) -> None:
    if status == _DONE and (stack_id, logical_id) in _unchanged:
        _unchanged.discard((stack_id, logical_id))
        return
    _add_event(stack_id, stack, logical_id, kind, status, *more, **named)
