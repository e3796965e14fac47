"""SAM's transform knows the values of the parameters.

CloudFormation hands them over, and SAM writes some of them into what it generates: the limits of an
API's usage plan, the name of an alias. Stock ministack hands over none, so the defaults stand there
whatever the deployment says.
"""

from contextvars import ContextVar
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers
from samtranslator.translator import transform as translator

from local.mends.seams import seam

_apply_transforms = seam(__name__, engine, "_apply_transforms")
_values_of = seam(__name__, engine, "_transform_parameters")
_translate = seam(__name__, translator, "transform")
_USERS = (engine, changesets, handlers)
for _user in _USERS:
    seam(__name__, _user, "_apply_transforms")

_values: ContextVar[dict[str, Any]] = ContextVar("values of the parameters")


def apply() -> None:
    """Keep the values while a template is transformed, and hand them to SAM."""
    for user in _USERS:
        user._apply_transforms = _apply_with_values
    translator.transform = _translate_with_values


def _apply_with_values(template: Any, provided: Any = None, previous: Any = None) -> Any:
    token = _values.set(_values_of(template, provided, previous))
    try:
        return _apply_transforms(template, provided, previous)
    finally:
        _values.reset(token)


def _translate_with_values(template: Any, _none: dict[str, Any], policies: Any) -> Any:
    return _translate(template, dict(_values.get()), policies)
