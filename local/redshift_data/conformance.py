"""Holds a client's answers against the service model, for tests."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from local.redshift_data.model import MODEL, is_fault, violations

COMMON_ERRORS = {
    "ThrottlingException": 400,
    "SerializationException": 400,
    "UnknownOperationException": 400,
    "MissingAuthenticationTokenException": 400,
    "RequestEntityTooLargeException": 413,
}
"""Codes that the model does not give to operations: the guide's, and those of all AWS services."""


class NotInTheModel(AssertionError):
    """An answer that AWS's model does not allow."""


def watch(client: Any) -> None:
    """Have every answer to a client checked; one that breaks the model raises NotInTheModel."""
    client.meta.events.register("before-parse.redshift-data", _check)


def breaches(operation: str, status: int, body: Mapping[str, Any]) -> Iterator[str]:
    """Yield how an answer breaks the model."""
    model = MODEL.operation_model(operation)
    if status == 200:  # noqa: PLR2004 - HTTP's
        yield from (violation.text for violation in violations(model.output_shape, body))
        return
    code = body.get("__type")
    shapes = {shape.name: shape for shape in model.error_shapes}
    if code in shapes:
        shape = shapes[code]
        members = {name: value for name, value in body.items() if name != "__type"}
        yield from (violation.text for violation in violations(shape, members))
        wanted = 500 if is_fault(shape.name) else 400
    elif code in COMMON_ERRORS:
        wanted = COMMON_ERRORS[code]
    else:
        yield f"{code} is no error of {operation}"
        return
    if status != wanted:
        yield f"{code} with HTTP status {status}, not {wanted}"


def _check(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    body = json.loads(response_dict["body"] or b"{}")
    found = list(breaches(operation_model.name, response_dict["status_code"], body))
    if found:
        raise NotInTheModel(f"{operation_model.name}: {'; '.join(found)}: {body}")
