"""GET / and /openapi.json: the dashboard and the description, which change with the code only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import load_catalogue
from pipeline.serve.asking.contract import query_names
from pipeline.serve.asking.question import read_parameters
from pipeline.serve.describing.openapi import openapi
from pipeline.serve.describing.page import render
from pipeline.serve.desk.answering import describe
from pipeline.serve.telling.answers import CONTENT_TYPES, Answer, to_json
from pipeline.serve.telling.problems import Response
from pipeline.settings import from_env


@dataclass(frozen=True)
class Settings:
    """How long an answer may be kept."""

    cache_ttl_seconds: int


settings = from_env(Settings)


@telemetry.observed
def handler(event: dict[str, Any], _context: Any) -> Response:
    """Answer with a document or a problem; nothing is asked."""
    return describe(event, lambda: read_document(event), settings.cache_ttl_seconds)


def read_document(event: Mapping[str, Any]) -> Answer:
    """Write the document of an API Gateway event; raises MalformedQuestion for any parameter."""
    path = event["resource"]
    read_parameters(event, query_names(path))
    return DOCUMENTS[path](datetime.now(UTC))


def write_page(as_of: datetime) -> Answer:
    """Write the dashboard, with the policies that hold it to what it carries."""
    page = render()
    headers = {
        "Content-Security-Policy": page.policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return Answer(page.html, "text/html; charset=utf-8", as_of, headers=headers)


def write_description(as_of: datetime) -> Answer:
    """Write the OpenAPI document."""
    return Answer(_description(), CONTENT_TYPES["json"], as_of)


@cache
def _description() -> str:
    return to_json(openapi(load_catalogue()))


DOCUMENTS: Mapping[str, Callable[[datetime], Answer]] = {
    "/": write_page,
    "/openapi.json": write_description,
}
