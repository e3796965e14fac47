"""No second version of a function is published from the same code and configuration.

Lambda compares them with those of the latest version; CloudFormation fails then, and asks for a
change of the function. Stock ministack compares when they were last set. So it does not notice
where an update was rolled back, its version was kept, and the same update is tried again.
"""

from typing import Any

from ministack.services.cloudformation import provisioners

from local.mends.seams import resource_type, seam

_TYPE = "AWS::Lambda::Version"
_handlers = seam(__name__, provisioners, "_RESOURCE_HANDLERS")
_stock = resource_type(__name__, _handlers, _TYPE)
_find_function = seam(__name__, provisioners, "_lambda_version_function")

# What differs between a function and a version of it that was just published, or with time.
_IDENTITY = {"Version", "FunctionArn", "RevisionId", "LastModified"}
_STATUS = ("State", "LastUpdateStatus")


def apply() -> None:
    """Compare before a version is created."""
    _handlers[_TYPE] = {**_stock, "create": _create}


def _create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
    function, _name = _find_function(properties)
    if function:
        _recognise_latest(function)
    return _stock["create"](logical_id, properties, stack)


def _recognise_latest(function: dict[str, Any]) -> None:
    """Let the latest version stand for the function as it is, if it equals it."""
    latest = max(function["versions"], key=int, default=None)
    if latest is None:
        return
    version = function["versions"][latest]
    if _content(version["config"]) == _content(function["config"]):
        version["function_revision"] = function["config"]["RevisionId"]


def _content(configuration: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in configuration.items()
        if name not in _IDENTITY and not name.startswith(_STATUS)
    }
