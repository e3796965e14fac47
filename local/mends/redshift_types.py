"""A stack may hold a Redshift Serverless namespace and workgroup.

AWS creates them. Stock ministack refuses the whole template as having unrecognised resource types.
Here they are records that Ref and GetAtt answer from; the SQL runs in local.redshift_data.
"""

import hashlib
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region
from ministack.services.cloudformation import provisioners

from local.mends.seams import seam

_handlers = seam(__name__, provisioners, "_RESOURCE_HANDLERS")
_DEFAULT_RPU = 128

base_capacities: Any = AccountRegionScopedDict()
"""The RPU of each workgroup, by its name."""


def apply() -> None:
    """Make the two types known to CloudFormation."""
    _handlers["AWS::RedshiftServerless::Namespace"] = {
        "create": _create_namespace,
        "update": lambda _id, _old, new, stack: _create_namespace("", new, stack),
        "delete": lambda _id, _properties: None,
    }
    _handlers["AWS::RedshiftServerless::Workgroup"] = {
        "create": _create_workgroup,
        "update": lambda _id, _old, new, stack: _create_workgroup("", new, stack),
        "delete": lambda name, _properties: base_capacities.pop(name, None),
    }


def _create_namespace(
    _logical_id: str, properties: dict[str, Any], _stack: str
) -> tuple[str, dict[str, str]]:
    name = properties["NamespaceName"]
    return name, {
        "Namespace.NamespaceName": name,
        "Namespace.NamespaceId": _made_up_id(name),
        "Namespace.NamespaceArn": _arn("namespace", name),
        "Namespace.DbName": properties.get("DbName", "dev"),
        "Namespace.AdminUsername": properties.get("AdminUsername", "admin"),
        "Namespace.Status": "AVAILABLE",
    }


def _create_workgroup(
    _logical_id: str, properties: dict[str, Any], _stack: str
) -> tuple[str, dict[str, str]]:
    name = properties["WorkgroupName"]
    base_capacities[name] = float(properties.get("BaseCapacity") or _DEFAULT_RPU)
    return name, {
        "Workgroup.WorkgroupName": name,
        "Workgroup.WorkgroupId": _made_up_id(name),
        "Workgroup.WorkgroupArn": _arn("workgroup", name),
        "Workgroup.NamespaceName": properties.get("NamespaceName", ""),
        "Workgroup.Endpoint.Address": f"{name}.redshift-serverless.amazonaws.com",
        "Workgroup.Endpoint.Port": "5439",
        "Workgroup.Status": "AVAILABLE",
    }


def _arn(kind: str, name: str) -> str:
    account = get_account_id()
    return f"arn:aws:redshift-serverless:{get_region()}:{account}:{kind}/{_made_up_id(name)}"


def _made_up_id(name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return "-".join([digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]])
