"""The life of a stack that the real `sam` deploys: its tests are in order and build on each other."""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.stack import EndpointError, Stack
from tests.e2e.sam_project import SamProject, stack_name_of
from tests.e2e.stack_state import changed, existing, latest_events, status_of

Poll = Callable[[Callable[[], bool], str], None]
DEV, PROD = stack_name_of("dev"), stack_name_of("prod")
VIEWS = "src/pipeline/catalogue/page.viewed.json"
# Refused for the slashes of its path, after all other resources are there.
BROKEN = """
Resources:
  Broken:
    Type: AWS::ApiGateway::Stage
    DependsOn: WarehouseSchema
    Properties:
      RestApiId: !Ref Api
      DeploymentId: !Ref Api.Deployment
      StageName: broken
      MethodSettings: [{ResourcePath: /v1/events, HttpMethod: GET}]
"""
COLOUR = '"colour": {"type": "string", "maxLength": 20, "x-role": "dimension"},'

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, cloud: LocalCloud) -> SamProject:
    """A project of these tests' own, for they change it."""
    return SamProject.built_in(tmp_path_factory.mktemp("changing")).on(cloud)


@pytest.fixture(scope="module")
def deployed(project: SamProject) -> Iterator[Stack]:
    """The stack of the first deployment that succeeds."""
    project.must_deploy()
    found = project.stack(DEV)
    yield found
    found.close()


@contextmanager
def broken(project: SamProject) -> Iterator[None]:
    """Have a resource in the built template that cannot be created."""
    template = project.folder / ".aws-sam/build/template.yaml"
    text = template.read_text()
    assert text.count("\nResources:\n") == 1
    template.write_text(text.replace("\nResources:\n", BROKEN))
    yield
    template.write_text(text)


def post(stack: Stack, **data: str) -> str:
    """Send a view of a page; returns the event's key."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/shop",
        "type": "page.viewed",
        "data": {"page": "/", "visitor": "v1", **data},
    }
    answer = stack.session.post(
        f"{stack.url}/v1/events",
        json=event,
        headers={"x-api-key": stack.api_key, "Content-Type": "application/cloudevents+json"},
        timeout=35,
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["events"][0]["event_key"])


def is_loaded(stack: Stack, key: str) -> bool:
    try:
        return bool(stack.get(f"/v1/events/{key}", fresh=True)["status"] == "loaded")
    except EndpointError:
        return False


def views(stack: Stack, dimension: str) -> dict[str | None, int]:
    rows = stack.get("/v1/metrics/page.viewed", fresh=True, group_by=dimension)["rows"]
    return {row[dimension]: row["count"] for row in rows if row["count"]}


@pytest.fixture(scope="module")
def first_event(deployed: Stack, until: Poll) -> str:
    """The key of an event that came in before all updates."""
    key = post(deployed)
    until(lambda: is_loaded(deployed, key), "the first event is loaded")
    return key


def test_a_failed_first_deployment_leaves_nothing(project: SamProject, cloud: LocalCloud) -> None:
    with broken(project):
        done = project.deploy()
    assert done.status == 1
    assert "Invalid method setting path" in done.output
    assert status_of(cloud, DEV) == "ROLLBACK_COMPLETE"
    assert ("LakeBucket", "DELETE_COMPLETE") in latest_events(cloud, DEV)
    assert not existing(cloud)


def test_what_was_rolled_back_is_deleted_before_the_next_deployment(
    project: SamProject, cloud: LocalCloud
) -> None:
    refused = project.deploy()
    assert refused.status == 1
    assert "ROLLBACK_COMPLETE state and can not be updated" in refused.output
    assert project.sam("delete", "--config-env", "dev", "--no-prompts").status == 0
    assert status_of(cloud, DEV) == ""


def test_the_configuration_reaches_sams_commands(project: SamProject) -> None:
    assert "Starting Build use cache" in project.build()
    text = (project.folder / "template.yaml").read_text()
    refused = project.folder / "refused.yaml"
    refused.write_text(text.replace("MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 1"))
    done = project.sam("validate", "--template", "refused.yaml")  # lints without being asked to
    assert done.status == 1
    assert "E3034" in done.output


def test_an_event_gets_through_the_deployed_stack(
    deployed: Stack, first_event: str, until: Poll
) -> None:
    assert is_loaded(deployed, first_event)
    until(lambda: views(deployed, "visitor") == {"v1": 1}, "the first event is counted")


def test_an_equal_deployment_renews_the_deployment_of_the_api_alone(
    project: SamProject, cloud: LocalCloud, deployed: Stack
) -> None:
    assert deployed
    project.must_deploy()
    assert changed(cloud, DEV) == {"ApiDeployment", "ApiliveStage"}


def test_a_changed_parameter_changes_what_depends_on_it(
    project: SamProject, cloud: LocalCloud, deployed: Stack
) -> None:
    project.must_deploy(CacheTtlSeconds="20")
    readers = {f"Read{name}Function" for name in ("Documents", "Events", "Metrics", "Status")}
    assert changed(cloud, DEV) == {"ApiDeployment", "ApiliveStage", *readers}
    assert kept_for(deployed) == "private, max-age=20"


@pytest.mark.parametrize("given", [None, "300"], ids=["unnamed", "named"])
def test_a_default_comes_back_after_another_value(
    project: SamProject, deployed: Stack, given: str | None
) -> None:
    project.must_deploy(CacheTtlSeconds=given)
    assert kept_for(deployed) == "private, max-age=300"


def kept_for(stack: Stack) -> str:
    """What the endpoint says about how long its catalogue may be kept."""
    answer = stack.session.get(
        f"{stack.url}/v1/metrics", headers={"x-api-key": stack.api_key}, timeout=35
    )
    return str(answer.headers["Cache-Control"])


def test_a_failed_update_is_rolled_back_and_loses_nothing(
    project: SamProject, cloud: LocalCloud, deployed: Stack, first_event: str, until: Poll
) -> None:
    project.edit(VIEWS, '"properties": {', f'"properties": {{\n{COLOUR}')
    project.build()
    with broken(project):
        done = project.deploy()
    assert done.status == 1
    assert status_of(cloud, DEV) == "UPDATE_ROLLBACK_COMPLETE"
    schema = [status for name, status in latest_events(cloud, DEV) if name == "WarehouseSchema"]
    assert schema == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"] * 2
    with pytest.raises(EndpointError, match="400"):
        views(deployed, "colour")
    assert is_loaded(deployed, first_event)
    key = post(deployed)
    until(lambda: is_loaded(deployed, key), "events are loaded as before the update")


def test_the_same_code_can_be_deployed_once_the_fault_is_gone(
    project: SamProject, cloud: LocalCloud, deployed: Stack, first_event: str, until: Poll
) -> None:
    versions = published(cloud)
    project.must_deploy()
    assert published(cloud) > versions
    post(deployed, colour="red")
    until(
        lambda: views(deployed, "colour") == {"red": 1, None: 2},
        "the new property is counted, beside the events of before",
    )
    assert is_loaded(deployed, first_event)


def published(cloud: LocalCloud) -> int:
    """The version that the alias of the schema's function points to."""
    client = cloud.client("lambda")
    names = [function["FunctionName"] for function in client.list_functions()["Functions"]]
    (name,) = (name for name in names if "-CreateSchemaFunction-" in name)
    return int(client.get_alias(FunctionName=name, Name="live")["FunctionVersion"])


