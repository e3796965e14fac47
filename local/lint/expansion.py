"""The template as CloudFormation sees it: after SAM's transform, the workflow written into it."""

import copy
import json
import logging
import os
from pathlib import Path
from typing import Any
from unittest import mock

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

Template = dict[str, Any]
# It warns of switches and metrics that only SAM's own service has.
logging.getLogger("samtranslator").setLevel(logging.ERROR)
UPLOADED = "s3://bucket/key"  # what `sam package` would write in place of a folder


class _NoManagedPolicies:
    """Stands for the account's list of managed policies, which the template never names."""

    def load(self) -> dict[str, str]:
        return {}


def parsed(path: Path) -> Template:
    """Read a template; its tags become the functions they stand for."""
    template: Template = yaml_parse(path.read_text(encoding="utf-8"))
    return template


def expanded(template: Template, root: Path) -> Template:
    """Transform a template as SAM does; `root` is the folder that its paths start from.

    References to parameters stay as they are. Raises InvalidDocumentException for what SAM refuses.
    """
    packaged = copy.deepcopy(template)
    workflows = {}
    for name, resource in packaged["Resources"].items():
        properties = resource.get("Properties", {})
        if "ContentUri" in properties:
            properties["ContentUri"] = UPLOADED
        if "DefinitionUri" in properties:
            workflows[name] = root / properties["DefinitionUri"]
            properties["DefinitionUri"] = UPLOADED
    packaged["Globals"]["Function"]["CodeUri"] = UPLOADED
    with mock.patch.dict(os.environ, AWS_DEFAULT_REGION="us-east-1"):
        result: Template = transform(packaged, {}, _NoManagedPolicies())
    for name, path in workflows.items():
        properties = result["Resources"][name]["Properties"]
        del properties["DefinitionS3Location"]
        properties["Definition"] = json.loads(path.read_text(encoding="utf-8"))
    return result


def api_of(template: Template) -> dict[str, Any]:
    """Return the API's description, which the expanded template holds inline."""
    [body] = [
        resource["Properties"]["Body"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::ApiGateway::RestApi"
    ]
    description: dict[str, Any] = body
    return description


def written_as(name: str, resources: Template) -> str:
    """Name the resource of the template that SAM made `name` from: the longest that it begins with.

    `ApiliveStage` is made from `Api`. Returns `name` itself if there is none.
    """
    origins = [origin for origin in resources if name.startswith(origin)]
    return max(origins, key=len, default=name)


def with_every_condition(value: Any) -> Any:
    """Take the first branch of each Fn::If: the template with all that it can have."""
    if isinstance(value, list):
        return [with_every_condition(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::If"}:
        return with_every_condition(value["Fn::If"][1])
    return {key: with_every_condition(item) for key, item in value.items()}
