"""GET /v1/metrics and /v1/metrics/{type}: statistics of one event type, or what may be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import EventType, load_catalogue
from pipeline.errors import NothingFound
from pipeline.serve.answering import READ_SECONDS, answered
from pipeline.serve.problems import Response
from pipeline.serve.query import metrics_query
from pipeline.serve.question import PARAMETERS, read_parameters, read_question
from pipeline.serve.reply import answer_question, list_metrics
from pipeline.settings import from_env
from pipeline.warehouse import Warehouse


@dataclass(frozen=True)
class Settings:
    """Which warehouse is asked."""

    workgroup_name: str
    database_name: str


settings = from_env(Settings)
warehouse = Warehouse(settings.workgroup_name, settings.database_name)
catalogue = load_catalogue()


@telemetry.observed
def handler(event: dict[str, Any], _context: Any) -> Response:
    """Answer with JSON or a problem; the warehouse is asked at most once."""
    if event["resource"] == "/v1/metrics":
        return answered(lambda: read_list(event, catalogue))
    return answered(lambda: read_metric(event, catalogue, warehouse))


def read_list(event: Mapping[str, Any], catalogue: Mapping[str, EventType]) -> str:
    """Tell what may be asked; raises MalformedQuestion for any parameter."""
    read_parameters(event, ())
    return list_metrics(catalogue, datetime.now(UTC))


def read_metric(
    event: Mapping[str, Any], catalogue: Mapping[str, EventType], warehouse: Warehouse
) -> str:
    """Answer the question of an API Gateway event.

    Raises NothingFound for an unknown type, MalformedQuestion, and what the warehouse raises.
    """
    event_type = catalogue.get((event.get("pathParameters") or {}).get("type", ""))
    if event_type is None:
        raise NothingFound("this type is not in the catalogue; GET /v1/metrics lists the types")
    question = read_question(event_type, read_parameters(event, PARAMETERS))
    as_of = datetime.now(UTC)
    sql, parameters = metrics_query(question)
    lines = warehouse.csv(sql, parameters, seconds=READ_SECONDS)
    return answer_question(question, lines, as_of)
