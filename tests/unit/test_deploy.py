"""What is uploaded and sent when the template is deployed to the local cloud."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.deploy import DeployFailed, deploy, zip_folder


class FakeCloud:
    """S3 and CloudFormation of one stack, in memory."""

    endpoint = "http://local"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.statuses = ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
        self.refusal = ""

    def client(self, _service: str) -> "FakeCloud":
        return self

    def create_bucket(self, **_: str) -> None:
        pass

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        assert Bucket
        self.objects[Key] = Body

    def create_stack(self, **request: Any) -> None:
        self._accept("create", request)

    def update_stack(self, **request: Any) -> None:
        self._accept("update", request)

    def delete_stack(self, **request: Any) -> None:
        self.requests.append(("delete", request))

    def _accept(self, kind: str, request: dict[str, Any]) -> None:
        if self.refusal:
            raise ClientError({"Error": {"Code": "Refused", "Message": self.refusal}}, kind)
        self.requests.append((kind, request))

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        if not self.requests and self.statuses[0].startswith("CREATE"):
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "no stack"}}, "")
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        outputs = [{"OutputKey": "Name", "OutputValue": "value"}]
        return {"Stacks": [{"StackStatus": status, "Outputs": outputs}]}

    def describe_stack_events(self, **_: str) -> dict[str, Any]:
        failed = {"LogicalResourceId": "Queue", "ResourceStatus": "CREATE_FAILED"}
        return {"StackEvents": [{**failed, "ResourceStatusReason": "no room"}]}

    def template(self) -> dict[str, Any]:
        key = self.requests[-1][1]["TemplateURL"].rsplit("/", 1)[-1]
        return dict(json.loads(self.objects[key]))


TEMPLATE = """
Globals:
  Function: {CodeUri: src/}
Resources:
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: src/}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: machine.asl.json, Arn: !GetAtt Layer.Arn}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src" / "pipeline" / "__pycache__").mkdir(parents=True)
    (tmp_path / "src" / "pipeline" / "handler.py").write_text("pass")
    (tmp_path / "src" / "pipeline" / "__pycache__" / "handler.pyc").write_bytes(b"x")
    (tmp_path / "machine.asl.json").write_text("{}")
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    return tmp_path


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def run(cloud: FakeCloud, project: Path, **parameters: str) -> dict[str, str]:
    return deploy(cast("LocalCloud", cloud), project / "template.yaml", "stack", parameters)


def test_an_archive_holds_the_code_without_bytecode(project: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(zip_folder(project / "src"))) as archive:
        assert archive.namelist() == ["pipeline/handler.py"]


def test_the_same_files_give_the_same_archive(project: Path) -> None:
    before = zip_folder(project / "src")
    (project / "src" / "pipeline" / "handler.py").touch()
    assert zip_folder(project / "src") == before


def test_local_paths_become_addresses_in_s3(cloud: FakeCloud, project: Path) -> None:
    run(cloud, project)
    template = cloud.template()
    machine = template["Resources"]["Machine"]["Properties"]["DefinitionUri"]
    assert cloud.objects[machine.rsplit("/", 1)[-1]] == b"{}"
    assert template["Globals"]["Function"]["CodeUri"].startswith("s3://")


def test_a_folder_named_twice_is_uploaded_once(cloud: FakeCloud, project: Path) -> None:
    run(cloud, project)
    assert len(cloud.objects) == 3  # the code, the definition, the template


def test_short_tags_become_functions(cloud: FakeCloud, project: Path) -> None:
    run(cloud, project)
    machine = cloud.template()["Resources"]["Machine"]["Properties"]
    assert machine["Arn"] == {"Fn::GetAtt": ["Layer", "Arn"]}


def test_a_path_that_is_not_there_is_named(cloud: FakeCloud, project: Path) -> None:
    (project / "machine.asl.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"machine\.asl\.json"):
        run(cloud, project)


def test_a_new_stack_is_created_with_its_parameters(cloud: FakeCloud, project: Path) -> None:
    assert run(cloud, project, Window="5") == {"Name": "value"}
    kind, request = cloud.requests[0]
    assert kind == "create"
    assert request["Parameters"] == [{"ParameterKey": "Window", "ParameterValue": "5"}]


def test_an_existing_stack_is_updated(cloud: FakeCloud, project: Path) -> None:
    cloud.statuses = ["UPDATE_COMPLETE"]
    run(cloud, project)
    assert [kind for kind, _ in cloud.requests] == ["update"]


def test_a_stack_without_changes_gives_its_outputs(cloud: FakeCloud, project: Path) -> None:
    cloud.statuses = ["UPDATE_ROLLBACK_COMPLETE"]
    cloud.refusal = "No updates are to be performed."
    assert run(cloud, project) == {"Name": "value"}


def test_a_refused_template_says_why(cloud: FakeCloud, project: Path) -> None:
    cloud.statuses = ["UPDATE_COMPLETE"]
    cloud.refusal = "Template format error"
    with pytest.raises(DeployFailed, match="stack: Template format error"):
        run(cloud, project)


def test_a_failed_stack_names_the_resource_and_the_reason(cloud: FakeCloud, project: Path) -> None:
    cloud.statuses = ["CREATE_IN_PROGRESS", "ROLLBACK_COMPLETE"]
    with pytest.raises(DeployFailed, match="stack is ROLLBACK_COMPLETE: Queue: no room"):
        run(cloud, project)


def test_a_stack_that_failed_before_is_created_anew(cloud: FakeCloud, project: Path) -> None:
    cloud.statuses = ["ROLLBACK_COMPLETE", "CREATE_COMPLETE"]
    run(cloud, project)
    assert [kind for kind, _ in cloud.requests] == ["delete", "create"]


def test_an_alias_follows_the_code_and_the_values_of_parameters(
    cloud: FakeCloud, project: Path
) -> None:
    function = """
  Function:
    Type: AWS::Serverless::Function
    Properties: {Handler: pipeline.handler.handler, AutoPublishAlias: live}
"""
    (project / "template.yaml").write_text(TEMPLATE + function.lstrip("\n"))

    def version(**parameters: str) -> str:
        run(cloud, project, **parameters)
        properties = cloud.template()["Resources"]["Function"]["Properties"]
        return str(properties["AutoPublishCodeSha256"])

    first = version(Rate="1")
    assert version(Rate="1") == first
    assert version(Rate="2") != first
    (project / "src/pipeline/handler.py").write_text("pass  # changed")
    assert version(Rate="1") != first