def test_a_schema_that_cannot_be_is_refused_and_rolled_back(
    project: SamProject, cloud: LocalCloud, deployed: Stack
) -> None:
    number = COLOUR.replace('"string", "maxLength": 20', '"integer"')
    project.edit(VIEWS, COLOUR, number)
    project.build()
    done = project.deploy()
    assert done.status == 1
    assert "SchemaConflict" in done.output
    assert status_of(cloud, DEV) == "UPDATE_ROLLBACK_COMPLETE"
    assert views(deployed, "colour") == {"red": 1, None: 2}
    project.edit(VIEWS, number, COLOUR)
    project.build()


@pytest.mark.parametrize(
    ("option", "answer"), [("--confirm-changeset", "n\n"), ("--no-execute-changeset", "")]
)
def test_prod_shows_its_change_set_and_asks(
    project: SamProject, cloud: LocalCloud, option: str, answer: str
) -> None:
    before = existing(cloud)
    done = project.deploy(option, env="prod", answer=answer)
    assert done.status == 0
    assert re.search(r"\+ Add +LakeBucket +AWS::S3::Bucket", done.output)
    assert "AlertSubscription" not in done.output  # nobody gave an address
    assert ("Deploy this changeset? [y/N]" in done.output) == bool(answer)
    assert status_of(cloud, PROD) == "REVIEW_IN_PROGRESS"
    assert existing(cloud) == before


def test_a_deleted_stack_leaves_its_data_and_nothing_else(
    project: SamProject, cloud: LocalCloud, deployed: Stack
) -> None:
    client = cloud.client("cloudformation")
    stack_id = client.describe_stacks(StackName=DEV)["Stacks"][0]["StackId"]
    found = client.describe_stack_resource(StackName=DEV, LogicalResourceId="AdminSecret")
    secret_id = found["StackResourceDetail"]["PhysicalResourceId"]
    secret = cloud.client("secretsmanager").describe_secret(SecretId=secret_id)
    done = project.sam("delete", "--config-env", "dev", "--no-prompts")
    assert done.status == 0, done.output
    events = latest_events(cloud, stack_id)
    kept = {name for name, status in events if status == "DELETE_SKIPPED"}
    assert kept == {"LakeBucket", "EventTable", "Namespace", "AdminSecret"}
    assert ("WarehouseSchema", "DELETE_COMPLETE") in events
    assert existing(cloud) == {
        "s3 Buckets": [deployed.bucket],
        "dynamodb TableNames": [deployed.table],
        "secretsmanager SecretList": [secret["Name"]],
    }


def test_the_name_of_a_deleted_stack_stays_taken_by_its_data(
    project: SamProject, cloud: LocalCloud
) -> None:
    """And nothing is lost by trying; under another name the project can be deployed at once."""
    before = existing(cloud)
    refused = project.deploy()
    assert refused.status == 1
    assert status_of(cloud, DEV) == "ROLLBACK_COMPLETE"
    assert existing(cloud) == before
    project.must_deploy("--stack-name", "another")
    assert status_of(cloud, "another") == "CREATE_COMPLETE"
