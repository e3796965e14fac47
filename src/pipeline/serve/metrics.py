"""GET /v1/metrics and /v1/metrics/{type}: statistics of one event type, or what may be asked."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import EventType, load_catalogue
from pipeline.errors import NothingFound, StatementFailed
from pipeline.lake import brief_lake
from pipeline.origins import readable_from
from pipeline.serve.asking.contract import query_names
from pipeline.serve.asking.moments import format_moment
from pipeline.serve.asking.question import Question, read_parameters, read_question
from pipeline.serve.desk.answering import READ_SECONDS, Inquiry, describe, inquiry
from pipeline.serve.desk.desk import BUDGET_SECONDS, Tokens, open_desk, seconds_left
from pipeline.serve.desk.reading import reading
from pipeline.serve.querying.query import metrics_query
from pipeline.serve.querying.source import Source, choose, instead_of, is_unreadable
from pipeline.serve.telling.answers import CONTENT_TYPES, Answer, to_json
from pipeline.serve.telling.problems import Response
from pipeline.serve.telling.reply import answer_question, list_metrics
from pipeline.settings import from_env
from pipeline.warehouse import Warehouse, hurried_warehouse

LIST = "/v1/metrics"
ROUTE = "/v1/metrics/{type}"


@dataclass(frozen=True)
class Settings:
    """Which warehouse is asked, how often at most, and where good answers are kept for how long."""

    workgroup_name: str
    database_name: str
    lake_bucket: str
    budget_table: str
    reads_per_second: int
    cache_ttl_seconds: int
    allowed_origin: str = ""


settings = from_env(Settings)
warehouse = hurried_warehouse(settings.workgroup_name, settings.database_name)
desk = open_desk(
    brief_lake(settings.lake_bucket),
    settings.budget_table,
    settings.reads_per_second,
    settings.cache_ttl_seconds,
)
catalogue = load_catalogue()


@telemetry.observed
@reading(warehouse)
@readable_from(settings.allowed_origin)
def handler(event: dict[str, Any], context: Any) -> Response:
    """Answer with a table or a problem; the warehouse is asked once, twice while a rollup is made."""
    if event["resource"] == LIST:
        return describe(event, lambda: read_list(event, catalogue), desk.max_age)
    return desk.respond(event, lambda: inquire(event, catalogue, warehouse), seconds_left(context))


def read_list(event: Mapping[str, Any], catalogue: Mapping[str, EventType]) -> Answer:
    """Tell what may be asked; raises MalformedQuestion for any parameter."""
    read_parameters(event, query_names(LIST))
    as_of = datetime.now(UTC)
    body = {"as_of": format_moment(as_of), **list_metrics(catalogue)}
    return Answer(to_json(body), CONTENT_TYPES["json"], as_of)


def inquire(
    event: Mapping[str, Any], catalogue: Mapping[str, EventType], warehouse: Warehouse
) -> Inquiry:
    """Read the question off an API Gateway event.

    Raises NothingFound for an unknown type, and MalformedQuestion.
    """
    event_type = catalogue.get((event.get("pathParameters") or {}).get("type", ""))
    if event_type is None:
        raise NothingFound("this type is not in the catalogue; GET /v1/metrics lists the types")
    telemetry.annotate(event_type=event_type.name)
    question = read_question(event_type, read_parameters(event, query_names(ROUTE)))
    normal = {**question.described(), "limit": question.limit, "format": question.format}
    return inquiry(
        ROUTE,
        normal,
        lambda seconds=READ_SECONDS: read_metric(question, warehouse, seconds, desk.budget),
    )


def read_metric(
    question: Question,
    warehouse: Warehouse,
    seconds: float = READ_SECONDS,
    budget: Tokens | None = None,
) -> Answer:
    """Ask the warehouse, once more and of the facts where the rollup is not there (yet).

    Raises AnswerTooLarge, BudgetSpent for the second time, and what the warehouse raises.
    """
    deadline, source = time.monotonic() + seconds, choose(question)
    instead = instead_of(source, question)
    try:
        return _read_metric(question, source, warehouse, seconds)
    except StatementFailed as fault:
        if instead is None or not is_unreadable(source.table, fault.error):
            raise
        telemetry.warn(f"{source.table} cannot be read, the facts are asked")
    if budget:
        budget.take(seconds=min(BUDGET_SECONDS, deadline - time.monotonic()))
    return _read_metric(question, instead, warehouse, deadline - time.monotonic())


def _read_metric(
    question: Question, source: Source, warehouse: Warehouse, seconds: float
) -> Answer:
    as_of = datetime.now(UTC)
    sql, parameters = metrics_query(question, source)
    lines = warehouse.csv(sql, parameters, seconds=seconds)
    with telemetry.step("calculate answer"):
        return answer_question(question, lines, as_of)
