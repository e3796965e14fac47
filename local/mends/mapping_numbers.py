"""Numbers of an event source mapping that come from template parameters stay numbers.

CloudFormation hands them to Lambda as numbers. Stock ministack keeps the parameter's text, and its
poller then compares text with numbers once a second, for this and for every later mapping.
"""

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

from local.mends.seams import resource_type, seam

_TYPE = "AWS::Lambda::EventSourceMapping"
_handlers = seam(__name__, provisioners, "_RESOURCE_HANDLERS")
_stock = resource_type(__name__, _handlers, _TYPE)
_NUMBERS = (
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "MaximumConcurrency",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
)


def apply() -> None:
    """Read the numbers before the mapping is created or updated."""
    create: Callable[..., Any] = _stock["create"]
    update: Callable[..., Any] = _stock["update"]
    _handlers[_TYPE] = {
        **_stock,
        "create": lambda name, new, stack: create(name, _with_numbers(new), stack),
        "update": lambda name, old, new, stack: update(
            name, _with_numbers(old), _with_numbers(new), stack
        ),
    }


def _with_numbers(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: _read(name, value) for name, value in properties.items()}


def _read(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return _with_numbers(value)
    return int(value) if name in _NUMBERS and isinstance(value, str) else value
