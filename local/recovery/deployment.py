"""The stack that is to be mended: on this machine, or on AWS by its environment."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import boto3.session
from botocore.exceptions import BotoCoreError, ClientError

from local.cloud import LocalCloud
from local.parameters import Refused, environment
from local.processes import HOST
from local.resources import Resources
from local.run import STACK_NAME
from pipeline.lake import ListingLake
from pipeline.warehouse import Warehouse

Client = Callable[[str], Any]
ROOT = Path(__file__).parents[2]


class NothingThere(RuntimeError):
    """There is no such stack; the message says where it was looked for and what to do."""


@dataclass(frozen=True)
class Deployment:
    """A deployed stack as its administrator sees it; `resources` are physical ids by logical ids."""

    name: str
    client: Client = field(repr=False)
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    resources: Mapping[str, str]

    @classmethod
    def on_machine(cls, port: int) -> Self:
        """Find the stack of a `make run`; raises NothingThere."""
        place = f"http://{HOST}:{port}"
        try:
            socket.create_connection((HOST, port)).close()  # the client would try for seconds
            found = cls.on_cloud(LocalCloud(Path(".local"), port=port))
            endpoint = found.parameters["RedshiftDataEndpoint"]
        except (OSError, BotoCoreError, ClientError, KeyError) as problem:
            raise NothingThere(
                f"No stack {STACK_NAME} runs on {place}; start it by make run, or name its PORT,"
                " or an ENV on AWS."
            ) from problem
        return cls.on_cloud(LocalCloud(Path(".local"), port=port, redshift_endpoint=endpoint))

    @classmethod
    def on_cloud(cls, cloud: LocalCloud) -> Self:
        """Find the stack of a local cloud."""
        return cls._find(cloud.client, STACK_NAME)

    @classmethod
    def on_aws(cls, name: str) -> Self:
        """Find the stack of an environment of samconfig.toml; raises NothingThere."""
        try:
            named = environment((ROOT / "samconfig.toml").read_text(encoding="utf-8"), name)
        except Refused as problem:
            raise NothingThere(f"{problem}.") from problem
        try:
            session = boto3.session.Session(region_name=named.region)
            return cls._find(session.client, named.stack_name)
        except (BotoCoreError, ClientError) as problem:
            raise NothingThere(
                f"The stack {named.stack_name} in {named.region} could not be read: {problem}"
            ) from problem

    @classmethod
    def _find(cls, client: Client, name: str) -> Self:
        formation = client("cloudformation")
        described = formation.describe_stacks(StackName=name)["Stacks"][0]
        return cls(
            name=name,
            client=client,
            parameters={
                item["ParameterKey"]: item["ParameterValue"]
                for item in described.get("Parameters", ())
            },
            outputs={item["OutputKey"]: item["OutputValue"] for item in described["Outputs"]},
            resources=Resources.find(formation, name).physical,
        )

    @property
    def bucket(self) -> str:
        """The lake's bucket."""
        return self.outputs["LakeBucketName"]

    def lake(self) -> ListingLake:
        """Open the lake."""
        return ListingLake(self.bucket, self.client("s3"))

    def warehouse(self) -> Warehouse:
        """Open the warehouse as its administrator, who may mend the ledger."""
        brought = self.parameters.get("ExistingWorkgroupName")
        secret = (
            self.parameters["ExistingAdminSecretArn"] if brought else self.resources["AdminSecret"]
        )
        return Warehouse(
            self.outputs["WorkgroupName"],
            self.parameters["DatabaseName"],
            self.client("redshift-data"),
            secret,
        )
