"""A REST API knows its binary media types by their real names.

CloudFormation writes their slashes as `~1` (`*~1*`) and API Gateway then hands such bodies to the
function as base64, untouched. Stock ministack keeps the spelling, which matches no media type, and
replaces bytes that are not UTF-8.
"""

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

from local.mends.seams import resource_type, seam

_TYPE = "AWS::ApiGateway::RestApi"
_handlers = seam(__name__, provisioners, "_RESOURCE_HANDLERS")
resource_type(__name__, _handlers, _TYPE)


def apply() -> None:
    """Decode the types wherever the API is created or updated, on top of other mends."""
    known = dict(_handlers[_TYPE])
    _handlers[_TYPE] = {
        **known,
        "create": _with_decoded_types(known["create"]),
        "update": _with_decoded_types(known["update"]),
    }


def _with_decoded_types(provision: Callable[..., Any]) -> Callable[..., Any]:
    def decoded(*arguments: Any, **options: Any) -> Any:
        return provision(*(_decoded(argument) for argument in arguments), **options)

    return decoded


def _decoded(argument: Any) -> Any:
    if not isinstance(argument, dict) or "BinaryMediaTypes" not in argument:
        return argument
    types = [name.replace("~1", "/") for name in argument["BinaryMediaTypes"]]
    return {**argument, "BinaryMediaTypes": types}
