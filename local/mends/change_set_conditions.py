"""A change set leaves out resources whose condition is false.

CloudFormation lists what it is going to do, so a resource without its condition is not there, and
one whose condition turns true is added. Stock ministack compares the templates without regard to
conditions: it lists what it will not create, and where nothing but a condition turns, it answers
that there are no changes.
"""

from typing import Any

from ministack.services.cloudformation import changesets

from local.mends.seams import seam

_resolve = seam(__name__, changesets, "_resolve_props_for_diff")
_conditions = seam(__name__, changesets, "_evaluate_conditions")


def apply() -> None:
    """Drop such resources from both templates before they are compared."""
    changesets._resolve_props_for_diff = _resolve_existing


def _resolve_existing(template: Any, parameters: Any, name: str, stack_id: str) -> Any:
    resolved = _resolve(template, parameters, name, stack_id)
    if not resolved:
        return resolved
    holds = _conditions(template, parameters)
    existing = {
        key: resource
        for key, resource in resolved["Resources"].items()
        if holds.get(resource.get("Condition"), True)
    }
    return {**resolved, "Resources": existing}
