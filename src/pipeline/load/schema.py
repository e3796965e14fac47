"""CloudFormation calls it on deploy: the schema is brought up to date, and it always answers."""

import time
from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import load_catalogue, prove_schemas
from pipeline.load.custom_resource import ANSWER_SECONDS, Event, respond
from pipeline.load.migration import Names, update_schema
from pipeline.settings import from_env
from pipeline.warehouse import Warehouse


@dataclass(frozen=True)
class Settings:
    """Where the schema goes and who may use it."""

    workgroup_name: str
    database_name: str
    admin_secret_arn: str
    loader_role_name: str
    reader_role_name: str
    checker_role_name: str


settings = from_env(Settings)
warehouse = Warehouse(
    settings.workgroup_name, settings.database_name, secret_arn=settings.admin_secret_arn
)
catalogue = load_catalogue()
names = Names(
    settings.database_name,
    settings.loader_role_name,
    settings.reader_role_name,
    settings.checker_role_name,
)


@telemetry.observed
def handler(event: Event, context: Any) -> None:
    """Create or update the schema; a deleted stack leaves the data where it is."""
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS

    def work(physical_id: str) -> str:
        if event["RequestType"] != "Delete":
            prove_schemas(catalogue)
            update_schema(warehouse, catalogue, names, lambda: deadline - time.monotonic())
        return physical_id

    respond(event, f"{settings.workgroup_name}/{settings.database_name}/schema", work)
