"""A checked question for events as one SQL statement, every value a parameter."""

from pipeline.serve.asking.contract import MAX_ANSWER_BYTES
from pipeline.serve.asking.listing import Listing
from pipeline.serve.querying.query import Parameters, filter_conditions, span_conditions, where_all
from pipeline.serve.querying.unloading import Field, Selection
from pipeline.sql import statement

# What an event takes in an answer beside its own texts, at least: names, key, two times, batch.
OVERHEAD = 300
EVENT_KEY, VERSION = Field("event_key", "string", 64), Field("version", "integer")
# Without a version that far, the page ends with the table.
REACHED = f"version <= COALESCE((SELECT version FROM reach), {2**63 - 1})"  # noqa: S608 (a number)
# The columns of an export, as wide as those of the table; extensions and data came in as texts.
FIELDS = (
    EVENT_KEY,
    VERSION,
    Field("source", "string", 8192),
    Field("id", "string", 1024),
    Field("type", "string", 1024),
    Field("time", "timestamp"),
    Field("received_at", "timestamp"),
    Field("entrance", "string", 16),
    Field("batch_id", "string", 256),
    Field("subject", "string", 8192),
    Field("dataschema", "string", 8192),
    Field("extensions", "json", 65535),
    Field("data", "json", 65535, written="data_text"),
)


def listing_query(listing: Listing) -> tuple[str, Parameters]:
    """Make the statement and its parameters.

    Its first row tells the version of the data, even where there are no events.
    """
    chosen, parameters = _chosen(listing)
    later, place = _beyond(listing, parameters)
    sql = statement(
        "serve/events",
        parts=statement("serve/parts"),
        later=where_all([*later, *chosen]),
        conditions=where_all([*place, REACHED, *chosen]),
        limit=str(listing.limit),
        one_more=str(listing.limit + 1),
        overhead=str(OVERHEAD),
        bytes=str(MAX_ANSWER_BYTES),
    )
    return sql, parameters


def listing_selection(listing: Listing) -> Selection:
    """Make the selection of an export: every event that is asked for, in the order of pages."""
    chosen, parameters = _chosen(listing)
    sql = statement("serve/selected_events", conditions=where_all(chosen))
    return Selection(sql, parameters, FIELDS, (VERSION, EVENT_KEY))


def _chosen(listing: Listing) -> tuple[list[str], Parameters]:
    """Spell which events are asked for, wherever a page begins."""
    conditions, parameters = list[str](), Parameters()
    if listing.event_type:
        conditions.append("type = :type")
        parameters["type"] = listing.event_type.name
    conditions += span_conditions('"time"', listing.start, listing.end, parameters)
    conditions += filter_conditions(listing.terms, parameters)
    return conditions, parameters


def _beyond(listing: Listing, parameters: Parameters) -> tuple[list[str], list[str]]:
    """Spell what lies beyond the cursor: the versions after its own, and the events after it."""
    if not listing.after:
        return [], []
    parameters["after_version"] = str(listing.after.version)
    parameters["after_key"] = listing.after.event_key
    version = "CAST(:after_version AS BIGINT)"
    later = f"version > {version}"
    return [later], [f"version >= {version}", f"({later} OR event_key > :after_key)"]
