"""GET /v1/events: raw events, page by page; /v1/events/{event_key}: one, and what became of it."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import EventType, load_catalogue
from pipeline.errors import MalformedQuestion, NothingFound
from pipeline.lake import ListingLake, brief_lake
from pipeline.origins import readable_from
from pipeline.secret import Secret
from pipeline.serve.asking.contract import query_names
from pipeline.serve.asking.cursor import cursor_signer
from pipeline.serve.asking.listing import Listing, read_listing
from pipeline.serve.asking.question import read_parameters
from pipeline.serve.asking.signing import Signer
from pipeline.serve.desk.answering import READ_SECONDS, Inquiry, inquiry
from pipeline.serve.desk.desk import open_desk, seconds_left
from pipeline.serve.desk.reading import reading
from pipeline.serve.desk.underway import find_underway
from pipeline.serve.querying.listing_query import listing_query
from pipeline.serve.telling.answers import CONTENT_TYPES, Answer
from pipeline.serve.telling.listing_reply import answer_listing
from pipeline.serve.telling.problems import Response
from pipeline.serve.telling.record import (
    event_query,
    is_known,
    read_version,
    write_record,
    write_underway,
)
from pipeline.settings import from_env
from pipeline.warehouse import Warehouse, hurried_warehouse

LIST = "/v1/events"
ROUTE = "/v1/events/{event_key}"
# Whoever follows an event wants to see it move, and API Gateway does not keep these answers at all.
RECORD_SECONDS = 2
EVENT_KEY = re.compile(r"[0-9a-f]{64}\Z")

OpenSigner = Callable[[], Signer]


@dataclass(frozen=True)
class Settings:
    """Which warehouse is asked, how, where good answers are kept, and what signs the cursors."""

    workgroup_name: str
    database_name: str
    lake_bucket: str
    budget_table: str
    reads_per_second: int
    cache_ttl_seconds: int
    cursor_secret_arn: str
    allowed_origin: str = ""


settings = from_env(Settings)
warehouse = hurried_warehouse(settings.workgroup_name, settings.database_name)
lake = brief_lake(settings.lake_bucket)
desk = open_desk(
    lake,
    settings.budget_table,
    settings.reads_per_second,
    settings.cache_ttl_seconds,
)
secret = Secret(settings.cursor_secret_arn)
catalogue = load_catalogue()


def open_signer() -> Signer:
    """Make the signer of cursors when one is needed; raises SecretUnavailable."""
    return cursor_signer(secret.read())


@telemetry.observed
@reading(warehouse)
@readable_from(settings.allowed_origin)
def handler(event: dict[str, Any], context: Any) -> Response:
    """Answer with events or a problem; the warehouse is asked at most once."""
    left = seconds_left(context)
    if event["resource"] == LIST:
        return desk.respond(event, lambda: inquire(event, catalogue, warehouse, open_signer), left)
    return desk.respond(event, lambda: inquire_one(event, warehouse, lake), left)


def inquire(
    event: Mapping[str, Any],
    catalogue: Mapping[str, EventType],
    warehouse: Warehouse,
    open_signer: OpenSigner,
) -> Inquiry:
    """Read the question for a page off an API Gateway event.

    Raises MalformedQuestion and SecretUnavailable.
    """
    given = read_parameters(event, query_names(LIST))
    listing = read_listing(given, catalogue, open_signer)
    if listing.event_type:
        telemetry.annotate(event_type=listing.event_type.name)
    return inquiry(
        LIST,
        listing.normal(),
        lambda seconds=READ_SECONDS: read_page(listing, warehouse, open_signer, seconds),
        common=listing.after is None,
    )


def read_page(
    listing: Listing, warehouse: Warehouse, open_signer: OpenSigner, seconds: float = READ_SECONDS
) -> Answer:
    """Ask the warehouse; raises SecretUnavailable and what the warehouse raises."""
    as_of, signer = datetime.now(UTC), open_signer()
    sql, parameters = listing_query(listing)
    lines = warehouse.csv(sql, parameters, seconds=seconds)
    with telemetry.step("calculate answer"):
        return answer_listing(listing, lines, as_of, signer)


def inquire_one(event: Mapping[str, Any], warehouse: Warehouse, lake: ListingLake) -> Inquiry:
    """Read the key of one event off an API Gateway event; raises MalformedQuestion."""
    read_parameters(event, query_names(ROUTE))
    event_key = (event.get("pathParameters") or {}).get("event_key", "")
    if not EVENT_KEY.match(event_key):
        raise MalformedQuestion("event_key", "must be 64 hexadecimal digits in lower case")
    telemetry.annotate(event_key=event_key)
    question = {"event_key": event_key}
    asked = inquiry(
        ROUTE,
        question,
        lambda seconds=READ_SECONDS: read_event(event_key, warehouse, lake, seconds),
        common=False,
        versioned=False,  # what is on its way moves without a load
    )
    return replace(asked, lasts=RECORD_SECONDS)


def read_event(
    event_key: str, warehouse: Warehouse, lake: ListingLake, seconds: float = READ_SECONDS
) -> Answer:
    """Ask the warehouse, and the lake for what is on its way there.

    Raises NothingFound, and what warehouse and lake raise.
    """
    as_of, deadline = datetime.now(UTC), time.monotonic() + seconds
    rows = warehouse.rows(event_query(), {"event_key": event_key}, seconds=seconds)
    version = read_version(rows)
    if is_known(rows):
        return Answer(write_record(event_key, rows, as_of), CONTENT_TYPES["json"], as_of, version)
    if underway := find_underway(lake, event_key, as_of, deadline - time.monotonic()):
        body = write_underway(event_key, underway, version, as_of)
        return Answer(body, CONTENT_TYPES["json"], as_of, version)
    raise NothingFound(
        "no event with this key is known: it waits in the queue for its batch, or never came in"
    )
