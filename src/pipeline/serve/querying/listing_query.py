"""A checked question for events as one SQL statement, every value a parameter."""

from pipeline.serve.asking.contract import MAX_ANSWER_BYTES
from pipeline.serve.asking.listing import Listing
from pipeline.serve.querying.query import Parameters, filter_conditions, span_conditions, where_all
from pipeline.serve.querying.unloading import Field, Selection
from pipeline.sql import statement

# What an event takes in an answer beside its own texts, at least: names, key, two times, batch.
OVERHEAD = 300
EVENT_KEY, VERSION = Field("event_key", "string", 64), Field("version", "integer")
# The columns of an export, as wide as those of the table; extensions came in as one text.
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
    Field("extensions", "string", 65535),
    Field("data", "string", 65535),
)


def listing_query(listing: Listing) -> tuple[str, Parameters]:
    """Make the statement and its parameters.

    Its first row tells the version of the data, even where there are no events.
    """
    where, parameters = _where(listing)
    sql = statement(
        "serve/events",
        parts=statement("serve/parts"),
        conditions=where,
        limit=str(listing.limit),
        one_more=str(listing.limit + 1),
        overhead=str(OVERHEAD),
        bytes=str(MAX_ANSWER_BYTES),
    )
    return sql, parameters


def listing_selection(listing: Listing) -> Selection:
    """Make the selection of an export: every event that is asked for, in the order of pages."""
    where, parameters = _where(listing)
    sql = statement("serve/selected_events", conditions=where)
    return Selection(sql, parameters, FIELDS, (VERSION, EVENT_KEY))


def _where(listing: Listing) -> tuple[str, Parameters]:
    conditions, parameters = list[str](), Parameters()
    if listing.after:
        version = "CAST(:after_version AS BIGINT)"
        conditions.append(f"version >= {version}")
        conditions.append(f"(version > {version} OR event_key > :after_key)")
        parameters["after_version"] = str(listing.after.version)
        parameters["after_key"] = listing.after.event_key
    if listing.event_type:
        conditions.append("type = :type")
        parameters["type"] = listing.event_type.name
    conditions += span_conditions('"time"', listing.start, listing.end, parameters)
    conditions += filter_conditions(listing.terms, parameters)
    return where_all(conditions), parameters
