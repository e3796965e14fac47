"""Checks a request's members against the service model's rules, before anything runs."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from local.redshift_data.dialect.syntax import read
from local.redshift_data.errors import StatementError, ValidationException

# The patterns and bounds are those of botocore's redshift-data model.
_ID = re.compile(r"[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\d{0,2})?")
_CLUSTER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PARAMETER_NAME = re.compile(r"[0-9a-zA-Z_]+")
_LENGTHS = {
    "ClientToken": (1, 64),
    "StatementName": (0, 2048),
    "ClusterIdentifier": (1, 63),
    "WorkgroupName": (3, 128),
}
_NUMBERS = {"WaitTimeSeconds": (1, 30), "MaxResults": (0, 100)}
_CHOICES = {
    "ResultFormat": ("JSON", "CSV"),
    "ExecutionMode": ("TRANSACTION", "AUTO_COMMIT"),
    "Status": ("SUBMITTED", "PICKED", "STARTED", "FINISHED", "ABORTED", "FAILED", "ALL"),
}
_NOT_EMULATED = ("SessionId", "SessionKeepAliveSeconds", "WithEvent")


def check_members(request: Mapping[str, Any]) -> None:
    """Raise ValidationException for a member out of its bounds."""
    for member, (least, most) in _LENGTHS.items():
        value = request.get(member)
        if value is not None and not (isinstance(value, str) and least <= len(value) <= most):
            raise ValidationException(f"{member} must have {least} to {most} characters")
    for member, (least, most) in _NUMBERS.items():
        value = request.get(member)
        if value is not None and not (isinstance(value, int) and least <= value <= most):
            raise ValidationException(f"{member} must be from {least} to {most}")
    for member, choices in _CHOICES.items():
        if request.get(member) not in (None, *choices):
            raise ValidationException(f"{member} must be one of {', '.join(choices)}")


def check_id(request: Mapping[str, Any]) -> str:
    """Return the Id; raises ValidationException where it is none."""
    identifier = request.get("Id")
    if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        raise ValidationException(f"id must satisfy regex pattern: ^{_ID.pattern}$")
    return identifier


def check_connection(request: Mapping[str, Any]) -> None:
    """Check what says where to run: one of cluster and workgroup, and a database."""
    cluster, workgroup = request.get("ClusterIdentifier"), request.get("WorkgroupName")
    if bool(cluster) == bool(workgroup):
        raise ValidationException("Either ClusterIdentifier or WorkgroupName is required.")
    if cluster and not _CLUSTER.fullmatch(cluster):
        raise ValidationException(f"ClusterIdentifier must match {_CLUSTER.pattern}")
    if not request.get("Database"):
        raise ValidationException("Database name is required.")
    for member in _NOT_EMULATED:
        if request.get(member):
            raise ValidationException(f"{member} is not emulated locally")


def check_parameters(request: Mapping[str, Any], sqls: Sequence[str]) -> None:
    """Check that parameters have values and that every one is used at least once."""
    parameters = request.get("Parameters")
    if parameters is None:
        return
    if not isinstance(parameters, list) or not parameters:
        raise ValidationException("Parameters must have at least 1 member")
    for parameter in parameters:
        _check_parameter(parameter)
    names = [parameter["name"] for parameter in parameters]
    if len(set(names)) != len(names):
        raise ValidationException("Parameters list contains duplicate names")
    used = {name for sql in sqls for name in _names_in(sql)}
    unused = [name for name in names if name not in used]
    if unused:
        raise ValidationException(f"Parameters list contains unused parameters: {unused}")


def _check_parameter(parameter: Mapping[str, Any]) -> None:
    name, value = parameter.get("name"), parameter.get("value")
    if not isinstance(name, str) or not _PARAMETER_NAME.fullmatch(name):
        raise ValidationException(f"Parameter name must match {_PARAMETER_NAME.pattern}")
    if not isinstance(value, str) or not value:
        raise ValidationException(f"Parameter '{name}' must have a value of at least 1 character")


def _names_in(sql: str) -> Sequence[str]:
    try:
        return read(sql).parameters
    except StatementError:
        # Text that cannot be read fails when it runs, as on AWS.
        return ()
