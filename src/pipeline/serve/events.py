"""GET /v1/events: raw events, page by page; /v1/events/{event_key}: one, and what became of it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import EventType, load_catalogue
from pipeline.errors import MalformedQuestion
from pipeline.secret import Secret
from pipeline.serve.asking.contract import query_names
from pipeline.serve.asking.cursor import cursor_signer
from pipeline.serve.asking.listing import Listing, read_listing
from pipeline.serve.asking.question import read_parameters
from pipeline.serve.asking.signing import Signer
from pipeline.serve.desk.answering import Inquiry, inquiry
from pipeline.serve.desk.desk import READ_SECONDS, open_desk
from pipeline.serve.querying.listing_query import listing_query
from pipeline.serve.telling.answers import CONTENT_TYPES, Answer
from pipeline.serve.telling.listing_reply import answer_listing
from pipeline.serve.telling.problems import Response
from pipeline.serve.telling.record import event_query, write_record
from pipeline.settings import from_env
from pipeline.warehouse import Warehouse

LIST = "/v1/events"
ROUTE = "/v1/events/{event_key}"
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


settings = from_env(Settings)
warehouse = Warehouse(settings.workgroup_name, settings.database_name)
desk = open_desk(
    settings.lake_bucket,
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
def handler(event: dict[str, Any], _context: Any) -> Response:
    """Answer with events or a problem; the warehouse is asked at most once."""
    if event["resource"] == LIST:
        return desk.respond(event, lambda: inquire(event, catalogue, warehouse, open_signer))
    return desk.respond(event, lambda: inquire_one(event, warehouse))


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
    return inquiry(
        LIST,
        listing.normal(),
        lambda: read_page(listing, warehouse, open_signer),
        common=listing.after is None,
    )


def read_page(listing: Listing, warehouse: Warehouse, open_signer: OpenSigner) -> Answer:
    """Ask the warehouse; raises SecretUnavailable and what the warehouse raises."""
    as_of, signer = datetime.now(UTC), open_signer()
    sql, parameters = listing_query(listing)
    lines = warehouse.csv(sql, parameters, seconds=READ_SECONDS)
    return answer_listing(listing, lines, as_of, signer)


def inquire_one(event: Mapping[str, Any], warehouse: Warehouse) -> Inquiry:
    """Read the key of one event off an API Gateway event; raises MalformedQuestion."""
    read_parameters(event, query_names(ROUTE))
    event_key = (event.get("pathParameters") or {}).get("event_key", "")
    if not EVENT_KEY.match(event_key):
        raise MalformedQuestion("event_key", "must be 64 hexadecimal digits in lower case")
    question = {"event_key": event_key}
    return inquiry(ROUTE, question, lambda: read_event(event_key, warehouse), common=False)


def read_event(event_key: str, warehouse: Warehouse) -> Answer:
    """Ask the warehouse; raises NothingFound and what the warehouse raises."""
    as_of = datetime.now(UTC)
    rows = warehouse.rows(event_query(), {"event_key": event_key}, seconds=READ_SECONDS)
    version, body = write_record(event_key, rows, as_of)
    return Answer(body, CONTENT_TYPES["json"], as_of, version)
