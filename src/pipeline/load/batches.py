"""The load queue calls it with announcements; each object enters the warehouse exactly once."""

import time
from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import load_catalogue
from pipeline.errors import MalformedAnnouncement
from pipeline.lake import Lake
from pipeline.load.plan import Announcement, read_announcement
from pipeline.load.reporting import report
from pipeline.load.transactions import Loader
from pipeline.settings import from_env
from pipeline.warehouse import Warehouse

# Kept back of the function's time for the answer to the queue.
ANSWER_SECONDS = 3


@dataclass(frozen=True)
class Settings:
    """Where objects lie, where they go, and with which role the warehouse fetches them."""

    lake_bucket: str
    workgroup_name: str
    database_name: str
    copy_role_arn: str


settings = from_env(Settings)
lake = Lake(settings.lake_bucket)
warehouse = Warehouse(settings.workgroup_name, settings.database_name)
catalogue = load_catalogue()


@telemetry.observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Load what the messages announce; those to be delivered again are in the answer."""
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS
    announcements, malformed = read_announcements(event["Records"])
    loader = Loader(
        warehouse, lake, catalogue, settings.copy_role_arn, lambda: deadline - time.monotonic()
    )
    outcome = loader.outcome
    outcome.refuse(malformed)
    started = time.time()
    try:
        loader.load(announcements)
    finally:
        telemetry.count_usage(warehouse.take_usage())
        # In any case: when its messages come again, what was loaded by now counts no more.
        report(outcome, announcements, (started, time.time()))
    return {"batchItemFailures": [{"itemIdentifier": name} for name in outcome.failed]}


def read_announcements(
    records: list[dict[str, Any]],
) -> tuple[list[Announcement], dict[str, str]]:
    """Read every message; those that are no announcements come back by id, with the reason."""
    announcements, malformed = [], {}
    for record in records:
        try:
            announcements.append(read_announcement(record, settings.lake_bucket, catalogue))
        except MalformedAnnouncement as fault:
            malformed[record["messageId"]] = str(fault)
    return announcements, malformed
