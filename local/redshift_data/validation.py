"""Checks a request against the service model and the service's rules, before anything runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from local.redshift_data.callers import Caller
from local.redshift_data.dialect.syntax import read
from local.redshift_data.errors import (
    SerializationException,
    StatementError,
    ValidationException,
)
from local.redshift_data.limits import Limits
from local.redshift_data.model import MODEL, violations
from local.redshift_data.statements import Target

Body = Mapping[str, Any]
_ID_PATTERN = MODEL.shape_for("UUID").metadata["pattern"]
_CONNECTION = ("ClusterIdentifier", "WorkgroupName", "Database", "SecretArn", "DbUser")


def check_members(operation: str, request: Body, limits: Limits) -> None:
    """Raise SerializationException or ValidationException for what the model does not allow."""
    found = list(violations(MODEL.operation_model(operation).input_shape, request))
    if not limits.parameter_values:
        found = [v for v in found if not _is_of_parameter(v.text)]
    if not limits.statements_per_batch:
        found = [v for v in found if "at 'sqls'" not in v.text or "null" in v.text]
    for violation in found:
        if violation.kind == "type":
            raise SerializationException(violation.text)
        if violation.kind == "unknown":
            # AWS overlooks it; here it may be something that a newer client relies on.
            raise ValidationException(f"not emulated locally: {violation.text}")
        if "'id' failed" in violation.text and request.get("Id"):
            raise ValidationException(f"id must satisfy regex pattern: ^{_ID_PATTERN}$")
    if found:
        noun = "error" if len(found) == 1 else "errors"
        texts = "; ".join(violation.text for violation in found)
        raise ValidationException(f"{len(found)} validation {noun} detected: {texts}")


def _is_of_parameter(text: str) -> bool:
    return "at 'parameters." in text and ".value'" in text


def target_of(request: Body, caller: Caller) -> Target:
    """Return where to run: one of cluster and workgroup, and a database."""
    cluster, workgroup = request.get("ClusterIdentifier"), request.get("WorkgroupName")
    if bool(cluster) == bool(workgroup):
        raise ValidationException("Either ClusterIdentifier or WorkgroupName is required.")
    if not request.get("Database"):
        raise ValidationException("Database name is required.")
    user = request.get("DbUser") or caller.database_user
    return Target(request["Database"], user, workgroup, cluster, request.get("SecretArn"))


def check_session_alone(request: Body) -> None:
    """Check that a request for a session does not say again where to run."""
    given = [member for member in _CONNECTION if request.get(member)]
    if given:
        raise ValidationException(f"{', '.join(given)} can't be specified with SessionId.")


def check_parameters(request: Body, sqls: Sequence[str]) -> None:
    """Check that every parameter has a name of its own and is used at least once."""
    names = [parameter["name"] for parameter in request.get("Parameters") or ()]
    if len(set(names)) != len(names):
        raise ValidationException("Parameters list contains duplicate names")
    used = {name for sql in sqls for name in _names_in(sql)}
    unused = [name for name in names if name not in used]
    if unused:
        raise ValidationException(f"Parameters list contains unused parameters: {unused}")


def check_either_target(request: Body) -> None:
    """Check that a list is asked for of a cluster or of a workgroup, not of both."""
    if request.get("ClusterIdentifier") and request.get("WorkgroupName"):
        raise ValidationException("ClusterIdentifier and WorkgroupName can't both be specified.")


def matches_target(request: Body, target: Target) -> bool:
    """Whether a target is of the cluster, workgroup and database that a list asks for."""
    wanted = (
        (request.get("ClusterIdentifier"), target.cluster),
        (request.get("WorkgroupName"), target.workgroup),
        (request.get("Database"), target.database),
    )
    return all(not asked or asked == found for asked, found in wanted)


def _names_in(sql: str) -> Sequence[str]:
    try:
        return read(sql).parameters
    except StatementError:
        # Text that cannot be read fails when it runs, as on AWS.
        return ()
