"""Each mend of CloudFormation, seen from outside: stock ministack differs from AWS, the mended not."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud

Until = Callable[..., Any]
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


class Deployments:
    """What is done to one stack, by the calls that `sam deploy` makes."""

    def __init__(self, cloud: LocalCloud, template: Path, until: Until, name: str) -> None:
        self.cloud = cloud
        self.client = cloud.client("cloudformation")
        self.body = template.read_text()
        self.name = name
        self._until = until
        self._numbers = itertools.count()

    def change_set(self, kind: str = "UPDATE", **parameters: str) -> dict[str, Any]:
        name = f"set-{next(self._numbers)}"
        self.client.create_change_set(
            StackName=self.name,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateBody=self.body,
            Capabilities=CAPABILITIES,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        )
        found = self.client.describe_change_set(StackName=self.name, ChangeSetName=name)
        return dict(found)

    def deploy(self, kind: str = "UPDATE", **parameters: str) -> str:
        """Returns the status that the stack ends in."""
        self.client.execute_change_set(
            ChangeSetName=self.change_set(kind, **parameters)["ChangeSetId"]
        )
        ended: str = self._until(lambda: "" if "PROGRESS" in self.status else self.status)
        return ended

    @property
    def status(self) -> str:
        return str(self.client.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"])

    def changed(self) -> set[str]:
        """Names of what the latest operation told of, but for the stack itself."""
        names = set()
        for event in self.client.describe_stack_events(StackName=self.name)["StackEvents"]:
            if event["LogicalResourceId"] != self.name:
                names.add(event["LogicalResourceId"])
            elif event["ResourceStatus"].endswith("_IN_PROGRESS"):
                return names
        return names


@pytest.fixture(params=["mended", "stock"])
def is_mended(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "mended")


@pytest.fixture
def cloud(mended: LocalCloud, stock: LocalCloud, *, is_mended: bool) -> LocalCloud:
    return mended if is_mended else stock


@pytest.fixture
def new_stack(
    cloud: LocalCloud, folder: Path, until: Until, request: pytest.FixtureRequest
) -> Deployments:
    name = "".join(filter(str.isalnum, request.node.name))
    return Deployments(cloud, folder / "deployments.yaml", until, name)


@pytest.fixture
def stack(new_stack: Deployments) -> Deployments:
    assert new_stack.deploy("CREATE") == "CREATE_COMPLETE"
    return new_stack


def test_the_transform_knows_the_parameters(new_stack: Deployments, *, is_mended: bool) -> None:
    assert new_stack.deploy("CREATE", Rate="7") == "CREATE_COMPLETE"
    plans = new_stack.cloud.client("apigateway").get_usage_plans()["items"]
    (plan,) = (plan for plan in plans if new_stack.name in plan["name"])
    assert plan["throttle"]["rateLimit"] == (7 if is_mended else 5)


def test_a_change_set_leaves_out_what_is_not_created(
    new_stack: Deployments, *, is_mended: bool
) -> None:
    changes = new_stack.change_set("CREATE")["Changes"]
    names = {change["ResourceChange"]["LogicalResourceId"] for change in changes}
    assert "Queue" in names
    assert ("Topics" in names) != is_mended


def test_a_condition_that_turns_is_a_change(stack: Deployments, *, is_mended: bool) -> None:
    found = stack.change_set(Topic="yes")
    changes = [
        (change["ResourceChange"]["Action"], change["ResourceChange"]["LogicalResourceId"])
        for change in found["Changes"]
    ]
    assert changes == ([("Add", "Topics")] if is_mended else [])
    assert found["Status"] == ("CREATE_COMPLETE" if is_mended else "FAILED")


def test_an_update_tells_only_of_what_it_changes(stack: Deployments, *, is_mended: bool) -> None:
    assert stack.deploy(Text="second") == "UPDATE_COMPLETE"
    if is_mended:
        assert stack.changed() == {"Queue"}
    else:
        assert stack.changed() > {"Queue", "Function", "Api"}


def test_a_change_set_without_changes_fails_and_says_so(stack: Deployments) -> None:
    found = stack.change_set()
    assert found["Status"] == "FAILED"
    assert "didn't contain changes" in found["StatusReason"]


def fail_once(stack: Deployments, kind: str) -> None:
    """Let a deployment fail after everything else is there, by an output that nothing answers."""
    whole = stack.body
    stack.body += "  Missing: {Value: !GetAtt Queue.NoSuchAttribute}\n"
    assert stack.deploy(kind).endswith("ROLLBACK_COMPLETE")
    stack.body = whole


def test_a_stack_that_was_rolled_back_at_first_takes_no_update(
    new_stack: Deployments, *, is_mended: bool
) -> None:
    fail_once(new_stack, "CREATE")
    assert new_stack.status == "ROLLBACK_COMPLETE"
    if is_mended:
        with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
            new_stack.change_set()
    else:
        new_stack.change_set()


def test_the_version_of_a_failed_update_is_in_the_way_of_the_next(
    stack: Deployments, *, is_mended: bool
) -> None:
    stack.body = stack.body.replace('return "first"', 'return "second"')
    fail_once(stack, "UPDATE")
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.deploy() == ("UPDATE_ROLLBACK_COMPLETE" if is_mended else "UPDATE_COMPLETE")


def test_it_is_not_if_versions_are_deleted(stack: Deployments) -> None:
    stack.body = stack.body.replace('return "first"', 'return "second"').replace(
        "AutoPublishAlias: live", "AutoPublishAlias: live\n      VersionDeletionPolicy: Delete"
    )
    fail_once(stack, "UPDATE")
    assert stack.deploy() == "UPDATE_COMPLETE"
