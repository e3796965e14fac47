"""Deploy the SAM template to the local cloud as it stands in the repository, without a build."""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import botocore.exceptions
from samtranslator.yaml_helper import yaml_parse

from local.cloud import LocalCloud

_ARTIFACTS = "local-deploy-artifacts"
_DEADLINE_SECONDS = 300.0
_LOCAL_PATHS = ("CodeUri", "ContentUri", "DefinitionUri")
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class DeployFailed(RuntimeError):
    """CloudFormation could not bring the stack to the state that the template asks for."""


def deploy(
    cloud: LocalCloud, template: Path, stack: str, parameters: dict[str, str]
) -> dict[str, str]:
    """Create or update the stack and return its outputs; a stack without changes is left alone.

    Raises FileNotFoundError for a local path in the template that isn't there, and DeployFailed
    with the reason of every resource that failed.
    """
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=_ARTIFACTS)
    document = yaml_parse(template.read_text(encoding="utf-8"))
    _upload_local_paths(document, template.parent, s3)
    _name_versions(document, parameters)
    key = _upload(s3, json.dumps(document, default=str).encode())
    return _apply(
        cloud.client("cloudformation"),
        StackName=stack,
        TemplateURL=f"{cloud.endpoint}/{_ARTIFACTS}/{key}",
        Capabilities=_CAPABILITIES,
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ],
    )


def zip_folder(folder: Path) -> bytes:
    """Zip a folder without its bytecode; the same files give the same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as writer:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                entry = zipfile.ZipInfo(file.relative_to(folder).as_posix())
                entry.external_attr = 0o644 << 16
                writer.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _upload_local_paths(document: dict[str, Any], base: Path, s3: Any) -> None:
    """Replace each local path of the template by the S3 address of what lies there."""
    addresses: dict[Path, str] = {}
    for properties, name, value in _local_paths(document):
        path = (base / value).resolve()
        if path not in addresses:
            content = zip_folder(path) if path.is_dir() else path.read_bytes()
            addresses[path] = f"s3://{_ARTIFACTS}/{_upload(s3, content)}"
        properties[name] = addresses[path]


def _name_versions(document: dict[str, Any], parameters: dict[str, str]) -> None:
    """Have aliases follow whatever changes: SAM overlooks what only a parameter's value changes."""
    text = json.dumps([document, parameters], sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()
    for resource in document.get("Resources", {}).values():
        if "AutoPublishAlias" in resource.get("Properties", {}):
            resource["Properties"]["AutoPublishCodeSha256"] = digest


def _local_paths(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    shared = document.get("Globals", {}).get("Function", {})
    resources = document.get("Resources", {}).values()
    for properties in [shared, *(resource.get("Properties", {}) for resource in resources)]:
        for name in _LOCAL_PATHS:
            value = properties.get(name)
            if isinstance(value, str) and not value.startswith("s3://"):
                yield properties, name, value


def _upload(s3: Any, content: bytes) -> str:
    key = hashlib.sha256(content).hexdigest()
    s3.put_object(Bucket=_ARTIFACTS, Key=key, Body=content)
    return key


def _apply(cloudformation: Any, **request: Any) -> dict[str, str]:
    stack = request["StackName"]
    try:
        if _status(cloudformation, stack) is None:
            cloudformation.create_stack(**request)
        else:
            cloudformation.update_stack(**request)
    except botocore.exceptions.ClientError as error:
        message = error.response["Error"]["Message"]
        if "No updates are to be performed" in message:
            return _outputs(_describe(cloudformation, stack))
        raise DeployFailed(f"{stack}: {message}") from error
    return _wait(cloudformation, stack)


def _status(cloudformation: Any, stack: str) -> str | None:
    """Read the status of the stack, None if there is none that could be updated."""
    try:
        status = str(_describe(cloudformation, stack)["StackStatus"])
    except botocore.exceptions.ClientError:
        return None
    if status in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_COMPLETE"):
        cloudformation.delete_stack(StackName=stack)
        return None
    return status


def _wait(cloudformation: Any, stack: str) -> dict[str, str]:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while True:
        description = _describe(cloudformation, stack)
        status = description["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return _outputs(description)
        if status.endswith(("_FAILED", "_COMPLETE")) and "CLEANUP" not in status:
            raise DeployFailed(f"{stack} is {status}: {_reasons(cloudformation, stack)}")
        if time.monotonic() > deadline:
            raise DeployFailed(f"{stack} is still {status} after {_DEADLINE_SECONDS:.0f} s")
        time.sleep(0.05)


def _outputs(description: dict[str, Any]) -> dict[str, str]:
    outputs = description.get("Outputs", [])
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


def _reasons(cloudformation: Any, stack: str) -> str:
    """Say what failed in this attempt; the events come latest first, older attempts included."""
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    attempt = takewhile(lambda event: not _starts(event, stack), events)
    return "; ".join(
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in reversed(list(attempt))
        if event["ResourceStatus"].endswith("_FAILED")
    )


def _starts(event: dict[str, Any], stack: str) -> bool:
    begun = event["ResourceStatus"] in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
    return bool(begun and event["LogicalResourceId"] == stack)


def _describe(cloudformation: Any, stack: str) -> dict[str, Any]:
    return dict(cloudformation.describe_stacks(StackName=stack)["Stacks"][0])
